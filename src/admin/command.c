#include "admin/command.h"

#include "admin/explain.h"
#include "admin/switchover.h"
#include "admin/token.h"

#include <ctype.h>
#include <stdio.h>

bool command_cut(struct sv *text, struct sv *command)
{
        struct sv rest = *text;
        struct token token;

        if (text->n == 0)
                return false;
        token = take_token(&rest);
        if (token_is(token, "explain")) {
                *command = *text;
                *text = rest_after(*text, text->n);
                return true;
        }
        rest = *text;
        do {
                token = take_token(&rest);
        } while (token.kind != TOKEN_END && !(token.kind == TOKEN_SIGN && token.text.p[0] == ';'));
        *command = sv_from(text->p, text->n - rest.n);
        *text = rest;
        return true;
}

/* ---- refusals ---- */

static bool refuse_syntax(struct sv text, struct refusal *r)
{
        refusal_set(r, "ERROR", "08P01", "invalid command '%.*s', use SHOW HELP;",
                    text.n > 200 ? 200 : (int)text.n, text.p);
        utf8_clean(r->text);
        return false;
}

static bool refuse_arguments(struct refusal *r)
{
        refusal_set(r, "ERROR", "08P01", "bad arguments");
        r->hint = "A name has at most 63 bytes, a value 255; quotes must be closed.";
        return false;
}

/* ---- the parts of a command ---- */

struct parse {
        struct sv whole; /* for messages */
        struct sv rest;
        struct command *out;
        struct refusal *refusal;
};

static struct token peek_token(const struct parse *p)
{
        struct sv rest = p->rest;

        return take_token(&rest);
}

static bool is_closed(struct token token)
{
        return token.text.n >= 2 && token.text.p[token.text.n - 1] == token.text.p[0];
}

static bool skip_word(struct parse *p, const char *word)
{
        if (!token_is(peek_token(p), word))
                return false;
        take_token(&p->rest);
        return true;
}

static bool at_end(const struct parse *p)
{
        struct token token = peek_token(p);

        return token.kind == TOKEN_END || (token.kind == TOKEN_SIGN && token.text.p[0] == ';');
}

static bool expect_end(struct parse *p)
{
        return at_end(p) || refuse_syntax(p->whole, p->refusal);
}

/* Nothing, or one name and nothing behind it. */
static bool parse_name(struct parse *p)
{
        struct token token;

        if (at_end(p))
                return true;
        token = take_token(&p->rest);
        if (token.kind != TOKEN_WORD && (token.kind != TOKEN_QUOTED || !is_closed(token)))
                return refuse_syntax(p->whole, p->refusal);
        /* An empty name would mean every database. */
        if (!token_copy(token, p->out->name, sizeof(p->out->name)) || p->out->name[0] == 0)
                return refuse_arguments(p->refusal);
        return expect_end(p);
}

/* A node: "host:port" as SHOW NODES names it, bare or in quotes. */
static bool parse_node(struct parse *p)
{
        struct sv rest = sv_trim(p->rest);

        while (rest.n > 0 && rest.p[rest.n - 1] == ';')
                rest = sv_trim(sv_from(rest.p, rest.n - 1));
        if (rest.n > 1 && (*rest.p == '"' || *rest.p == '\'') && rest.p[rest.n - 1] == *rest.p)
                rest = sv_from(rest.p + 1, rest.n - 2);
        if (rest.n == 0)
                return refuse_syntax(p->whole, p->refusal);
        if (rest.n >= sizeof(p->out->value))
                return refuse_arguments(p->refusal);
        memcpy(p->out->value, rest.p, rest.n);
        p->out->value[rest.n] = '\0';
        return true;
}

/* The word FORCE at the end, if it is there. */
static bool take_force(struct parse *p)
{
        struct sv rest = sv_trim(p->rest);

        while (rest.n > 0 && rest.p[rest.n - 1] == ';')
                rest = sv_trim(sv_from(rest.p, rest.n - 1));
        if (rest.n < 6 || !isspace((unsigned char)rest.p[rest.n - 6]) ||
            !sv_ieq(rest_after(rest, rest.n - 5), SV("force")))
                return false;
        p->rest = sv_from(rest.p, rest.n - 6);
        return true;
}

/* database TO node [FORCE] */
static bool parse_switchover(struct parse *p)
{
        struct token name = take_token(&p->rest);

        if ((name.kind != TOKEN_WORD && name.kind != TOKEN_QUOTED) || !skip_word(p, "to"))
                return refuse_syntax(p->whole, p->refusal);
        if (!token_copy(name, p->out->name, sizeof(p->out->name)) || p->out->name[0] == 0)
                return refuse_arguments(p->refusal);
        p->out->force = take_force(p);
        return parse_node(p);
}

static bool parse_no_name(struct parse *p)
{
        return expect_end(p);
}

/* The driver's words behind it are of no interest. */
static bool parse_anything(struct parse *p)
{
        (void)p;
        return true;
}

static bool parse_shutdown(struct parse *p)
{
        if (!parse_name(p))
                return false;
        if (p->out->name[0] == 0 || strcasecmp(p->out->name, "WAIT_FOR_SERVERS") == 0 ||
            strcasecmp(p->out->name, "WAIT_FOR_CLIENTS") == 0)
                return true;
        return refuse_syntax(p->whole, p->refusal);
}

/* SHOW a b: the table or parameter a_b. */
static bool parse_show_words(struct parse *p)
{
        char name[COMMAND_NAME_SIZE];
        struct sv found;
        size_t n = 0;

        while (!at_end(p)) {
                struct token token = take_token(&p->rest);
                char word[COMMAND_NAME_SIZE];

                if (token.kind != TOKEN_WORD && token.kind != TOKEN_QUOTED)
                        return refuse_syntax(p->whole, p->refusal);
                if (!token_copy(token, word, sizeof(word)) || n + strlen(word) + 2 > sizeof(name))
                        return refuse_arguments(p->refusal);
                n += (size_t)snprintf(name + n, sizeof(name) - n, "%s%s", n > 0 ? "_" : "", word);
        }
        found = sv_from(name, n);
        p->out->tag = "SHOW";
        if (sv_ieq(found, SV("help"))) {
                p->out->verb = VERB_HELP;
                return true;
        }
        p->out->show = show_find(found);
        p->out->verb = p->out->show == &show_fds ? VERB_FDS : VERB_SHOW;
        if (p->out->show != NULL)
                return true;
        p->out->verb = VERB_PARAM;
        p->out->fake = fake_param_find(found);
        return p->out->fake != NULL || refuse_syntax(p->whole, p->refusal);
}

/* A number of up to nine digits; -1: it is none. */
static int64_t small_number(struct sv word)
{
        int64_t number = 0;

        for (size_t i = 0; i < word.n; i++) {
                if (i == 9 || !isdigit((unsigned char)word.p[i]))
                        return -1;
                number = number * 10 + (word.p[i] - '0');
        }
        return word.n == 0 ? -1 : number;
}

/* SELECT of what drivers ask: a number, or a function without arguments. */
static bool parse_driver_select(struct parse *p, struct sv word)
{
        struct sv name = word;

        p->out->tag = "SELECT 1";
        p->out->number = small_number(word);
        if (p->out->number >= 0) {
                p->out->verb = VERB_NUMBER;
                return at_end(p);
        }
        if (name.n > 11 && sv_ieq(sv_from(name.p, 11), SV("pg_catalog.")))
                name = rest_after(name, 11);
        p->out->verb = VERB_PARAM;
        p->out->fake = fake_function_find(name);
        return p->out->fake != NULL && take_token(&p->rest).text.p[0] == '(' &&
               take_token(&p->rest).text.p[0] == ')' && at_end(p);
}

/* More than a name: a list, an expression, AS or FROM. */
static bool is_sql(struct parse p)
{
        while (!at_end(&p)) {
                struct token token = take_token(&p.rest);

                if ((token.kind != TOKEN_WORD && token.kind != TOKEN_QUOTED) || token_is(token, "from") ||
                    token_is(token, "as"))
                        return true;
        }
        return false;
}

/* SQLite's business. */
static bool parse_sql(struct parse *p)
{
        p->out->verb = VERB_SQL;
        p->out->tag = "SELECT";
        p->out->sql = p->whole;
        if (p->whole.n > 0 && p->whole.p[p->whole.n - 1] == ';')
                p->out->sql.n--;
        return true;
}

/* SELECT is another word for SHOW, when a name of a table is all that follows. */
static bool parse_select(struct parse *p)
{
        struct parse driver = *p;
        struct token token = take_token(&driver.rest);

        if (token.kind == TOKEN_WORD && parse_driver_select(&driver, token.text))
                return true;
        return is_sql(*p) ? parse_sql(p) : parse_show_words(p);
}

static bool parse_set(struct parse *p)
{
        struct token key, sign, value;

        if (!skip_word(p, "session"))
                skip_word(p, "local");
        key = take_token(&p->rest);
        if (token_is(key, "characteristics") || fake_set_accepts(key.text)) {
                p->out->verb = VERB_SET_IGNORED;
                return true;
        }
        sign = take_token(&p->rest);
        value = take_token(&p->rest);
        if ((key.kind != TOKEN_WORD && key.kind != TOKEN_QUOTED) ||
            !(token_is(sign, "to") || (sign.kind == TOKEN_SIGN && sign.text.p[0] == '=')) ||
            value.kind == TOKEN_END || value.kind == TOKEN_SIGN)
                return refuse_syntax(p->whole, p->refusal);
        if (!token_copy(key, p->out->name, sizeof(p->out->name)) || p->out->name[0] == 0 ||
            !token_copy(value, p->out->value, sizeof(p->out->value)))
                return refuse_arguments(p->refusal);
        return expect_end(p);
}

/* ROLLBACK TO a savepoint ends nothing. */
static bool parse_rollback(struct parse *p)
{
        if (!skip_word(p, "work"))
                skip_word(p, "transaction");
        if (skip_word(p, "to"))
                p->out->verb = VERB_IGNORED;
        return true;
}

static bool is_sign(struct token token, char sign)
{
        return token.kind == TOKEN_SIGN && token.text.p[0] == sign;
}

/* (name value, ...), as EXPLAIN of SQL has it. */
static bool skip_options(struct parse *p)
{
        const char *from = p->rest.p;
        struct token name, value, sign;

        do {
                name = take_token(&p->rest);
                value = take_token(&p->rest);
                sign = take_token(&p->rest);
                if ((name.kind != TOKEN_WORD && name.kind != TOKEN_QUOTED) || value.kind == TOKEN_END ||
                    value.kind == TOKEN_SIGN)
                        return false;
        } while (is_sign(sign, ','));
        p->out->options = sv_from(from, (size_t)(sign.text.p - from));
        return is_sign(sign, ')');
}

/* EXPLAIN ROUTE [(options)] FOR name: text */
static bool parse_explain(struct parse *p)
{
        struct token name, colon;
        struct sv text, ahead;

        if (!skip_word(p, "route"))
                return refuse_syntax(p->whole, p->refusal);
        ahead = p->rest;
        if (is_sign(take_token(&ahead), '(')) {
                p->rest = ahead;
                if (!skip_options(p))
                        return refuse_syntax(p->whole, p->refusal);
        }
        if (!skip_word(p, "for"))
                return refuse_syntax(p->whole, p->refusal);
        name = take_token(&p->rest);
        colon = take_token(&p->rest);
        text = sv_trim(p->rest);
        if ((name.kind != TOKEN_WORD && name.kind != TOKEN_QUOTED) || !is_sign(colon, ':'))
                return refuse_syntax(p->whole, p->refusal);
        if (!token_copy(name, p->out->name, sizeof(p->out->name)) || p->out->name[0] == 0)
                return refuse_arguments(p->refusal);
        p->out->sql = text;
        return true;
}

/* DEALLOCATE [PREPARE] name | ALL. */
static bool parse_deallocate(struct parse *p)
{
        skip_word(p, "prepare");
        if (skip_word(p, "all")) {
                p->out->tag = "DEALLOCATE ALL";
                return expect_end(p);
        }
        if (at_end(p))
                return refuse_syntax(p->whole, p->refusal);
        return parse_name(p);
}

static const struct {
        const char *word;
        enum verb verb;
        const char *tag;
        bool (*parse)(struct parse *p);
} words[] = {
    {"show", VERB_SHOW, "SHOW", parse_show_words},
    {"select", VERB_SHOW, "SHOW", parse_select},
    {"with", VERB_SQL, "SELECT", parse_sql},
    {"values", VERB_SQL, "SELECT", parse_sql},
    {"explain", VERB_EXPLAIN, "EXPLAIN", parse_explain},
    {"set", VERB_SET, "SET", parse_set},
    {"reload", VERB_RELOAD, "RELOAD", parse_no_name},
    {"pause", VERB_PAUSE, "PAUSE", parse_name},
    {"resume", VERB_RESUME, "RESUME", parse_name},
    {"reconnect", VERB_RECONNECT, "RECONNECT", parse_name},
    {"kill", VERB_KILL, "KILL", parse_name},
    {"wait_close", VERB_WAIT_CLOSE, "WAIT_CLOSE", parse_name},
    {"forget", VERB_FORGET, "FORGET", parse_name},
    {"shutdown", VERB_SHUTDOWN, "SHUTDOWN", parse_shutdown},
    {"suspend", VERB_SUSPEND, "SUSPEND", parse_no_name},
    {"takeover", VERB_TAKEOVER, "TAKEOVER", parse_no_name},
    {"enable", VERB_ENABLE, "ENABLE", parse_name},
    {"disable", VERB_DISABLE, "DISABLE", parse_name},
    {"kill_client", VERB_KILL_CLIENT, "KILL_CLIENT", parse_name},
    {"fence", VERB_FENCE, "FENCE", parse_node},
    {"unfence", VERB_UNFENCE, "UNFENCE", parse_node},
    {"drain", VERB_DRAIN, "DRAIN", parse_node},
    {"undrain", VERB_UNDRAIN, "UNDRAIN", parse_node},
    {"switchover", VERB_SWITCHOVER, "SWITCHOVER", parse_switchover},
    /* drivers */
    {"begin", VERB_BEGIN, "BEGIN", parse_anything},
    {"start", VERB_BEGIN, "START TRANSACTION", parse_anything},
    {"commit", VERB_END, "COMMIT", parse_anything},
    {"end", VERB_END, "COMMIT", parse_anything},
    {"rollback", VERB_END, "ROLLBACK", parse_rollback},
    {"abort", VERB_END, "ROLLBACK", parse_anything},
    {"savepoint", VERB_IGNORED, "SAVEPOINT", parse_anything},
    {"release", VERB_IGNORED, "RELEASE", parse_anything},
    {"deallocate", VERB_DEALLOCATE, "DEALLOCATE", parse_deallocate},
    {"discard", VERB_IGNORED, "DISCARD ALL", parse_anything},
    {"reset", VERB_IGNORED, "RESET", parse_anything},
    {"unlisten", VERB_IGNORED, "UNLISTEN", parse_anything},
    {"close", VERB_IGNORED, "CLOSE CURSOR ALL", parse_anything},
};

bool command_parse(struct sv text, struct command *out, struct refusal *refusal)
{
        struct parse p = {text, text, out, refusal};
        struct token first = peek_token(&p), word = first;

        *out = (struct command){.verb = VERB_NOTHING, .tag = ""};
        if (at_end(&p))
                return true;
        take_token(&p.rest);
        if (first.kind == TOKEN_QUOTED && is_closed(first)) /* a command's word may be quoted, too */
                word = (struct token){TOKEN_WORD, sv_from(first.text.p + 1, first.text.n - 2)};
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                if (!token_is(word, words[i].word))
                        continue;
                out->verb = words[i].verb;
                out->tag = words[i].tag;
                return words[i].parse(&p);
        }
        if (word.kind == TOKEN_WORD && first.text.n > COMMAND_WORD_MAX && parse_name(&p))
                return refuse_arguments(refusal);
        return refuse_syntax(text, refusal);
}

const struct column *command_columns(const struct command *command, struct column *one, int *count)
{
        *count = 1;
        if (command->verb == VERB_SHOW || command->verb == VERB_FDS) {
                *count = command->show->column_count;
                return command->show->columns;
        }
        if (command->verb == VERB_EXPLAIN)
                return explain_columns(count);
        if (command->verb == VERB_SWITCHOVER)
                return switchover_columns(count);
        if (command->verb == VERB_PARAM) {
                *one = (struct column){command->fake->name, CELL_TEXT};
                return one;
        }
        if (command->verb == VERB_NUMBER) {
                *one = (struct column){"?column?", CELL_INT4};
                return one;
        }
        *count = 0;
        return NULL;
}

bool command_needs_admin(const struct command *command)
{
        switch (command->verb) {
        case VERB_SET:
        case VERB_RELOAD:
        case VERB_PAUSE:
        case VERB_RESUME:
        case VERB_RECONNECT:
        case VERB_KILL:
        case VERB_DISABLE:
        case VERB_ENABLE:
        case VERB_WAIT_CLOSE:
        case VERB_FORGET:
        case VERB_SUSPEND:
        case VERB_FDS:
        case VERB_TAKEOVER:
        case VERB_KILL_CLIENT:
        case VERB_FENCE:
        case VERB_UNFENCE:
        case VERB_DRAIN:
        case VERB_UNDRAIN:
        case VERB_SWITCHOVER:
        case VERB_SHUTDOWN: return true;
        case VERB_NOTHING:
        case VERB_HELP:
        case VERB_SHOW:
        case VERB_EXPLAIN:
        case VERB_PARAM:
        case VERB_NUMBER:
        case VERB_SQL:
        case VERB_SET_IGNORED:
        case VERB_BEGIN:
        case VERB_END:
        case VERB_DEALLOCATE:
        case VERB_IGNORED: return false;
        }
        return false;
}

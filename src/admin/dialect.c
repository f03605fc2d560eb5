#include "admin/dialect.h"

#include "base/check.h"
#include "base/memory.h"
#include "router/scan.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 64 }; /* of parentheses whose beginning is remembered */

struct dialect {
        struct scan scan;
        struct scan_token token, before;
        struct buf *out;
        size_t limit;
        bool failed;
        /* Where in `out` the operand of a "::" that comes next begins; it is valid behind operands only. */
        size_t operand;
        size_t open[DEPTH_MAX];
        int depth;
        bool listing; /* between SELECT and FROM, in no parentheses */
        int item;     /* tokens of what is listed there, so far */
};

static const char *const schemas[] = {"pg_catalog", "pgbouncer", "pgsteer", "public"};

static const struct {
        const char *postgres, *sqlite;
} words[] = {
    {"ilike", "GLOB"}, /* GLOB and MATCH are functions of ours, see sql.c */
    {"string_agg", "group_concat"},
    {"greatest", "max"},
    {"least", "min"},
    {"bool_and", "min"},
    {"bool_or", "max"},
    {"current_user", "current_user()"},
    {"session_user", "current_user()"},
};

static const struct {
        const char *postgres, *sqlite;
} operators[] = {{"~", "REGEXP"}, {"!~", "NOT REGEXP"}, {"~*", "MATCH"}, {"!~*", "NOT MATCH"},
                 {"~~", "LIKE"},  {"!~~", "NOT LIKE"},  {"~~*", "GLOB"}, {"!~~*", "NOT GLOB"}};

/* What a value is cast to, by what the type's name begins with; others keep the value as it is. */
static const struct {
        const char *begin, *sqlite;
} types[] = {{"int", "INTEGER"}, {"bigint", "INTEGER"}, {"smallint", "INTEGER"}, {"float", "REAL"},
             {"real", "REAL"},   {"double", "REAL"},    {"numeric", "REAL"},     {"decimal", "REAL"},
             {"text", "TEXT"},   {"varchar", "TEXT"},   {"char", "TEXT"},        {"name", "TEXT"}};

static void put(struct dialect *d, const char *p, size_t n)
{
        d->failed = d->failed || buf_append(d->out, p, n, d->limit) != STATUS_OK ||
                    buf_append(d->out, " ", 1, d->limit) != STATUS_OK;
}

static void put_text(struct dialect *d, const char *text)
{
        put(d, text, strlen(text));
}

static void next(struct dialect *d)
{
        d->before = d->token;
        scan_next(&d->scan, &d->token);
        d->failed = d->failed || d->token.kind == SCAN_ERROR;
}

static struct scan_token peek(const struct dialect *d)
{
        struct scan ahead = d->scan;
        struct scan_token token;

        scan_next(&ahead, &token);
        return token;
}

static bool is_name(const struct scan_token *token)
{
        return token->kind == SCAN_WORD || token->kind == SCAN_QUOTED;
}

static bool is_word(const struct scan_token *token, const char *word)
{
        return token->kind == SCAN_WORD && sv_ieq(token->text, sv_cstr(word));
}

static bool ends(const struct dialect *d)
{
        return d->failed || d->token.kind == SCAN_END;
}

/* ---- casts ---- */

/* Puts `text` in front of the operand that was put last. */
static void wrap_operand(struct dialect *d, const char *text)
{
        size_t n = buf_len(d->out) - d->operand;
        char *operand = memcpy(xmalloc(n + 1), buf_data(d->out) + d->operand, n);

        buf_cut(d->out, d->operand);
        put_text(d, text);
        put(d, operand, n);
        free(operand);
}

/* double precision, character varying, timestamp with time zone */
static void skip_type_words(struct dialect *d)
{
        while (is_word(&d->token, "precision") || is_word(&d->token, "varying") ||
               is_word(&d->token, "with") || is_word(&d->token, "without") || is_word(&d->token, "time") ||
               is_word(&d->token, "zone"))
                next(d);
}

/* Goes behind a type: [schema.] name [more words] [(numbers)] [[]]. Returns what SQLite casts to, or NULL. */
static const char *take_type(struct dialect *d)
{
        struct scan_token after = peek(d);
        const char *found = NULL;

        if (after.kind == SCAN_DOT) {
                next(d);
                next(d);
        }
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
                size_t n = strlen(types[i].begin);

                if (found == NULL && d->token.text.n >= n && !sv_ieq(d->token.text, SV("interval")) &&
                    sv_ieq(sv_from(d->token.text.p, n), sv_cstr(types[i].begin)))
                        found = types[i].sqlite;
        }
        next(d);
        skip_type_words(d);
        if (d->token.kind == SCAN_OPEN) {
                while (!ends(d) && d->token.kind != SCAN_CLOSE)
                        next(d);
                next(d);
                skip_type_words(d);
        }
        while (d->token.kind == SCAN_OPEN_SQUARE || d->token.kind == SCAN_CLOSE_SQUARE)
                next(d);
        return found;
}

/* operand::type */
static void cast(struct dialect *d)
{
        const char *type;

        next(d);
        if (!is_name(&d->token)) {
                d->failed = true;
                return;
        }
        type = take_type(d);
        if (type == NULL || d->operand > buf_len(d->out))
                return;
        wrap_operand(d, "CAST (");
        put_text(d, "AS");
        put_text(d, type);
        put_text(d, ")");
}

/* ---- names and operators ---- */

/* A schema of ours with its dot. */
static bool skip_schema(struct dialect *d)
{
        struct sv name = d->token.text;

        if (!is_name(&d->token) || peek(d).kind != SCAN_DOT)
                return false;
        if (d->token.kind == SCAN_QUOTED)
                name = sv_from(name.p + 1, name.n - 2);
        for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
                if (!sv_ieq(name, sv_cstr(schemas[i])))
                        continue;
                next(d);
                next(d);
                return true;
        }
        return false;
}

/* information_schema.tables: SQLite has no schemas that we could make. */
static bool take_information_schema(struct dialect *d)
{
        char name[96];

        if (!is_word(&d->token, "information_schema") || peek(d).kind != SCAN_DOT)
                return false;
        next(d);
        next(d);
        if (!is_name(&d->token)) {
                d->failed = true;
                return true;
        }
        snprintf(name, sizeof(name), "information_schema_%.*s",
                 (int)(d->token.text.n < 64 ? d->token.text.n : 64), d->token.text.p);
        put_text(d, name);
        next(d);
        return true;
}

static void put_operator(struct dialect *d)
{
        for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
                if (sv_is(d->token.text, operators[i].postgres)) {
                        put_text(d, operators[i].sqlite);
                        return;
                }
        put(d, d->token.text.p, d->token.text.n);
}

/* OPERATOR(schema.=) */
static void take_operator(struct dialect *d)
{
        next(d);
        next(d);
        while (is_name(&d->token) || d->token.kind == SCAN_DOT)
                next(d);
        if (d->token.kind != SCAN_OPERATOR) {
                d->failed = true;
                return;
        }
        put_operator(d);
        next(d);
        d->failed = d->failed || d->token.kind != SCAN_CLOSE;
        next(d);
}

/* COLLATE name: SQLite has none of those, and bytes are compared anyway. */
static void skip_collation(struct dialect *d)
{
        next(d);
        (void)skip_schema(d);
        next(d);
}

static void put_name(struct dialect *d)
{
        if (d->before.kind != SCAN_DOT)
                d->operand = buf_len(d->out);
        if (d->token.kind == SCAN_WORD && d->before.kind != SCAN_DOT)
                for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                        if (sv_ieq(d->token.text, sv_cstr(words[i].postgres))) {
                                put_text(d, words[i].sqlite);
                                return;
                        }
        put(d, d->token.text.p, d->token.text.n);
}

static void put_string(struct dialect *d)
{
        struct sv text = d->token.text;

        d->operand = buf_len(d->out);
        /* E'...' without a backslash is '...'; $$...$$ and the rest are for people who write functions */
        if (text.n > 1 && (text.p[0] == 'E' || text.p[0] == 'e') && memchr(text.p, '\\', text.n) == NULL)
                text = sv_from(text.p + 1, text.n - 1);
        put(d, text.p, text.n);
}

/* operand[number] */
static bool take_subscript(struct dialect *d)
{
        if (d->token.kind != SCAN_OPEN_SQUARE || d->operand > buf_len(d->out))
                return false;
        wrap_operand(d, "subscript (");
        next(d);
        put_text(d, ",");
        if (d->token.kind != SCAN_NUMBER)
                d->failed = true;
        put(d, d->token.text.p, d->token.text.n);
        next(d);
        d->failed = d->failed || d->token.kind != SCAN_CLOSE_SQUARE;
        put_text(d, ")");
        next(d);
        return true;
}

static void put_round(struct dialect *d)
{
        bool call = d->before.kind == SCAN_QUOTED ||
                    (d->before.kind == SCAN_WORD && d->before.category != CATEGORY_RESERVED);

        if (d->token.kind == SCAN_OPEN) {
                if (d->depth < DEPTH_MAX)
                        d->open[d->depth] = call ? d->operand : buf_len(d->out);
                d->depth++;
        } else if (d->depth > 0) {
                d->depth--;
                d->operand = d->depth < DEPTH_MAX ? d->open[d->depth] : SIZE_MAX;
        }
        put(d, d->token.text.p, d->token.text.n);
}

/* EXTRACT(epoch FROM x) */
static bool take_extract(struct dialect *d)
{
        char field[32];

        if (!is_word(&d->token, "extract") || peek(d).kind != SCAN_OPEN)
                return false;
        d->operand = buf_len(d->out);
        put_text(d, "date_part");
        next(d);
        put_round(d);
        next(d);
        snprintf(field, sizeof(field), "'%.*s'", d->token.text.n < 20 ? (int)d->token.text.n : 20,
                 d->token.text.p);
        d->failed = d->failed || d->token.kind != SCAN_WORD;
        put_text(d, field);
        next(d);
        d->failed = d->failed || !is_word(&d->token, "from");
        put_text(d, ",");
        next(d);
        return true;
}

/* How Grafana asks which schemas are in the search path: IN (SELECT CASE WHEN trim(s[i]) = '"$user"' ...). It
 * is said in PostgreSQL's arrays, and the answer is always the same. */
static bool take_search_path(struct dialect *d)
{
        static const char *const question[] = {"in",   "(", "select", "case", "when",
                                               "trim", "(", "s",      "[",    "i"};
        struct scan ahead = d->scan;
        struct scan_token token = d->token;
        int depth = 1;

        for (size_t i = 0; i < sizeof(question) / sizeof(question[0]); i++) {
                if (!sv_ieq(token.text, sv_cstr(question[i])))
                        return false;
                scan_next(&ahead, &token);
        }
        next(d);
        while (depth > 0 && !ends(d)) {
                next(d);
                depth += d->token.kind == SCAN_OPEN;
                depth -= d->token.kind == SCAN_CLOSE;
        }
        put_text(d, "IN ( 'pgbouncer' )");
        next(d);
        return true;
}

static void note_item(struct dialect *d)
{
        if (d->depth > 0)
                return;
        if (is_word(&d->token, "select"))
                d->listing = true;
        else if (is_word(&d->token, "from"))
                d->listing = false;
        d->item = is_word(&d->token, "select") || d->token.kind == SCAN_COMMA ? 0 : d->item + 1;
}

/* `a.b` is a column called b, and ORDER BY b means that one, whatever else has such a name. */
static void name_item(struct dialect *d)
{
        struct scan_token after = peek(d);

        if (d->listing && d->depth == 0 && d->item == 3 && is_name(&d->token) && d->before.kind == SCAN_DOT &&
            (after.kind == SCAN_COMMA || is_word(&after, "from"))) {
                put_text(d, "AS");
                put(d, d->token.text.p, d->token.text.n);
        }
}

bool dialect_to_sqlite(struct sv text, struct buf *out, size_t limit)
{
        struct dialect d = {.out = out, .limit = limit, .operand = SIZE_MAX};

        scan_init(&d.scan, text, 0);
        next(&d);
        while (!ends(&d)) {
                if (skip_schema(&d) || take_information_schema(&d) || take_extract(&d) ||
                    take_subscript(&d) || take_search_path(&d))
                        continue;
                if (d.token.kind == SCAN_CAST) {
                        cast(&d);
                        continue;
                }
                if (is_word(&d.token, "operator") && peek(&d).kind == SCAN_OPEN) {
                        take_operator(&d);
                        continue;
                }
                if (is_word(&d.token, "collate")) {
                        skip_collation(&d);
                        continue;
                }
                note_item(&d);
                if (is_name(&d.token)) {
                        put_name(&d);
                        name_item(&d);
                } else if (d.token.kind == SCAN_STRING) {
                        put_string(&d);
                } else if (d.token.kind == SCAN_OPEN || d.token.kind == SCAN_CLOSE) {
                        put_round(&d);
                } else if (d.token.kind == SCAN_OPERATOR) {
                        put_operator(&d);
                } else {
                        if (d.token.kind == SCAN_NUMBER || d.token.kind == SCAN_PARAM)
                                d.operand = buf_len(d.out);
                        put(&d, d.token.text.p, d.token.text.n);
                }
                next(&d);
        }
        return !d.failed;
}

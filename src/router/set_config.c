/* set_config: SELECT set_config('name', 'value', false), which does what SET does, with parameters or
 * without. */
#include "router/statement.h"

/* A plain string that holds a name which needs no quotes: letters, digits, '_' and '.'. */
static bool is_plain_name(const struct scan_token *token)
{
        if (token->kind != SCAN_STRING || *token->text.p != '\'' || token->text.n <= 2)
                return false;
        for (size_t i = 1; i + 1 < token->text.n; i++) {
                char c = token->text.p[i], small = (char)(c | 0x20);

                if (!(small >= 'a' && small <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '.')
                        return false;
        }
        return true;
}

/* NULL is what RESET does. */
static bool is_plain_value(const struct scan_token *token)
{
        if (token->kind == SCAN_WORD && token->keyword == KW_NULL)
                return true;
        return token->kind == SCAN_STRING && (*token->text.p == '\'' || (*token->text.p | 0x20) == 'e');
}

static bool accept_kind(struct statement *st, enum scan_kind kind)
{
        if (st->token.kind != kind)
                return false;
        statement_advance(st);
        return true;
}

static bool accept_name(struct statement *st, const char *name)
{
        if (st->token.kind != SCAN_WORD || !sv_ieq(st->token.text, sv_cstr(name)))
                return false;
        statement_advance(st);
        return true;
}

/* $1, or $1::type. */
static bool accept_parameter(struct statement *st)
{
        if (!accept_kind(st, SCAN_PARAM))
                return false;
        return !accept_kind(st, SCAN_CAST) || accept_kind(st, SCAN_WORD);
}

static bool accept_argument(struct statement *st, int number, struct sv *text)
{
        const struct scan_token *token = &st->token;
        bool plain = number == 0   ? is_plain_name(token)
                     : number == 1 ? is_plain_value(token)
                                   : token->keyword == KW_TRUE || token->keyword == KW_FALSE;

        *text = token->text;
        if (!plain)
                return accept_parameter(st);
        statement_advance(st);
        return true;
}

/* SELECT set_config(a, b, c) [AS x], and nothing else. `st` begins at the SELECT. */
static bool read_arguments(struct statement *st, struct sv arguments[3])
{
        if (!statement_accept(st, KW_SELECT))
                return false;
        if (accept_name(st, "pg_catalog") && !accept_kind(st, SCAN_DOT))
                return false;
        if (!accept_name(st, "set_config") || !accept_kind(st, SCAN_OPEN))
                return false;
        for (int i = 0; i < 3; i++)
                if (!accept_argument(st, i, &arguments[i]) ||
                    !accept_kind(st, i < 2 ? SCAN_COMMA : SCAN_CLOSE))
                        return false;
        if (statement_accept(st, KW_AS) && !accept_kind(st, SCAN_WORD) && !accept_kind(st, SCAN_QUOTED))
                return false;
        return statement_ended(st) && st->token.kind != SCAN_ERROR;
}

static bool is_parameter(struct sv argument)
{
        return *argument.p == '$';
}

bool classify_set_config(struct sv text, unsigned options, struct sv arguments[3])
{
        struct statement st = {0};

        scan_init(&st.scan, text, options);
        statement_advance(&st);
        return read_arguments(&st, arguments);
}

bool statement_read_set_config(struct statement *st)
{
        struct facts *facts = st->facts;
        struct sv arguments[3];
        bool local;

        if (!read_arguments(st, arguments))
                return false;
        local = (*arguments[2].p | 0x20) == 't';
        if (is_parameter(arguments[0]) || is_parameter(arguments[2]) ||
            (is_parameter(arguments[1]) && !local)) {
                facts->setting = SETTING_BOUND;
                return true;
        }
        facts->setting_name = sv_from(arguments[0].p + 1, arguments[0].n - 2);
        facts->setting_value = arguments[1];
        facts->setting_by_call = true;
        if (statement_read_mode_setting(facts, arguments[0], arguments[1])) {
                facts->setting = SETTING_NONE;
                facts->tx = TX_SET_MODE;
        } else if (local) {
                facts->setting = SETTING_SET_LOCAL;
        } else {
                facts->setting = (*arguments[1].p | 0x20) == 'n' ? SETTING_RESET : SETTING_SET;
        }
        return true;
}

bool statement_sets_locally(const struct statement *st)
{
        struct scan ahead = st->scan;
        struct scan_token token, last = {.kind = SCAN_END};
        unsigned depth = 1, commas = 0, length = 0; /* tokens of the argument */

        for (;;) {
                scan_next(&ahead, &token);
                if (token.kind == SCAN_END || token.kind == SCAN_ERROR || token.kind == SCAN_SEMICOLON)
                        return false;
                depth += token.kind == SCAN_OPEN;
                depth -= token.kind == SCAN_CLOSE;
                if (depth == 0)
                        return commas == 2 && length == 1 && last.keyword == KW_TRUE;
                length++;
                if (depth == 1 && token.kind == SCAN_COMMA) {
                        commas++;
                        length = 0;
                }
                last = token;
        }
}

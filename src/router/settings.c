/* SET and RESET: what a statement does to the session's settings, as far as another server can be
 * told the same (manual, "SET"). What cannot be followed pins the session. */
#include "router/statement.h"

static struct sv upto(const char *from, const char *to)
{
        return (struct sv){from, (size_t)(to - from)};
}

static const char *token_end(const struct scan_token *token)
{
        return token->text.p + token->text.n;
}

/* Without the quotes of a plain string or a quoted identifier. */
static struct sv unquoted(struct sv text)
{
        if (text.n >= 2 && (*text.p == '\'' || *text.p == '"') && text.p[text.n - 1] == *text.p)
                return (struct sv){text.p + 1, text.n - 2};
        return text;
}

static void unknown(struct statement *st)
{
        st->facts->setting = SETTING_UNKNOWN;
        st->facts->pins |= PIN_SETTING;
}

void statement_read_update(struct statement *st)
{
        struct statement at = *st;
        char space[KNOWN_NAME_BYTES];
        struct sv name = SV("");

        statement_advance(&at);
        statement_accept(&at, KW_ONLY);
        for (; at.token.kind == SCAN_WORD || at.token.kind == SCAN_QUOTED; statement_advance(&at)) {
                name = at.token.text;
                statement_advance(&at);
                if (at.token.kind != SCAN_DOT)
                        break;
        }
        if (sv_is(known_fold(name, space), "pg_settings"))
                unknown(st);
}

static enum tx_access access_of(struct sv value)
{
        static const char *const yes[] = {"on", "true", "yes", "1", "t", "y"};
        static const char *const no[] = {"off", "false", "no", "0", "f", "n"};

        value = unquoted(value);
        for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
                if (sv_ieq(value, sv_cstr(yes[i])))
                        return ACCESS_READ_ONLY;
                if (sv_ieq(value, sv_cstr(no[i])))
                        return ACCESS_READ_WRITE;
        }
        return ACCESS_UNSAID;
}

static enum tx_isolation isolation_of(struct sv value)
{
        value = unquoted(value);
        if (sv_ieq(value, SV("serializable")))
                return ISOLATION_SERIALIZABLE;
        if (sv_ieq(value, SV("repeatable read")))
                return ISOLATION_REPEATABLE_READ;
        if (sv_ieq(value, SV("read committed")) || sv_ieq(value, SV("read uncommitted")))
                return ISOLATION_READ_COMMITTED;
        return ISOLATION_UNSAID;
}

bool statement_read_mode_setting(struct facts *facts, struct sv name, struct sv value)
{
        bool running;

        name = unquoted(name);
        running = name.n > 12 && strncasecmp(name.p, "transaction_", 12) == 0;
        if (!running && (name.n <= 8 || strncasecmp(name.p, "default_", 8) != 0))
                return false;
        if (!running)
                name = (struct sv){name.p + 8, name.n - 8};
        if (sv_ieq(name, SV("transaction_read_only")))
                facts->access = access_of(value);
        else if (sv_ieq(name, SV("transaction_isolation")))
                facts->isolation = isolation_of(value);
        else if (!sv_ieq(name, SV("transaction_deferrable")))
                return false;
        return running;
}

static void apply(struct statement *st, bool local, struct sv name, struct sv value)
{
        struct facts *facts = st->facts;

        if (statement_read_mode_setting(facts, name, value)) {
                facts->tx = TX_SET_MODE;
                facts->reason = REASON_TRANSACTION_CONTROL;
                return;
        }
        facts->setting_name = name;
        facts->setting_value = value;
        if (local)
                facts->setting = SETTING_SET_LOCAL;
        else if (sv_ieq(value, SV("default")))
                facts->setting = SETTING_RESET;
        else
                facts->setting = SETTING_SET;
}

/* Goes to the statement's end; what stands between `from` and there. */
static struct sv read_value(struct statement *st, const char *from)
{
        const char *to = from;

        for (; !statement_ended(st); statement_advance(st))
                to = token_end(&st->token);
        return sv_trim(upto(from, to));
}

/* A value that needs no "=": from here to the statement's end. */
static struct sv read_bare_value(struct statement *st)
{
        return read_value(st, st->token.text.p);
}

/* A setting's name, with dots in it or not. */
static struct sv read_name(struct statement *st)
{
        const char *from = st->token.text.p, *to = from;

        while (st->token.kind == SCAN_WORD || st->token.kind == SCAN_QUOTED || st->token.kind == SCAN_DOT) {
                bool dot = st->token.kind == SCAN_DOT;

                to = token_end(&st->token);
                statement_advance(st);
                if (!dot && st->token.kind != SCAN_DOT)
                        break;
        }
        return upto(from, to);
}

/* Whether the word is a setting's name here, and not a word of the grammar: "=", TO or "." follows. */
static bool is_name(const struct statement *st)
{
        struct scan ahead = st->scan;
        struct scan_token next;

        scan_next(&ahead, &next);
        return next.keyword == KW_TO || next.kind == SCAN_DOT ||
               (next.kind == SCAN_OPERATOR && *next.text.p == '=');
}

static void read_assignment(struct statement *st, bool local)
{
        struct sv name = read_name(st), value;
        const char *sign = token_end(&st->token);

        if (st->token.keyword != KW_TO && (st->token.kind != SCAN_OPERATOR || *st->token.text.p != '=')) {
                unknown(st);
                return;
        }
        if (st->token.kind == SCAN_OPERATOR)
                sign = st->token.text.p + 1; /* "=-1": the sign belongs to the value */
        statement_advance(st);
        value = read_value(st, sign);
        if (value.n == 0)
                unknown(st);
        else
                apply(st, local, name, value);
}

static void read_time_zone(struct statement *st, bool local)
{
        bool reset;

        statement_advance(st);
        if (!statement_accept(st, KW_ZONE) || st->token.keyword == KW_INTERVAL) {
                unknown(st); /* INTERVAL '...' has no other way to be said */
                return;
        }
        reset = st->token.keyword == KW_LOCAL || st->token.keyword == KW_DEFAULT;
        apply(st, local, SV("TimeZone"), reset ? SV("DEFAULT") : read_bare_value(st));
}

/* The forms with a word of their own instead of a name. `st->token` is that word. */
static void read_special(struct statement *st, bool local)
{
        struct sv value;

        switch (st->token.keyword) {
        case KW_TRANSACTION:
                statement_advance(st);
                st->facts->tx = TX_SET_MODE;
                st->facts->reason = REASON_TRANSACTION_CONTROL;
                st->facts->exact = !statement_ended(st) && statement_read_modes(st);
                return;
        case KW_CONSTRAINTS: st->facts->reason = REASON_TRANSACTION_CONTROL; return;
        case KW_TIME: read_time_zone(st, local); return;
        case KW_NAMES:
                statement_advance(st);
                value = read_bare_value(st);
                apply(st, local, SV("client_encoding"), value.n > 0 ? value : SV("DEFAULT"));
                return;
        case KW_ROLE:
                statement_advance(st);
                apply(st, local, SV("role"), read_bare_value(st));
                return;
        case KW_SCHEMA:
                statement_advance(st);
                apply(st, local, SV("search_path"), read_bare_value(st));
                return;
        case KW_XML:
                statement_advance(st);
                statement_accept(st, KW_OPTION);
                apply(st, local, SV("xmloption"), read_bare_value(st));
                return;
        }
        read_assignment(st, local);
}

/* Of the modes, this one is not followed. */
static bool says_deferrable(struct statement rest)
{
        for (; !statement_ended(&rest); statement_advance(&rest))
                if (rest.token.keyword == KW_DEFERRABLE)
                        return true;
        return false;
}

void statement_read_set(struct statement *st)
{
        bool local = false;

        st->facts->reason = REASON_SESSION_STATE;
        if (!is_name(st)) {
                if (st->token.keyword == KW_LOCAL) {
                        local = true;
                        statement_advance(st);
                } else {
                        statement_accept(st, KW_SESSION);
                }
        }
        if (is_name(st)) {
                read_assignment(st, local);
        } else if (statement_accept(st, KW_AUTHORIZATION)) {
                apply(st, local, SV("session_authorization"), read_bare_value(st));
        } else if (statement_accept(st, KW_CHARACTERISTICS)) {
                statement_accept(st, KW_AS);
                statement_accept(st, KW_TRANSACTION);
                st->facts->setting = SETTING_CHARACTERISTICS;
                if (says_deferrable(*st))
                        st->facts->pins |= PIN_SETTING;
                statement_read_modes(st);
        } else {
                if (st->token.keyword == KW_SESSION) /* SET LOCAL SESSION AUTHORIZATION */
                        statement_advance(st);
                if (statement_accept(st, KW_AUTHORIZATION))
                        apply(st, local, SV("session_authorization"), read_bare_value(st));
                else
                        read_special(st, local);
        }
}

void statement_read_reset(struct statement *st)
{
        struct facts *facts = st->facts;

        facts->reason = REASON_SESSION_STATE;
        facts->setting = SETTING_RESET;
        if (st->token.keyword == KW_ALL) {
                facts->setting = SETTING_RESET_ALL;
                statement_advance(st);
                return;
        }
        if (statement_accept(st, KW_TIME)) {
                facts->setting_name = SV("TimeZone");
        } else if (statement_accept(st, KW_SESSION)) {
                facts->setting_name = SV("session_authorization");
        } else if (statement_accept(st, KW_TRANSACTION)) {
                facts->setting = SETTING_NONE; /* RESET TRANSACTION ISOLATION LEVEL */
                facts->tx = TX_SET_MODE;
        } else {
                facts->setting_name = read_name(st);
                if (facts->setting_name.n == 0)
                        unknown(st);
        }
}

/* What each kind of statement is, by its first word. */
#include "router/lookup.h"
#include "router/statement.h"

static void read_only(struct statement *st)
{
        st->facts->class = CLASS_READ;
        st->facts->reason = REASON_READ;
}

/* ---- queries ---- */

static void verb_query(struct statement *st)
{
        const char *begin = st->token.text.p;

        read_only(st);
        query_walk(st, QUERY_READS | QUERY_RUNS);
        if (st->facts->setting == SETTING_UNKNOWN || st->facts->setting == SETTING_SET_LOCAL) {
                struct statement again = *st;

                again.scan.p = begin;
                statement_advance(&again);
                if (statement_read_set_config(&again))
                        st->facts->pins &= ~(unsigned)PIN_SETTING;
        }
}

/* Whether an option's value, which is the next token, is false for certain. Nothing may stand behind it: 0x1
 * and 0_1 come as two tokens. */
static bool is_switched_off(const struct statement *st)
{
        struct scan ahead = st->scan;
        struct scan_token next;

        scan_next(&ahead, &next);
        return (st->token.keyword == KW_FALSE || sv_ieq(st->token.text, SV("off")) ||
                sv_ieq(st->token.text, SV("'off'")) || sv_ieq(st->token.text, SV("'false'")) ||
                sv_is(st->token.text, "0")) &&
               (next.kind == SCAN_COMMA || next.kind == SCAN_CLOSE);
}

/* EXPLAIN's options in parentheses. Returns whether ANALYZE is among them, and not switched off. */
static bool read_explain_options(struct statement *st)
{
        bool analyze = false;
        unsigned depth = 0;

        do {
                bool word = st->token.keyword == KW_ANALYZE || st->token.keyword == KW_ANALYSE ||
                            sv_is(st->token.text, "\"analyze\"");

                if (st->token.kind == SCAN_OPEN)
                        depth++;
                else if (st->token.kind == SCAN_CLOSE)
                        depth--;
                statement_advance(st);
                analyze |= word && !is_switched_off(st);
        } while (depth > 0 && !statement_ended(st));
        return analyze;
}

static bool begins_query(const struct scan_token *token)
{
        return token->keyword == KW_SELECT || token->keyword == KW_WITH || token->keyword == KW_VALUES ||
               token->keyword == KW_TABLE || token->kind == SCAN_OPEN;
}

/* What EXPLAIN plans, besides a prepared statement. */
static bool begins_planned(const struct scan_token *token)
{
        switch (token->keyword) {
        case KW_INSERT:
        case KW_UPDATE:
        case KW_DELETE:
        case KW_MERGE:
        case KW_DECLARE:
        case KW_CREATE: /* TABLE ... AS, MATERIALIZED VIEW */
        case KW_REFRESH: return true;
        }
        return begins_query(token);
}

static void verb_explain(struct statement *st)
{
        struct sv word = st->token.text;
        struct scan ahead;
        struct scan_token next;
        bool analyze = false;

        statement_advance(st);
        ahead = st->scan;
        scan_next(&ahead, &next);
        if (st->token.kind == SCAN_OPEN && !begins_query(&next)) {
                analyze = read_explain_options(st);
        } else {
                analyze = st->token.keyword == KW_ANALYZE || st->token.keyword == KW_ANALYSE;
                if (analyze) {
                        word = st->token.text;
                        statement_advance(st);
                }
                statement_accept(st, KW_VERBOSE);
        }
        if (analyze) {
                /* it runs the statement and tells how long this node took */
                statement_write(st, REASON_NODE_STATE, word);
                st->facts->writes = !begins_query(&st->token);
                query_walk(st, begins_query(&st->token) ? QUERY_READS | QUERY_RUNS : QUERY_RUNS);
        } else if (st->token.keyword == KW_EXECUTE) {
                statement_write(st, REASON_SESSION_STATE, word);
        } else if (begins_planned(&st->token)) {
                read_only(st); /* planned, never run: whatever it calls */
                query_walk(st, QUERY_PLANS);
        } else {
                statement_write(st, REASON_UNKNOWN_STATEMENT, word);
        }
}

static void verb_show(struct statement *st)
{
        struct facts *facts = st->facts;
        const char *from, *to;

        read_only(st);
        statement_advance(st);
        from = to = st->token.text.p;
        if (st->token.keyword == KW_TIME) {
                facts->show = SV("TimeZone");
        } else if (st->token.keyword == KW_TRANSACTION) {
                facts->show = SV("transaction_isolation");
        } else if (st->token.keyword == KW_SESSION) {
                facts->show = SV("session_authorization");
        } else {
                for (; !statement_ended(st); statement_advance(st))
                        to = st->token.text.p + st->token.text.n;
                facts->show = (struct sv){from, (size_t)(to - from)};
        }
        if (known_node_setting(facts->show) ||
            (facts->show.n > 2 && *facts->show.p == '"' &&
             known_node_setting(sv_from(facts->show.p + 1, facts->show.n - 2))))
                statement_write(st, REASON_NODE_STATE, facts->show);
}

/* ---- COPY ---- */

/* COPY (query): goes behind its ")"; the query alone goes to *query. */
static void read_copied_query(struct statement *st, struct statement *query)
{
        unsigned depth = 0;

        *query = *st;
        do {
                if (st->token.kind == SCAN_OPEN)
                        depth++;
                else if (st->token.kind == SCAN_CLOSE)
                        depth--;
                if (depth > 0)
                        statement_advance(st);
        } while (depth > 0 && !statement_ended(st));
        if (st->token.kind != SCAN_CLOSE)
                return;
        scan_end_at(&query->scan, st->token.text.p + 1);
        statement_advance(st);
}

/* COPY table (columns): goes to TO or FROM. A table in pg_temp exists on one server only. */
static void read_copied_table(struct statement *st, struct sv *schema, struct sv *name)
{
        char space[KNOWN_NAME_BYTES];
        struct sv in;

        statement_accept(st, KW_BINARY);
        *schema = SV("");
        *name = st->token.text;
        statement_advance(st);
        while (st->token.kind == SCAN_DOT) {
                statement_advance(st);
                *schema = *name;
                *name = st->token.text;
                statement_advance(st);
        }
        in = known_fold(*schema, space);
        if (in.n >= 7 && memcmp(in.p, "pg_temp", 7) == 0) {
                st->facts->pins |= PIN_TEMP;
                statement_write(st, REASON_RELATION, *schema);
        }
        while (!statement_ended(st) && st->token.keyword != KW_TO && st->token.keyword != KW_FROM)
                statement_advance(st);
}

static void check_copied_table(struct statement *st, struct sv schema, struct sv name)
{
        enum known known = lookup_relation(statement_catalog(st), schema, name);

        if (known != KNOWN_READ)
                statement_write(st, known == KNOWN_UNREADABLE ? REASON_UNREADABLE : REASON_RELATION, name);
}

static void verb_copy(struct statement *st)
{
        struct statement query = *st;
        struct sv word = st->token.text, schema, name;
        bool is_query, from;

        read_only(st);
        statement_advance(st);
        is_query = st->token.kind == SCAN_OPEN;
        if (is_query)
                read_copied_query(st, &query);
        else
                read_copied_table(st, &schema, &name);
        from = st->token.keyword == KW_FROM;
        if (!from && st->token.keyword != KW_TO) {
                statement_write(st, REASON_UNKNOWN_STATEMENT, word);
                return;
        }
        statement_advance(st);
        if (from) {
                statement_write(st, REASON_COPY_IN, word);
                st->facts->copy_from_stdin = st->token.keyword == KW_STDIN || st->token.keyword == KW_STDOUT;
        } else if (st->token.keyword != KW_STDIN && st->token.keyword != KW_STDOUT) {
                statement_write(st, REASON_EFFECT,
                                st->token.text); /* a file or program of the server's host */
        }
        if (is_query)
                query_walk(&query, QUERY_READS | QUERY_RUNS);
        else if (!from)
                check_copied_table(st, schema, name);
}

/* ---- session state ---- */

static void verb_set(struct statement *st)
{
        statement_write(st, REASON_SESSION_STATE, st->token.text);
        statement_advance(st);
        statement_read_set(st);
}

static void verb_reset(struct statement *st)
{
        statement_write(st, REASON_SESSION_STATE, st->token.text);
        statement_advance(st);
        statement_read_reset(st);
}

static void verb_discard(struct statement *st)
{
        struct facts *facts = st->facts;

        statement_write(st, REASON_SESSION_STATE, st->token.text);
        statement_advance(st);
        if (st->token.keyword == KW_ALL) {
                facts->setting = SETTING_DISCARD_ALL;
                facts->unpins = ~0u;
        } else if (st->token.keyword == KW_TEMP || st->token.keyword == KW_TEMPORARY) {
                facts->unpins = PIN_TEMP;
        }
}

static void verb_prepare(struct statement *st)
{
        struct sv word = st->token.text;

        statement_advance(st);
        if (statement_accept(st, KW_TRANSACTION) && st->token.kind == SCAN_STRING) {
                statement_write(st, REASON_TRANSACTION_CONTROL, word);
                st->facts->tx = TX_END;
                st->facts->commits = true;
                return;
        }
        statement_write(st, REASON_SESSION_STATE, word);
        st->facts->pins |= PIN_PREPARE;
        query_walk(st, 0);
}

static void verb_execute(struct statement *st)
{
        statement_write(st, REASON_SESSION_STATE, st->token.text);
        statement_advance(st);
        st->facts->writes = st->facts->piecewise = true; /* whatever it is that was prepared */
        st->facts->execute = st->token.text;
        if (!statement_ended(st))
                statement_advance(st);
        query_walk(st, QUERY_READS | QUERY_RUNS);
}

static void verb_deallocate(struct statement *st)
{
        struct scan_token name;

        statement_write(st, REASON_SESSION_STATE, st->token.text);
        statement_advance(st);
        name = st->token;
        if (statement_accept(st, KW_PREPARE) && !statement_ended(st))
                name = st->token;
        st->facts->deallocate = name.keyword == KW_ALL ? SV("ALL") : name.text;
        if (name.keyword == KW_ALL)
                st->facts->unpins = PIN_PREPARE;
}

static void verb_declare(struct statement *st)
{
        bool with = false;
        struct sv name;

        statement_write(st, REASON_SESSION_STATE, st->token.text);
        statement_advance(st);
        name = st->token.text;
        for (; !statement_ended(st) && st->token.keyword != KW_FOR; statement_advance(st)) {
                if (with && st->token.keyword == KW_HOLD)
                        st->facts->pins |= PIN_HOLD;
                with = st->token.keyword == KW_WITH;
        }
        if (st->facts->pins != 0)
                st->facts->pin_name = name;
        statement_accept(st, KW_FOR);
        query_walk(st, QUERY_READS | QUERY_RUNS);
}

static void verb_close(struct statement *st)
{
        statement_write(st, REASON_SESSION_STATE, st->token.text);
        statement_advance(st);
        st->facts->unpins = PIN_HOLD;
        if (st->token.keyword != KW_ALL)
                st->facts->pin_name = st->token.text;
}

/* FETCH, MOVE: of a cursor, which lives in the session. */
static void verb_fetch(struct statement *st)
{
        statement_write(st, REASON_SESSION_STATE, st->token.text);
}

static void verb_listen(struct statement *st)
{
        statement_write(st, REASON_SESSION_STATE, st->token.text);
        st->facts->pins |= PIN_LISTEN;
        statement_advance(st);
        st->facts->pin_name = st->token.text;
}

static void verb_unlisten(struct statement *st)
{
        statement_write(st, REASON_SESSION_STATE, st->token.text);
        statement_advance(st);
        st->facts->unpins = PIN_LISTEN;
        if (!sv_is(st->token.text, "*"))
                st->facts->pin_name = st->token.text;
}

static void verb_load(struct statement *st)
{
        statement_write(st, REASON_SESSION_STATE, st->token.text);
        st->facts->pins |= PIN_LOAD;
}

/* ---- writes ---- */

/* DDL, from the word behind CREATE and its like: what a transaction block does not allow. */
static bool is_piecewise(const struct statement *from)
{
        struct statement st = *from;
        static const char *const objects[] = {"database", "tablespace", "subscription", "system"};

        for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
                if (sv_ieq(st.token.text, sv_cstr(objects[i])))
                        return true;
        while (!statement_ended(&st) && st.token.keyword != KW_CONCURRENTLY)
                statement_advance(&st);
        return !statement_ended(&st);
}

static void verb_create(struct statement *st)
{
        statement_write(st, REASON_DDL, st->token.text);
        statement_advance(st);
        if (statement_accept(st, KW_OR))
                statement_accept(st, KW_REPLACE);
        st->facts->piecewise = is_piecewise(st);
        if (!statement_accept(st, KW_LOCAL))
                statement_accept(st, KW_GLOBAL);
        if (st->token.keyword == KW_TEMP || st->token.keyword == KW_TEMPORARY)
                st->facts->pins |= PIN_TEMP;
        else
                st->facts->defines = true;
        query_walk(st, QUERY_RUNS);
}

static void verb_call(struct statement *st)
{
        statement_write(st, REASON_FUNCTION, st->token.text);
        st->facts->piecewise = true;
        statement_advance(st);
        query_walk(st, QUERY_READS | QUERY_RUNS);
}

static void verb_dml(struct statement *st)
{
        statement_write(st, REASON_DML, st->token.text);
        query_walk(st, QUERY_RUNS);
}

static void verb_update(struct statement *st)
{
        statement_read_update(st);
        verb_dml(st);
}

static void verb_lock(struct statement *st)
{
        statement_write(st, REASON_LOCKING, st->token.text);
        query_walk(st, 0);
}

static void verb_utility(struct statement *st)
{
        statement_write(st, REASON_DDL, st->token.text);
        query_walk(st, 0);
}

/* ALTER, DROP and what else changes the meaning of names. */
static void verb_define(struct statement *st)
{
        struct statement object = *st;

        statement_advance(&object);
        st->facts->piecewise = is_piecewise(&object);
        st->facts->defines = true;
        verb_utility(st);
}

/* What works in transactions of its own. */
static void verb_maintain(struct statement *st)
{
        st->facts->piecewise = true;
        verb_utility(st);
}

/* What each first word begins. Words that are not here begin nothing that we know. */
static void (*const verbs[KW_COUNT])(struct statement *st) = {
    [KW_SELECT] = verb_query,
    [KW_WITH] = verb_query,
    [KW_VALUES] = verb_query,
    [KW_TABLE] = verb_query,
    [KW_EXPLAIN] = verb_explain,
    [KW_SHOW] = verb_show,
    [KW_COPY] = verb_copy,
    [KW_BEGIN] = statement_read_begin,
    [KW_START] = statement_read_begin,
    [KW_COMMIT] = statement_read_end,
    [KW_END] = statement_read_end,
    [KW_ROLLBACK] = statement_read_end,
    [KW_ABORT] = statement_read_end,
    [KW_SAVEPOINT] = statement_read_savepoint,
    [KW_RELEASE] = statement_read_savepoint,
    [KW_SET] = verb_set,
    [KW_RESET] = verb_reset,
    [KW_DISCARD] = verb_discard,
    [KW_PREPARE] = verb_prepare,
    [KW_EXECUTE] = verb_execute,
    [KW_DEALLOCATE] = verb_deallocate,
    [KW_DECLARE] = verb_declare,
    [KW_FETCH] = verb_fetch,
    [KW_MOVE] = verb_fetch,
    [KW_CLOSE] = verb_close,
    [KW_LISTEN] = verb_listen,
    [KW_UNLISTEN] = verb_unlisten,
    [KW_LOAD] = verb_load,
    [KW_CREATE] = verb_create,
    [KW_CALL] = verb_call,
    [KW_DO] = verb_call,
    [KW_INSERT] = verb_dml,
    [KW_UPDATE] = verb_update,
    [KW_DELETE] = verb_dml,
    [KW_MERGE] = verb_dml,
    [KW_TRUNCATE] = verb_dml,
    [KW_LOCK] = verb_lock,
    [KW_ALTER] = verb_define,
    [KW_ANALYZE] = verb_maintain,
    [KW_ANALYSE] = verb_maintain,
    [KW_CHECKPOINT] = verb_maintain,
    [KW_CLUSTER] = verb_maintain,
    [KW_COMMENT] = verb_utility,
    [KW_DROP] = verb_define,
    [KW_GRANT] = verb_utility,
    [KW_IMPORT] = verb_define,
    [KW_NOTIFY] = verb_utility,
    [KW_REASSIGN] = verb_utility,
    [KW_REFRESH] = verb_utility,
    [KW_REINDEX] = verb_maintain,
    [KW_REVOKE] = verb_utility,
    [KW_SECURITY] = verb_utility,
    [KW_VACUUM] = verb_maintain,
};

void statement_read(struct statement *st)
{
        void (*verb)(struct statement * st) = verbs[st->token.keyword];

        if (st->token.kind == SCAN_OPEN) {
                verb_query(st);
        } else if (verb != NULL) {
                verb(st);
        } else if (st->token.kind != SCAN_ERROR) {
                statement_write(st, REASON_UNKNOWN_STATEMENT, st->token.text);
                st->facts->piecewise = st->facts->commits = true;
                query_walk(st, 0);
        }
        while (!statement_ended(st))
                statement_advance(st);
        if (st->token.kind == SCAN_ERROR) {
                statement_write(st, REASON_UNLEXABLE, st->token.text);
                st->facts->piecewise = st->facts->commits = true;
        }
}

#include "router/classify.h"

#include "base/check.h"
#include "cluster/catalog.h"
#include "router/patterns.h"
#include "router/statement.h"
#include "wire/proto.h"

static const char *const reason_names[REASON_COUNT] = {
#define REASON(symbol, name, text) [REASON_##symbol] = name,
#include "router/reasons.def"
#undef REASON
};

static const char *const reason_texts[REASON_COUNT] = {
#define REASON(symbol, name, text) [REASON_##symbol] = text,
#include "router/reasons.def"
#undef REASON
};

const char *reason_name(enum reason reason)
{
        return reason_names[reason];
}

const char *reason_text(enum reason reason)
{
        return reason_texts[reason];
}

/* How grave a reason to be a write is; what must win when several apply. Gravest is what a READ ONLY
 * transaction does not excuse (router/route.c). */
static unsigned gravity(enum reason reason)
{
        static const uint8_t gravities[REASON_COUNT] = {
            [REASON_EFFECT] = 5,
            [REASON_UNREADABLE] = 4,
            [REASON_NODE_STATE] = 4,
            [REASON_UNKNOWN_STATEMENT] = 4,
            [REASON_UNLEXABLE] = 4,
            [REASON_DML] = 3,
            [REASON_DDL] = 3,
            [REASON_LOCKING] = 3,
            [REASON_INTO] = 3,
            [REASON_CTE_DML] = 3,
            [REASON_FUNCTION] = 3,
            [REASON_RELATION] = 3,
            [REASON_OPERATOR] = 3,
            [REASON_TYPE] = 3,
            [REASON_COPY_IN] = 3,
            [REASON_SESSION_STATE] = 2,
            [REASON_TRANSACTION_CONTROL] = 1,
        };

        CHECK(reason < REASON_COUNT);
        return gravities[reason];
}

bool reason_writes(enum reason reason)
{
        switch (reason) {
        case REASON_DML:
        case REASON_DDL:
        case REASON_INTO:
        case REASON_CTE_DML:
        case REASON_FUNCTION:
        case REASON_EFFECT:
        case REASON_COPY_IN:
        case REASON_UNKNOWN_STATEMENT:
        case REASON_UNLEXABLE:
        case REASON_LEARNED:
        case REASON_TOO_LARGE:
        case REASON_LOCKING:
        case REASON_OPERATOR:
        case REASON_TYPE:
        case REASON_PATTERN:
        case REASON_RELATION: return true;
        case REASON_NOTHING:
        case REASON_READ:
        case REASON_NODE_STATE:
        case REASON_UNREADABLE:
        case REASON_SESSION_STATE:
        case REASON_TRANSACTION_CONTROL:
        case REASON_SINGLE:
        case REASON_TRANSACTION:
        case REASON_READ_ONLY:
        case REASON_SERIALIZABLE:
        case REASON_HINT_PRIMARY:
        case REASON_HINT_STANDBY:
        case REASON_TARGET:
        case REASON_NO_STANDBY:
        case REASON_FRESHNESS:
        case REASON_PINNED:
        case REASON_SESSION_POOL:
        case REASON_RETRY:
        case REASON_FLUSH:
        case REASON_OUTCOME:
        case REASON_REROUTED:
        case REASON_COUNT: return false;
        }
        return true;
}

void statement_write(struct statement *st, enum reason reason, struct sv token)
{
        st->facts->writes = st->facts->writes || reason_writes(reason);
        if (st->facts->class == CLASS_WRITE && gravity(reason) <= gravity(st->facts->reason))
                return;
        st->facts->class = CLASS_WRITE;
        st->facts->reason = reason;
        st->facts->token = token;
}

/* ---- whole texts ---- */

/* What a comment at the head of a statement asks for: "pgsteer: primary", standby or auto. */
static enum hint hint_of(struct sv comment)
{
        comment = sv_trim(comment);
        if (comment.n < 8 || strncasecmp(comment.p, "pgsteer:", 8) != 0)
                return HINT_NONE;
        comment = sv_trim(sv_from(comment.p + 8, comment.n - 8));
        if (sv_ieq(comment, SV("primary")))
                return HINT_PRIMARY;
        if (sv_ieq(comment, SV("standby")))
                return HINT_STANDBY;
        return sv_ieq(comment, SV("auto")) ? HINT_AUTO : HINT_NONE;
}

/* Takes the last hint in the comments between `from` and the token at `to`, if there is one. Rare: not to
 * weigh on those that have no comment. */
static __attribute__((noinline, cold)) void take_hint(const struct scan *scan, const char *from,
                                                      const char *to, struct facts *out)
{
        struct scan comments = *scan;
        struct sv inside;

        comments.p = from;
        while (comments.p < to && scan_comment(&comments, &inside))
                if (hint_of(inside) != HINT_NONE) {
                        out->hint = hint_of(inside);
                        out->hint_token = sv_trim(inside);
                }
}

bool classify_next(struct sv *rest, const struct classify_rules *rules, unsigned options, struct facts *out)
{
        struct statement st = {.rules = rules, .facts = out};

        *out = (struct facts){.class = CLASS_NONE, .reason = REASON_NOTHING};
        scan_init(&st.scan, *rest, options);
        do {
                const char *from = st.scan.p;

                statement_advance(&st);
                if (st.token.text.p != from)
                        take_hint(&st.scan, from, st.token.text.p, out);
        } while (st.token.kind == SCAN_SEMICOLON);
        if (st.token.kind != SCAN_END) {
                out->statements = 1;
                statement_read(&st);
        }
        *rest = sv_from(st.scan.p, (size_t)(st.scan.end - st.scan.p));
        return out->statements > 0;
}

bool classify_head_is_rows(struct sv head, unsigned options)
{
        struct scan scan;
        struct scan_token token;

        scan_init(&scan, head, options);
        scan_next(&scan, &token);
        switch (token.kind == SCAN_WORD ? token.keyword : 0) {
        case KW_INSERT:
        case KW_UPDATE:
        case KW_DELETE:
        case KW_MERGE:
        case KW_SELECT:
        case KW_VALUES:
        case KW_WITH:
        case KW_COPY: return true;
        }
        return false;
}

/* By READ ONLY behind something that writes, where it does not belong to all. */
static enum tx_access access_with(const struct facts *all, enum tx_access said)
{
        return said == ACCESS_READ_ONLY && all->writes ? ACCESS_READ_WRITE : said;
}

void classify_add_modes(struct facts *all, const struct facts *one)
{
        if (one->tx == TX_KEEP) {
                if (all->tx == TX_END && !all->chain && one->writes && all->access == ACCESS_READ_ONLY)
                        all->access = ACCESS_READ_WRITE; /* behind the transaction that is READ ONLY */
                return;
        }
        if (one->tx == TX_BEGIN && all->tx != TX_KEEP) {
                /* two transactions in one text: what is asked of the server is the most of both */
                if (one->access != all->access)
                        all->access = ACCESS_READ_WRITE;
                if (one->isolation > all->isolation)
                        all->isolation = one->isolation;
        } else {
                if (one->access != ACCESS_UNSAID)
                        all->access = access_with(all, one->access);
                if (one->isolation != ISOLATION_UNSAID)
                        all->isolation = one->isolation;
        }
        all->tx = one->tx;
        all->chain = one->chain;
}

static void merge(struct facts *all, const struct facts *one)
{
        bool committed = all->commits; /* that alone may be what holds */

        if (one->class > all->class ||
            (one->class == all->class && gravity(one->reason) > gravity(all->reason))) {
                all->class = one->class;
                all->reason = one->reason;
                all->token = one->token;
        }
        classify_add_modes(all, one);
        if (one->savepoint != SAVEPOINT_KEEP)
                all->savepoint = one->savepoint;
        if (one->execute.n > 0)
                all->execute = one->execute;
        all->exact = false;
        all->statements += one->statements;
        all->copy_from_stdin |= one->copy_from_stdin;
        all->commits |= one->commits;
        all->writes |= one->writes;
        all->piecewise |= one->piecewise;
        all->defines |= one->defines;
        all->lacks |= one->lacks;
        all->pins |= one->pins;
        all->unpins = (all->unpins & ~one->pins) | (committed ? 0 : one->unpins);
        if (all->setting != SETTING_NONE || one->setting != SETTING_NONE)
                all->setting = SETTING_UNKNOWN;
        if (one->deallocate.n > 0)
                all->deallocate = one->deallocate;
        if (one->show.n > 0)
                all->show = one->show;
        if (all->hint == HINT_NONE || one->hint == HINT_PRIMARY) {
                all->hint = one->hint;
                all->hint_token = one->hint_token;
        }
}

/* Settings speak of the session's modes in the fields of the transaction's. */
static void drop_session_modes(struct facts *facts)
{
        if (facts->tx == TX_KEEP) {
                facts->access = ACCESS_UNSAID;
                facts->isolation = ISOLATION_UNSAID;
        }
}

static void classify_all(struct sv text, const struct classify_rules *rules, unsigned options,
                         struct facts *out)
{
        struct facts one;

        if (!classify_next(&text, rules, options, out) || text.n == 0)
                return;
        while (classify_next(&text, rules, options, &one)) {
                if (out->statements == 1)
                        drop_session_modes(out);
                merge(out, &one);
        }
}

void classify(struct sv text, const struct classify_rules *rules, unsigned options, struct facts *out)
{
        classify_all(text, rules, options, out);
        if (rules != NULL && rules->patterns != NULL)
                patterns_judge(rules->patterns, text, out);
}

void classify_parameters(struct sv types, const struct classify_rules *rules, struct facts *out)
{
        const struct catalog *catalog = rules == NULL ? NULL : rules->catalog;
        struct reader r = {(const uint8_t *)types.p, types.n, false};

        if (out->reason != REASON_READ || catalog == NULL || !catalog_has(catalog, CATALOG_TYPE_OID))
                return;
        for (unsigned left = take_u16(&r); left > 0; left--) {
                const uint8_t *oid = take_bytes(&r, CATALOG_OID_BYTES);

                if (oid == NULL || catalog_find(catalog, CATALOG_TYPE_OID, SV(""),
                                                sv_from(oid, CATALOG_OID_BYTES)) == KNOWN_NOT)
                        continue;
                out->class = CLASS_WRITE;
                out->reason = REASON_TYPE;
                out->writes = true;
                out->token = SV("");
        }
}

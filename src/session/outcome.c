#include "session/outcome.h"

#include "base/log.h"
#include "session/exchange.h"

#include <string.h>

#define PG     "pg_catalog."
#define PORTAL "pgsteer_outcome"

/* Texts as Parse has them, with a count of no parameter types behind. */
#define BODY(sql) sql "\0\0"

static const char question[] =
    BODY("SELECT " PG "pg_current_xact_id_if_assigned(), " PG "pg_current_wal_insert_lsn(), " PG
         "pg_last_wal_replay_lsn(), " PG "pg_postmaster_start_time(), " PG "pg_walfile_name(" PG
         "pg_current_wal_insert_lsn())");

static const char trial[] =
    BODY("SELECT " PG "bool_and(COALESCE(" PG "has_function_privilege(" PG "to_regprocedure('" PG
         "' OPERATOR(" PG "||) f)::" PG "oid, 'EXECUTE'), false)) FROM " PG
         "unnest('{pg_current_xact_id_if_assigned(),pg_current_wal_insert_lsn(),pg_last_wal_replay_lsn(),"
         "pg_postmaster_start_time(),\"pg_walfile_name(pg_lsn)\"}'::" PG "text[]) f");

/* What the client's own state tells must be known: where it is, and what it writes. */
void outcome_configure(struct endpoint *e, bool wanted)
{
        const struct options *opt = &e->room->conf->opt;

        e->outcome = wanted && e->cluster->probed && opt->session_state && opt->max_prepared_statements > 0 &&
                             e->pool_mode == POOL_TRANSACTION
                         ? OUTCOME_UNTRIED
                         : OUTCOME_OFF;
}

/* ---- asking ---- */

static struct statement *next_question(struct client *c)
{
        bool tries = c->endpoint->outcome == OUTCOME_UNTRIED;
        struct statement **slot = &c->room->outcome_questions[tries];
        struct sv body = tries ? sv_from(trial, sizeof(trial)) : sv_from(question, sizeof(question));

        if (*slot == NULL)
                *slot = statement_get(&c->room->statements, body, endpoint_rules(c->endpoint), c->lexing);
        return *slot;
}

/* The question through a portal of its own, the answer in binary. False: the client has been refused. */
static bool put_question(struct up *up)
{
        static const uint8_t formats[] = {0, 0, 0, 0, 0, 1, 0, 1}, all[] = {0, 0, 0, 0};
        struct client *c = up->c;
        const struct statement *st = next_question(c);

        if (st == NULL) {
                client_refuse(c, "53200", "out of memory");
                return false;
        }
        if (!exchange_prepare(up, next_question(c)))
                return false;
        up_put_head(up, FE_BIND, sizeof(PORTAL) + sizeof(st->name) + sizeof(formats));
        plan_put(&up->plan, PORTAL, sizeof(PORTAL));
        plan_put(&up->plan, st->name, sizeof(st->name));
        plan_put(&up->plan, formats, sizeof(formats));
        up_put_head(up, FE_EXECUTE, sizeof(PORTAL) + sizeof(all));
        plan_put(&up->plan, PORTAL, sizeof(PORTAL));
        plan_put(&up->plan, all, sizeof(all));
        up_put_head(up, FE_CLOSE, 1 + sizeof(PORTAL));
        plan_put(&up->plan, "P" PORTAL, 1 + sizeof(PORTAL));
        if (c->endpoint->outcome == OUTCOME_ASKED)
                up->s->unasked = false;
        return up_owe(up, REPLY_BIND, REPLY_SWALLOW, NULL) &&
               up_owe(up, REPLY_EXECUTE, REPLY_SWALLOW | REPLY_OUTCOME, NULL) &&
               up_owe(up, REPLY_CLOSE, REPLY_SWALLOW, NULL);
}

static void put_question_and_sync(struct up *up)
{
        if (!put_question(up))
                return;
        up_put_head(up, FE_SYNC, 0);
        up_owe(up, REPLY_SYNC, REPLY_SWALLOW | REPLY_OUTCOME, NULL);
}

/* In a transaction on the primary of which something is written that no question covers. */
static bool is_due(const struct up *up)
{
        const struct client *c = up->c;

        return outcome_is_asked(c) && up->s->unasked && up->s->xact.xid == 0 && c->wrote && c->on_primary &&
               (up->s->tx == 'T' || c->began) && c->replication == REPLICATION_NONE;
}

bool outcome_is_owed(const struct server *s)
{
        for (uint32_t i = s->replies.count; i-- > 0;)
                if (replies_at(&s->replies, i)->flags & REPLY_OUTCOME)
                        return true;
        return false;
}

static bool is_commit(const struct facts *f)
{
        return f->tx == TX_END && f->exact && !f->chain && f->statements == 1 &&
               (sv_ieq(f->token, SV("commit")) || sv_ieq(f->token, SV("end")));
}

bool outcome_waits(struct up *up, const struct facts *f)
{
        struct client *c = up->c;
        struct server *s = up->s;

        if (f->tx != TX_END || !outcome_is_asked(c))
                return false;
        s->commits = is_commit(f);
        if (!s->commits || s->xact.xid != 0 || !c->wrote || s->tx == 'E')
                return false;
        if (!up->first) {
                if (is_due(up) && put_question(up))
                        up_put_head(up, FE_FLUSH, 0);
                return c->state == CLIENT_CLOSED;
        }
        if (s->replies.count == 0 && is_due(up))
                put_question_and_sync(up);
        else if (!is_due(up) && !outcome_is_owed(s))
                return false;
        s->commits = false;
        c->barrier = up->waits = true;
        return true;
}

/* What may be followed by messages of ours: not a COPY that awaits data, nor what may be one. */
static bool takes_messages(const struct facts *f)
{
        return f->statements == 1 && !f->copy_from_stdin && f->reason != REASON_UNKNOWN_STATEMENT &&
               f->reason != REASON_UNLEXABLE && f->tx == TX_KEEP;
}

void outcome_behind(struct up *up, const struct facts *f)
{
        struct replies *owed = &up->s->replies;

        /* Behind what has failed the question fails as well, and nobody would be told. */
        if (f->writes && is_due(up) && takes_messages(f) && owed->sync_points == 1 && !up->s->skipping)
                put_question_and_sync(up);
}

void outcome_before_sync(struct up *up)
{
        if (up->s->unasked && is_due(up) && up->c->in_segment && up->c->bound && !up->c->commit_sent &&
            !up->s->may_copy && up->s->replies.sync_points == 0 && !up->s->skipping)
                put_question(up);
        up->s->may_copy = false;
}

/* ---- the answer ---- */

static uint64_t take_number(struct reader *r)
{
        uint64_t number = 0;
        struct sv bytes;

        if (!take_column(r, &bytes) || bytes.n != 8)
                return 0;
        for (size_t i = 0; i < 8; i++)
                number = number << 8 | (uint8_t)bytes.p[i];
        return number;
}

static uint32_t timeline_of(struct sv walfile)
{
        uint32_t timeline = 0;

        for (size_t i = 0; walfile.n == 24 && i < 8; i++) {
                char digit = walfile.p[i];

                timeline = timeline << 4 | (uint32_t)(digit <= '9' ? digit - '0' : (digit & 7) + 9);
        }
        return timeline;
}

static void learn_right(struct client *c, struct reader *r)
{
        struct endpoint *e = c->endpoint;
        struct sv may;

        e->outcome = take_column(r, &may) && may.n == 1 && may.p[0] != 0 ? OUTCOME_ASKED : OUTCOME_DENIED;
        if (e->outcome == OUTCOME_DENIED)
                log_warning(
                    "%s/%s: commit_outcome: the user may not call pg_current_xact_id_if_assigned(), "
                    "pg_current_wal_insert_lsn(), pg_last_wal_replay_lsn(), pg_postmaster_start_time() and "
                    "pg_walfile_name(): it stays unknown (40003) what became of a lost COMMIT",
                    e->database, e->user);
}

void outcome_learn(struct client *c, struct server *s, const struct msg *m)
{
        static const int64_t from_1970_us = INT64_C(946684800000000); /* to 2000 */
        struct reader r = reader_of(m);
        uint16_t columns = take_u16(&r);
        struct xact x = {0};
        struct sv walfile = SV("");

        if (columns == 1) {
                learn_right(c, &r);
                return;
        }
        x.xid = take_number(&r);
        x.lsn = take_number(&r);
        x.recovered_lsn = take_number(&r);
        x.started_wall_us = (int64_t)take_number(&r) + from_1970_us;
        if (take_column(&r, &walfile))
                x.timeline = timeline_of(walfile);
        if (s->xact.xid == 0)
                s->xact = x;
}

enum outcome_error outcome_failed(struct client *c, struct server *s, const struct error_fields *e)
{
        struct replies *owed = &s->replies;
        bool asked = false;

        s->unasked = true; /* what the question should have covered is not */
        for (uint32_t i = 0; i < owed->count && (replies_at(owed, i)->flags & REPLY_SWALLOW); i++) {
                const struct reply *reply = replies_at(owed, i);

                asked = asked || (reply->flags & REPLY_OUTCOME) != 0;
                if (reply->kind == REPLY_QUERY)
                        break;
                if (reply->kind != REPLY_SYNC || !asked)
                        continue;
                if (sv_is(e->sqlstate, "42501") || sv_is(e->sqlstate, "42883"))
                        c->endpoint->outcome = OUTCOME_DENIED;
                return sv_is(e->sqlstate, "25P02") ? OUTCOME_ERROR_KNOWN : OUTCOME_ERROR_OURS;
        }
        return OUTCOME_ERROR_OTHERS;
}

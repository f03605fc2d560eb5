#include "session/floor.h"

#include "base/clock.h"
#include "base/refusal.h"
#include "session/again.h"
#include "session/exchange.h"
#include "session/said.h"
#include "session/written.h"

#include <inttypes.h>
#include <stdio.h>

static void raise(_Atomic int64_t *moment, int64_t to)
{
        int64_t old = atomic_load_explicit(moment, memory_order_relaxed);

        while (old < to && !atomic_compare_exchange_weak_explicit(moment, &old, to, memory_order_release,
                                                                  memory_order_relaxed))
                ;
}

enum consistency floor_consistency(const struct client *c)
{
        return (enum consistency)(c->consistency >= 0 ? c->consistency : c->endpoint->consistency);
}

void floor_committed(struct client *c)
{
        c->floor.commit_us = clock_us(); /* not the turn's time, which may lie before the commit */
        raise(&c->endpoint->cluster->last_commit_us, c->floor.commit_us);
}

void floor_joined(struct client *c, const struct server *s)
{
        c->floor.run = atomic_load_explicit(&s->pool->node->run, memory_order_acquire);
}

/* Whether it may have been shown something. A segment that may be run again has had no answer yet. */
static bool has_seen(const struct client *c)
{
        return !c->endpoint->single && !c->blind && !again_kept(c) &&
               floor_consistency(c) != CONSISTENCY_EVENTUAL;
}

void floor_shown(struct client *c, const struct server *s)
{
        struct floor *floor = &c->floor;

        if (!has_seen(c))
                return;
        floor->seen_us = clock_us();
        floor->seen_on = s->pool->node;
        floor->seen_run = floor->run;
        floor->seen_index = c->node;
}

/* The node that has shown what the session saw last, if it still has it; -1: none. */
static int witness(const struct client *c)
{
        const struct cluster *cluster = c->endpoint->cluster;
        const struct floor *floor = &c->floor;

        if (floor->seen_on == NULL || floor->seen_index < 0 || floor->seen_index >= cluster->count ||
            cluster->nodes[floor->seen_index] != floor->seen_on ||
            atomic_load_explicit(&floor->seen_on->run, memory_order_acquire) != floor->seen_run)
                return -1;
        return floor->seen_index;
}

void floor_ask(const struct client *c, struct route_question *q)
{
        int64_t all;

        q->consistency = floor_consistency(c);
        q->floor_us = c->floor.commit_us;
        q->seen_us = c->floor.seen_us;
        q->seen_on = witness(c);
        q->min = c->floor.min.lsn != 0 ? &c->floor.min : NULL;
        if (q->consistency != CONSISTENCY_STRONG)
                return;
        all = atomic_load_explicit(&c->endpoint->cluster->last_commit_us, memory_order_acquire);
        if (all > q->floor_us)
                q->floor_us = all;
}

/* ---- from another session ---- */

static bool is_min_lsn(const struct facts *f)
{
        char space[sizeof(SAID_MIN_LSN) + 1];
        struct sv name;

        return f->setting == SETTING_SET && written_name(f->setting_name, space, sizeof(space), &name) &&
               sv_is(name, SAID_MIN_LSN);
}

static enum floor_verdict refuse_form(struct sv value, const char *severity, struct refusal *r)
{
        refusal_set(r, severity, "22023", "invalid value for parameter \"" SAID_MIN_LSN "\": %.*s",
                    (int)(value.n < 80 ? value.n : 80), value.p);
        r->hint =
            "It must be what SHOW pgsteer.lsn gives: an LSN, @, its timeline, and perhaps @ and the system "
            "identifier, like '3/16B3748@2'. RESET takes it away.";
        return FLOOR_REFUSED;
}

/* `now`: the primary, of which `lsn` is known. */
static enum floor_verdict refuse_future(const struct position *min, const struct topology_node *now,
                                        uint64_t lsn, struct refusal *r)
{
        if (min->timeline > now->timeline)
                refusal_set(r, "ERROR", "22023",
                            SAID_MIN_LSN " is on timeline %" PRIu32 ", but %s, the primary, is on %" PRIu32,
                            min->timeline, now->node->name, now->timeline);
        else
                refusal_set(r, "ERROR", "22023",
                            SAID_MIN_LSN " is %X/%X, but %s, the primary, has only come to %X/%X",
                            (unsigned)(min->lsn >> 32), (unsigned)min->lsn, now->node->name,
                            (unsigned)(lsn >> 32), (unsigned)lsn);
        return FLOOR_REFUSED;
}

enum floor_verdict floor_weigh_at_login(struct sv name, struct sv value, struct refusal *r)
{
        struct position min;

        if (!sv_ieq(name, SV(SAID_MIN_LSN)) || said_position(value, SETTING_KIND_STRING, &min))
                return FLOOR_TAKEN;
        return refuse_form(value, "FATAL", r);
}

enum floor_verdict floor_weigh(struct client *c, const struct facts *f, struct refusal *r)
{
        const struct topology *t;
        const struct topology_node *primary;
        struct position min;
        int64_t asked_us;
        uint64_t lsn;

        if (!is_min_lsn(f) || !c->endpoint->cluster->probed)
                return FLOOR_TAKEN;
        if (!said_position(f->setting_value, SETTING_KIND_SQL, &min))
                return refuse_form(f->setting_value, "ERROR", r);
        t = endpoint_topology(c->endpoint);
        if (t->primary < 0)
                return FLOOR_AWAITED;
        primary = &t->nodes[t->primary];
        if (min.system_id != 0 && primary->system_id != 0 && min.system_id != primary->system_id) {
                refusal_set(r, "ERROR", "22023",
                            SAID_MIN_LSN " is of another cluster: its system identifier is %" PRIu64
                                         ", here it is %" PRIu64,
                            min.system_id, primary->system_id);
                return FLOOR_REFUSED;
        }
        asked_us = atomic_load_explicit(&primary->node->asked_us, memory_order_acquire);
        lsn = atomic_load_explicit(&primary->node->lsn, memory_order_acquire);
        if (min.timeline < primary->timeline || (min.timeline == primary->timeline && min.lsn <= lsn))
                return FLOOR_TAKEN;
        if (c->catching_us == 0 || asked_us <= c->catching_us || lsn == 0)
                return FLOOR_AWAITED;
        return refuse_future(&min, primary, lsn, r);
}

/* ---- to another session ---- */

#define PG "pg_catalog."

/* Where the WAL ends. What a standby shows it has received; but what an eventual session has seen elsewhere
 * it need not have, and there the primary's function fails. */
static const char *end_of_wal(const struct client *c)
{
        if (c->on_primary || floor_consistency(c) == CONSISTENCY_EVENTUAL)
                return PG "pg_current_wal_insert_lsn()";
        return "CASE WHEN " PG "pg_is_in_recovery()"
               " THEN GREATEST(" PG "pg_last_wal_receive_lsn(), " PG "pg_last_wal_replay_lsn())"
               " ELSE " PG "pg_current_wal_insert_lsn() END";
}

static bool is_lsn(struct sv name)
{
        return sv_ieq(name, SV("pgsteer.lsn")) || sv_ieq(name, SV("\"pgsteer.lsn\""));
}

bool floor_is_shown(const struct client *c, const struct facts *f)
{
        return f->statements == 1 && is_lsn(f->show) && c->endpoint->cluster->probed;
}

/* Without a row, so that there is nothing to be taken for an answer to somebody else. */
bool floor_tell_shown(struct up *up, const struct facts *f)
{
        const struct client *c = up->c;
        const struct topology *t = c->endpoint->topology;
        const struct topology_node *node;
        char sql[512], system_id[24] = "";

        if (!floor_is_shown(c, f))
                return true;
        node = &t->nodes[t->primary >= 0 ? t->primary : c->node];
        if (node->timeline == 0)
                return true;
        if (node->system_id != 0)
                snprintf(system_id, sizeof(system_id), "@%" PRIu64, node->system_id);
        snprintf(sql, sizeof(sql),
                 "SELECT WHERE " PG "set_config('pgsteer.lsn', " PG "concat(%s, '@%" PRIu32
                 "%s'), true) IS NULL",
                 end_of_wal(c), node->timeline, system_id);
        return exchange_execute(up, "pgsteer_lsn", sql);
}

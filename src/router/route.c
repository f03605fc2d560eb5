#include "router/route.h"

/* Which nodes a pick may fall on. */
enum candidates {
        STANDBYS,
        READERS, /* standbys and the primary */
};

/* What a search for a node that can serve a read found out. */
struct pick {
        int node;   /* -1: none fits */
        bool stale; /* a standby was passed over only because it has not replayed enough */
};

static bool skipped(const struct route_question *q, int node)
{
        return (q->skip & UINT64_C(1) << node) != 0;
}

/* A position on an older timeline is one on all that came of it, or its WAL is lost: then whoever has as much
 * of the new one has all there is. */
static bool has_reached(const struct topology_node *standby, const struct position *min)
{
        return standby->timeline >= min->timeline &&
               (min->system_id == 0 || min->system_id == standby->system_id) &&
               atomic_load_explicit(&standby->node->lsn, memory_order_acquire) >= min->lsn;
}

static bool is_fresh(const struct route_question *q, const struct topology *topology, int i)
{
        int64_t floor_us = 0;

        if (q->consistency != CONSISTENCY_EVENTUAL) {
                floor_us = q->floor_us;
                if (i != q->seen_on && q->seen_us > floor_us)
                        floor_us = q->seen_us;
        }
        if (i + 1 != q->stay && q->stay_floor_us > floor_us)
                floor_us = q->stay_floor_us;
        if (q->min != NULL && !has_reached(&topology->nodes[i], q->min))
                return false;
        return floor_us == 0 ||
               atomic_load_explicit(&topology->nodes[i].node->fresh_us, memory_order_acquire) >= floor_us;
}

static bool is_candidate(const struct route_question *q, const struct topology *topology, int i,
                         enum candidates candidates)
{
        const struct topology_node *entry = &topology->nodes[i];

        if (skipped(q, i))
                return false;
        if (i == topology->primary)
                return candidates == READERS;
        return entry->role == ROLE_STANDBY && entry->state == NODE_UP && entry->readable;
}

static struct pick pick_reader(const struct route_question *q, const struct topology *topology,
                               enum candidates candidates)
{
        int fit[TOPOLOGY_NODES_MAX];
        uint32_t count = 0;
        bool stale = false;

        for (int i = 0; i < topology->count; i++) {
                if (!is_candidate(q, topology, i, candidates))
                        continue;
                if (i + 1 == q->stay && i != topology->primary && is_fresh(q, topology, i))
                        return (struct pick){i, false};
                if (i == topology->primary || is_fresh(q, topology, i))
                        fit[count++] = i;
                else
                        stale = true;
        }
        return (struct pick){count == 0 ? -1 : balance_pick(&q->balance, topology, fit, count), stale};
}

static struct route to_primary(const struct route_question *q, const struct topology *topology,
                               enum reason reason)
{
        int node = topology->primary;

        return (struct route){ROUTE_PRIMARY, node >= 0 && !skipped(q, node) ? node : -1, reason};
}

/* To a standby, or to the primary when there is no fit one and the line allows it. */
static struct route to_standby(const struct route_question *q, const struct topology *topology,
                               enum reason reason)
{
        struct pick pick = pick_reader(q, topology, STANDBYS);

        if (pick.node >= 0)
                return (struct route){ROUTE_STANDBY, pick.node, reason};
        reason = pick.stale ? REASON_FRESHNESS : REASON_NO_STANDBY;
        if (q->reads_need_standby)
                return (struct route){ROUTE_STANDBY, -1, reason};
        return to_primary(q, topology, reason);
}

/* target_session_attrs, in libpq's words. */
static struct route to_target(const struct route_question *q, const struct topology *topology)
{
        enum candidates candidates = q->target == TARGET_ANY ? READERS : STANDBYS;
        enum reason reason = REASON_TARGET;
        struct pick pick;

        if (q->target == TARGET_PRIMARY || q->target == TARGET_READ_WRITE)
                return to_primary(q, topology, REASON_TARGET);
        pick = pick_reader(q, topology, candidates);
        if (pick.node < 0 && pick.stale)
                reason = REASON_FRESHNESS;
        if (pick.node < 0 && q->target == TARGET_PREFER_STANDBY)
                return to_primary(q, topology, reason);
        return (struct route){pick.node >= 0 && pick.node == topology->primary ? ROUTE_PRIMARY
                                                                               : ROUTE_STANDBY,
                              pick.node, reason};
}

/* Whether a wish for a standby is granted: the client may know more than the scanner about its functions, but
 * what a standby refuses for certain would only fail there. */
static bool may_try_standby(const struct facts *facts)
{
        if (facts->class != CLASS_WRITE)
                return true;
        return facts->pins == 0 &&
               (facts->reason == REASON_FUNCTION || facts->reason == REASON_EFFECT ||
                facts->reason == REASON_NODE_STATE || facts->reason == REASON_OPERATOR ||
                facts->reason == REASON_RELATION || facts->reason == REASON_TYPE ||
                facts->reason == REASON_TRANSACTION_CONTROL || facts->reason == REASON_PATTERN);
}

/* Whether READ ONLY carries it to a standby: a write would fail on either node, but what asks for the primary
 * or has an effect there must not be answered by another one, and what only the primary can read fails there
 * alone. */
static bool read_only_carries(const struct facts *facts)
{
        if (facts->class != CLASS_WRITE)
                return true;
        return facts->pins == 0 && facts->reason != REASON_EFFECT && facts->reason != REASON_NODE_STATE &&
               facts->reason != REASON_UNREADABLE && facts->reason != REASON_UNLEXABLE &&
               facts->reason != REASON_UNKNOWN_STATEMENT && facts->reason != REASON_PATTERN;
}

static bool begins_transaction(const struct facts *facts)
{
        return facts->tx == TX_BEGIN || (facts->tx != TX_KEEP && facts->statements > 1);
}

/* Nobody but the statement and the transaction it is in has a say. */
static struct route by_facts(const struct route_question *q, const struct topology *topology)
{
        const struct facts *facts = q->facts;
        enum tx_access access = q->session_access;
        enum tx_isolation isolation = q->session_isolation;

        if (facts->tx != TX_KEEP && facts->access != ACCESS_UNSAID)
                access = facts->access;
        if (facts->tx != TX_KEEP && facts->isolation != ISOLATION_UNSAID)
                isolation = facts->isolation;
        if (access == ACCESS_READ_ONLY && read_only_carries(facts)) {
                if (isolation == ISOLATION_SERIALIZABLE)
                        return to_primary(q, topology, REASON_SERIALIZABLE);
                return to_standby(q, topology, REASON_READ_ONLY);
        }
        if (facts->class == CLASS_WRITE)
                return to_primary(q, topology,
                                  facts->reason == REASON_TRANSACTION_CONTROL && begins_transaction(facts)
                                      ? REASON_TRANSACTION
                                      : facts->reason);
        if (isolation == ISOLATION_SERIALIZABLE)
                return to_primary(q, topology, REASON_SERIALIZABLE);
        return to_standby(q, topology, facts->reason);
}

struct route route_decide(const struct route_question *q, const struct topology *topology)
{
        enum hint hint = q->facts->hint != HINT_NONE ? q->facts->hint : q->session_hint;

        if (q->single)
                return to_primary(q, topology, REASON_SINGLE);
        if (q->target != TARGET_AUTO)
                return to_target(q, topology);
        if (q->force_primary)
                return to_primary(q, topology, REASON_RETRY);
        if (q->session_pool)
                return to_primary(q, topology, REASON_SESSION_POOL);
        if (q->pinned)
                return to_primary(q, topology, REASON_PINNED);
        if (hint == HINT_PRIMARY)
                return to_primary(q, topology, REASON_HINT_PRIMARY);
        if (hint == HINT_STANDBY && may_try_standby(q->facts))
                return to_standby(q, topology, REASON_HINT_STANDBY);
        return by_facts(q, topology);
}

#include "session/floor.h"

#include "base/clock.h"
#include "session/client.h"

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
        return !c->endpoint->single && !c->blind && c->repeat == REPEAT_NO &&
               floor_consistency(c) != CONSISTENCY_EVENTUAL;
}

void floor_parting(struct client *c, const struct server *s)
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
        if (q->consistency != CONSISTENCY_STRONG)
                return;
        all = atomic_load_explicit(&c->endpoint->cluster->last_commit_us, memory_order_acquire);
        if (all > q->floor_us)
                q->floor_us = all;
}

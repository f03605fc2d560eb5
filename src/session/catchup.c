#include "session/catchup.h"

#include "base/clock.h"
#include "router/route.h"
#include "session/block.h"

/* After waits in vain in a row nobody waits for as many times as long, up to this many. */
enum { REST_FACTOR_MAX = 20 };

static bool waits_in_vain(struct client *c, int64_t now, int64_t limit)
{
        struct cluster *cluster = c->endpoint->cluster;
        int vain;

        if (c->catching_us == 0)
                return now < atomic_load_explicit(&cluster->catch_rest_until_us, memory_order_relaxed);
        if (now - c->catching_us < limit)
                return false;
        vain = 1 + atomic_fetch_add_explicit(&cluster->caught_nothing, 1, memory_order_relaxed);
        atomic_store_explicit(&cluster->catch_rest_until_us,
                              now + limit * (vain < REST_FACTOR_MAX ? vain : REST_FACTOR_MAX),
                              memory_order_relaxed);
        return true;
}

bool catchup_waits(struct client *c, const struct route *route)
{
        int64_t limit = c->room->conf->opt.causal_wait_us, now = loop_now(c->room->loop);

        if (limit == 0 || route->reason != REASON_FRESHNESS || route->node < 0 ||
            waits_in_vain(c, now, limit)) {
                if (c->catching_us != 0 && route->reason != REASON_FRESHNESS)
                        atomic_store_explicit(&c->endpoint->cluster->caught_nothing, 0, memory_order_relaxed);
                c->catching_us = 0;
                return false;
        }
        if (c->catching_us == 0)
                c->catching_us = now;
        client_move(c, CLIENT_CATCHING);
        return true;
}

void catchup_await(struct client *c)
{
        if (c->catching_us == 0)
                c->catching_us = clock_us(); /* not the turn's time, which may lie before the request */
        client_move(c, CLIENT_CATCHING);
}

void catchup_look(struct room *room)
{
        int n = 0;

        list_for_each (node, &room->catching)
                n++;
        while (n-- > 0 && !list_empty(&room->catching)) { /* who waits on goes to the end */
                struct client *c = list_item(room->catching.next, struct client, in_phase);

                client_move(c, block_rest(c));
                client_go_on(c);
        }
}

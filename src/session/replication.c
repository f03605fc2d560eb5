#include "session/replication.h"

#include "pool/solo.h"
#include "router/route.h"
#include "session/entry.h"
#include "session/greeting.h"
#include "session/link.h"

static int choose_node(struct client *c)
{
        static const struct facts writes = {.class = CLASS_WRITE};
        struct route_question q = {
            .facts = &writes,
            .target = c->endpoint->target,
            .single = c->endpoint->single,
            .pinned = true,
            .balance = {.terms = &c->endpoint->terms, .random = room_random(c->room)},
        };

        return route_decide(&q, endpoint_topology(c->endpoint)).node;
}

void replication_ask(struct client *c)
{
        int node;

        if (c->waiter.pool != NULL)
                return;
        if (c->endpoint->line == NULL) {
                client_refuse(c, "08P01", "database configuration changed");
                return;
        }
        node = choose_node(c);
        if (node >= 0) /* else the tick asks again; client_login_timeout ends it */
                solo_wait(endpoint_pool(c->endpoint, node), &c->waiter, c->replication, &c->entry->own);
}

void replication_granted(struct client *c, struct server *s, int node)
{
        link_join(c, s, node);
        c->answered_us = c->tx_us = loop_now(c->room->loop);
        c->endpoint->stats->n.client_login_count++;
        c->endpoint->stats->n.server_assignment_count++;
        entry_free(c);
        client_move(c, CLIENT_IDLE);
        client_move(c, CLIENT_ACTIVE);
        greeting_pass_on(c, &s->params);
}

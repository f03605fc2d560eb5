#include "session/done.h"

/* How long a read took, from when the server had it. */
static void measure(const struct client *c, int64_t now)
{
        const struct server *s = c->server;

        node_measure(s->pool->node, now - (s->since_us > c->request_us ? s->since_us : c->request_us), now);
}

void done_query(struct client *c)
{
        struct counters *n = &c->endpoint->stats->n;
        int64_t now = loop_now(c->room->loop);

        n->query_count++;
        c->answered_us = now;
        n->query_time += (uint64_t)(now - c->request_us);
        if (c->server != NULL)
                latency_add(&c->server->pool->latency, LATENCY_QUERY, now - c->request_us);
        if (c->server != NULL && c->reading && c->endpoint->cluster->probed)
                measure(c, now);
        if (c->tx == 'I') {
                n->xact_count++;
                n->xact_time += (uint64_t)(now - c->tx_us);
                if (c->server != NULL)
                        latency_add(&c->server->pool->latency, LATENCY_TRANSACTION, now - c->tx_us);
                c->tx_us = now;
        }
}

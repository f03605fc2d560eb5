#include "session/room.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/acceptor.h"
#include "session/block.h"
#include "session/cancel.h"
#include "session/carry.h"
#include "session/deadlines.h"
#include "session/doubt.h"
#include "session/entry.h"
#include "session/link.h"
#include "session/lookup.h"
#include "session/loss.h"
#include "session/relay.h"
#include "session/segment.h"
#include "session/verifiers.h"
#include "session/welcome.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what the pools tell ---- */

static struct client *client_of(struct waiter *w)
{
        return list_item(w, struct client, waiter);
}

static void on_granted(struct waiter *w, struct server *s)
{
        struct client *c = client_of(w);

        if (c->state == CLIENT_LOOKUP) {
                lookup_granted(c, s);
                client_go_on(c);
        } else if (c->state == CLIENT_WELCOME) {
                entry_granted(c, s);
                client_go_on(c);
        } else {
                segment_granted(c, s);
        }
}

static void on_failed(struct waiter *w, enum pool_trouble trouble, const struct refusal *r)
{
        struct client *c = client_of(w);
        struct refusal copy = *r;

        switch (trouble) {
        case POOL_UNREACHABLE:
                if (client_asks(c))
                        return; /* the tick asks again */
                /* Health will say more in a moment; until then the segment is held, or goes elsewhere. */
                if (c->repeat == REPEAT_POSSIBLE && c->node >= 0 && c->node < 64) {
                        c->skip_nodes |= UINT64_C(1) << c->node;
                        c->retry_reason = REASON_REROUTED;
                }
                client_move(c, block_rest(c));
                if (c->repeat != REPEAT_POSSIBLE)
                        segment_hold(c, c->on_primary ? ROUTE_PRIMARY : ROUTE_STANDBY);
                else
                        client_go_on(c);
                return;
        case POOL_REJECTED:
                if (c->doubt != NULL) {
                        doubt_give_up(c, r->text);
                        return;
                }
                copy.severity = "FATAL";
                client_close(c, &copy, copy.text);
                return;
        }
}

static void on_readable(struct server *s)
{
        if (s->client->state == CLIENT_ACTIVE)
                relay_from_server(s);
        else if (s->client->state == CLIENT_LOOKUP && !s->wants)
                lookup_readable(s);
        else if (s->client->state == CLIENT_ASKING)
                doubt_readable(s);
        else
                carry_readable(s);
}

static void on_drained(struct server *s)
{
        client_want_read(s->client);
        if (buf_len(&s->client->in) > 0)
                client_go_on(s->client);
}

static void on_lost(struct server *s, const char *why)
{
        loss_of_server(s->client, why, false);
}

static void on_reserving(struct waiter *w)
{
        const struct client *c = client_of(w);
        char name[400];

        log_warning("C-%p: %s taking connection from reserve_pool", (const void *)c,
                    client_name(c, name, sizeof(name)));
}

static const struct pool_ops pool_ops = {on_granted, on_failed, on_readable,
                                         on_drained, on_lost,   on_reserving};

/* ---- configuration ---- */

static bool keeps_minimum(const struct conf *conf)
{
        for (size_t i = 0; i < conf->database_count; i++)
                if (conf->databases[i].min_pool_size > 0)
                        return true;
        return conf->opt.min_pool_size > 0;
}

static void read_rules(struct room *room)
{
        uint64_t stamp = room->rules.stamp;

        room->keeps_minimum = keeps_minimum(room->conf);
        lists_read(&room->lists, &room->conf->opt);
        room->rules = lists_rules(&room->lists, NULL);
        room->rules.stamp = (stamp | UINT64_C(0xffffffffffff)) + 1; /* low bits: a catalog's id */
        proxies_read(&room->proxies, room->conf->opt.proxy_protocol_from);
}

static struct news news_ref(const struct news *news)
{
        return (struct news){news->conf != NULL ? conf_ref(news->conf) : NULL, tls_set_ref(news->tls),
                             hba_ref(news->hba)};
}

static void news_unref(struct news *news)
{
        conf_unref(news->conf);
        tls_set_unref(news->tls);
        hba_unref(news->hba);
}

void room_publish(struct crowd *crowd, const struct news *news)
{
        struct news old, fresh = news_ref(news);

        pthread_mutex_lock(&crowd->news_lock);
        old = crowd->news;
        crowd->news = fresh;
        pthread_mutex_unlock(&crowd->news_lock);
        news_unref(&old);
}

/* With references. */
static struct news newest(struct crowd *crowd)
{
        struct news news;

        pthread_mutex_lock(&crowd->news_lock);
        news = news_ref(&crowd->news);
        pthread_mutex_unlock(&crowd->news_lock);
        return news;
}

void room_configure(struct room *room)
{
        struct news news = newest(room->crowd), old = {room->conf, NULL, room->hba};
        struct endpoint *e, *next;

        room->conf = conf_ref(news.conf);
        room->hba = hba_ref(news.hba);
        room->looks_at_everybody = false;
        pools_configure(&room->pools, news.conf, news.tls);
        read_rules(room);
        queries_resize(&room->queries, (size_t)room->conf->opt.query_stats_size);
        HASH_ITER (hh, room->endpoints, e, next)
                endpoint_configure(e);
        verifiers_forget(room);
        news_unref(&news);
        news_unref(&old);
}

/* ---- topology ---- */

/* A node that must not be talked to: no answer it still gives may reach a client. But a primary that stops
 * says of each statement under way what became of it, as long as no other one has taken over: for that it is
 * given as long as a client would be held. */
static void close_lost_nodes(struct room *room, struct endpoint *e)
{
        const struct topology *t = endpoint_topology(e);
        int64_t now = loop_now(room->loop);

        for (int i = 0; i < t->count; i++) {
                const struct topology_node *n = &t->nodes[i];
                bool waits = n->state == NODE_DOWN && n->quits && t->primary < 0;

                if (waits && room->patience_us == 0)
                        room->patience_us = now + room->conf->opt.failover_timeout_us;
                if (n->state == NODE_FENCED || n->state == NODE_DOWN)
                        pools_close_node(&room->pools, n->node, !waits || now >= room->patience_us,
                                         n->state == NODE_FENCED ? "node is fenced" : "node is down");
        }
}

static void close_all_lost_nodes(struct room *room)
{
        struct endpoint *e, *next;

        HASH_ITER (hh, room->endpoints, e, next)
                if (e->line != NULL)
                        close_lost_nodes(room, e);
}

void room_topology_changed(struct room *room)
{
        room->patience_us = 0;
        close_all_lost_nodes(room);
        pools_hurry(&room->pools);
        deadlines_look_at_held(room);
}

void room_tick(struct room *room)
{
        if (room->patience_us != 0 && loop_now(room->loop) >= room->patience_us) {
                close_all_lost_nodes(room);
                room->patience_us = 0;
        }
}

/* ---- lifetime ---- */

void room_init(struct room *room, struct loop *loop, struct conf *conf, struct crowd *crowd, int self)
{
        struct news news = newest(crowd);

        *room = (struct room){.loop = loop, .crowd = crowd, .self = self};
        room->conf = conf_ref(conf);
        pools_init(&room->pools, loop, conf, &pool_ops, self);
        room->pools.helpers = crowd->helpers;
        pools_configure(&room->pools, conf, news.tls);
        room->hba = hba_ref(news.hba);
        news_unref(&news);
        statements_init(&room->statements, crowd->statement_key);
        slab_init(&room->clients_slab, "client_cache", sizeof(struct client));
        slab_init(&room->blocks_slab, "block_cache", sizeof(struct block));
        list_init(&room->clients);
        list_init(&room->logins);
        list_init(&room->waiting);
        list_init(&room->held);
        list_init(&room->catching);
        room->random = (uint64_t)clock_us() * 2654435761U + (uint64_t)self + 1;
        read_rules(room);
        queries_resize(&room->queries, (size_t)conf->opt.query_stats_size);
        crowd->rooms[self] = room;
        deadlines_start(room);
}

uint64_t room_random(struct room *room)
{
        uint64_t x = room->random;

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        return room->random = x;
}

struct delivery {
        struct letter letter;
        struct room *to;
        int fd;
        struct address peer;
};

/* It has been counted as one of ours. */
static void receive(struct room *room, int fd, const struct address *peer)
{
        static const char sorry[] = "E\0\0\0\x29SFATAL\0VFATAL\0C53200\0Mout of memory\0";

        if ((!memory_short() || peer->u.any.sa_family == AF_UNIX) && client_new(room, fd, peer))
                return;
        (void)send(fd, sorry, sizeof(sorry), MSG_DONTWAIT | MSG_NOSIGNAL);
        log_warning("a new connection is closed: out of memory");
        close(fd);
        atomic_fetch_sub_explicit(&room->crowd->clients[room->self], 1, memory_order_relaxed);
        atomic_fetch_sub_explicit(&room->crowd->total, 1, memory_order_relaxed);
}

static void open_delivery(struct letter *letter, void *owner)
{
        struct delivery *d = list_item(letter, struct delivery, letter);

        (void)owner;
        receive(d->to, d->fd, &d->peer);
        free(d);
}

/* The worker with the fewest clients; `best` where it has no more than others. */
static int least_busy(struct crowd *crowd, int best)
{
        int least = atomic_load_explicit(&crowd->clients[best], memory_order_relaxed);

        for (int i = 0; i < crowd->workers; i++) {
                int n = atomic_load_explicit(&crowd->clients[i], memory_order_relaxed);

                if (n < least) {
                        least = n;
                        best = i;
                }
        }
        return best;
}

static void count(struct crowd *crowd, int worker)
{
        atomic_fetch_add_explicit(&crowd->clients[worker], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&crowd->total, 1, memory_order_relaxed);
}

static bool deliver(struct crowd *crowd, int worker, int fd, const struct address *peer)
{
        struct delivery *d = calloc(1, sizeof(*d));

        if (d == NULL)
                return false;
        count(crowd, worker);
        d->letter.open = open_delivery;
        d->to = crowd->rooms[worker];
        d->fd = fd;
        d->peer = *peer;
        mailbox_post(&d->to->loop->mailbox, &d->letter);
        return true;
}

/* Clients are dealt evenly: whoever accepts keeps the connection unless another worker has fewer. */
void room_take(struct room *room, int fd, const struct address *peer)
{
        int best = least_busy(room->crowd, room->self);

        if (best != room->self && deliver(room->crowd, best, fd, peer))
                return;
        count(room->crowd, room->self);
        receive(room, fd, peer);
}

void crowd_take(struct crowd *crowd, int fd, const struct address *peer)
{
        if (!deliver(crowd, least_busy(crowd, 0), fd, peer))
                close(fd);
}

static void on_accepted(void *arg, int fd, const struct address *peer)
{
        room_take(arg, fd, peer);
}

void room_listen(struct room *room, const struct listeners *listeners)
{
        room->listeners = listeners;
        room->acceptor = acceptor_new(listeners, room->loop, on_accepted, room);
        if (room->unix_only)
                acceptor_leave_tcp(room->acceptor);
}

void room_unlisten(struct room *room)
{
        acceptor_free(room->acceptor);
        room->acceptor = NULL;
}

void room_unlisten_tcp(struct room *room)
{
        room->unix_only = true;
        acceptor_leave_tcp(room->acceptor);
}

void room_fini(struct room *room)
{
        struct list *node;

        room_unlisten(room);
        deadlines_stop(room);
        while ((node = list_first(&room->clients)) != NULL)
                client_refuse(list_item(node, struct client, in_clients), "57P01",
                              "pgsteer is shutting down");
        pools_fini(&room->pools);
}

void room_free(struct room *room)
{
        struct endpoint *e, *next;

        HASH_ITER (hh, room->endpoints, e, next) {
                HASH_DEL(room->endpoints, e);
                endpoint_free(e);
        }
        pools_free(&room->pools);
        for (size_t i = 0; i < 2; i++)
                if (room->outcome_questions[i] != NULL)
                        statement_unref(&room->statements, room->outcome_questions[i]);
        statements_fini(&room->statements);
        verifiers_forget(room);
        welcome_forget_all();
        stats_free(&room->stats);
        queries_forget(&room->queries);
        nameset_fini(&room->disabled);
        keys_fini(&room->keys);
        slab_fini(&room->clients_slab);
        slab_fini(&room->blocks_slab);
        buf_spares_free(&room->spares);
        lists_free(&room->lists);
        proxies_fini(&room->proxies);
        hba_unref(room->hba);
        conf_unref(room->conf);
}

#include "session/room.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/timer.h"
#include "session/autodb.h"
#include "session/cancel.h"
#include "session/carry.h"
#include "session/entry.h"
#include "session/link.h"
#include "session/loss.h"
#include "session/relay.h"
#include "session/segment.h"
#include "session/welcome.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TICK_MS = 100 };

/* ---- what the pools tell ---- */

static struct client *client_of(struct waiter *w)
{
        return list_item(w, struct client, waiter);
}

static void on_granted(struct waiter *w, struct server *s)
{
        struct client *c = client_of(w);

        if (c->state == CLIENT_WELCOME) {
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
                if (c->state == CLIENT_WELCOME)
                        return; /* the tick asks again */
                /* Health will say more in a moment; until then the segment is held, or goes elsewhere. */
                if (c->repeat == REPEAT_POSSIBLE && c->node >= 0 && c->node < 64) {
                        c->skip_nodes |= UINT64_C(1) << c->node;
                        c->retry_reason = REASON_REROUTED;
                }
                client_move(c, CLIENT_IDLE);
                if (c->repeat != REPEAT_POSSIBLE)
                        segment_hold(c);
                else
                        client_go_on(c);
                return;
        case POOL_REJECTED:
        case POOL_OVERDUE:
                copy.severity = "FATAL";
                client_close(c, &copy, copy.text);
                return;
        }
}

static void on_readable(struct server *s)
{
        if (s->client->state == CLIENT_ACTIVE)
                relay_from_server(s);
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

/* "a, b , c" as a NULL-terminated list; one allocation. */
static const char **split(const char *text)
{
        size_t n = strlen(text), count = 1;
        const char **list;
        char *copy;

        for (size_t i = 0; i < n; i++)
                count += text[i] == ',';
        list = xcalloc(1, (count + 1) * sizeof(*list) + n + 1);
        copy = memcpy((char *)(list + count + 1), text, n + 1);
        count = 0;
        for (char *save = NULL, *word = strtok_r(copy, ", \t", &save); word != NULL;
             word = strtok_r(NULL, ", \t", &save))
                list[count++] = word;
        return list;
}

static bool keeps_minimum(const struct conf *conf)
{
        for (size_t i = 0; i < conf->database_count; i++)
                if (conf->databases[i].min_pool_size > 0)
                        return true;
        return conf->opt.min_pool_size > 0;
}

static void read_rules(struct room *room)
{
        room->keeps_minimum = keeps_minimum(room->conf);
        free(room->rule_lists[0]);
        free(room->rule_lists[1]);
        room->rule_lists[0] = split(room->conf->opt.route_primary);
        room->rule_lists[1] = split(room->conf->opt.route_standby);
        room->rules = (struct classify_rules){room->rule_lists[0], room->rule_lists[1]};
}

void room_publish_tls(struct crowd *crowd, struct tls_pair *tls)
{
        struct tls_pair *old;

        pthread_mutex_lock(&crowd->tls_lock);
        old = crowd->tls;
        crowd->tls = tls_pair_ref(tls);
        pthread_mutex_unlock(&crowd->tls_lock);
        tls_pair_unref(old);
}

static void take_tls(struct room *room)
{
        struct tls_pair *tls;

        pthread_mutex_lock(&room->crowd->tls_lock);
        tls = tls_pair_ref(room->crowd->tls);
        pthread_mutex_unlock(&room->crowd->tls_lock);
        if (tls != NULL)
                pools_take_tls(&room->pools, tls);
        tls_pair_unref(tls);
}

void room_configure(struct room *room, struct conf *conf)
{
        struct conf *old = room->conf;
        struct endpoint *e, *next;

        room->conf = conf_ref(conf);
        pools_configure(&room->pools, conf);
        take_tls(room);
        HASH_ITER (hh, room->endpoints, e, next)
                endpoint_configure(e);
        entry_forget_verifiers(room);
        read_rules(room);
        conf_unref(old);
}

/* ---- time ---- */

static void refuse_held(struct client *c, const char *text)
{
        struct refusal r;

        refusal_set(&r, "ERROR", "57P03", "%s", text);
        r.hint = "SHOW NODES on the console says what was seen on each server.";
        client_move(c, CLIENT_IDLE);
        segment_refuse(c, &r);
}

static void tick_held(struct room *room, int64_t now)
{
        int n = 0;

        list_for_each (node, &room->held)
                n++;
        while (n-- > 0) { /* who is held again goes to the end, and waits for the next tick */
                struct client *c = list_item(room->held.next, struct client, in_phase);
                int64_t since = c->held_us;

                if (c->surplus)
                        refuse_held(c, "no server can take this now, and too many clients are held");
                else if (now - since > room->conf->opt.failover_timeout_us)
                        refuse_held(c, "no server can take this: there is no primary (failover_timeout)");
                else
                        segment_retry(c);
                if (list_empty(&room->held))
                        return;
        }
}

static void tick_logins(struct room *room, int64_t now)
{
        list_for_each_safe (node, &room->logins) {
                struct client *c = list_item(node, struct client, in_phase);
                int64_t wall = clock_wall_us();

                (void)now;
                if (room->conf->opt.client_login_timeout_us > 0 &&
                    wall - c->connected_wall_us > room->conf->opt.client_login_timeout_us)
                        client_refuse(c, "08P01", "client_login_timeout");
                else if (c->state == CLIENT_WELCOME) {
                        entry_ask(c);
                        client_go_on(c);
                }
        }
}

/* Only with a timeout configured is every client looked at. */
static void tick_idle(struct room *room, int64_t now)
{
        if (!room->looks_for_idle)
                return;
        list_for_each_safe (node, &room->clients) {
                struct client *c = list_item(node, struct client, in_clients);
                const struct endpoint *e = c->endpoint;

                if (c->state == CLIENT_IDLE && e->client_idle_timeout_us > 0 && buf_len(&c->in) == 0 &&
                    now - c->since_us > e->client_idle_timeout_us)
                        client_refuse(c, "08P01", "client_idle_timeout");
                else if (c->state == CLIENT_ACTIVE && e->idle_transaction_timeout_us > 0 &&
                         c->server->replies.count == 0 && c->server->tx != 'I' &&
                         now - c->answered_us > e->idle_transaction_timeout_us)
                        client_refuse(c, "25P03", "idle transaction timeout");
        }
}

static void on_tick(void *arg)
{
        struct room *room = arg;
        int64_t now = loop_now(room->loop);

        if (room->suspended)
                return;
        pools_tick(&room->pools);
        endpoints_keep_minimum(room);
        tick_held(room, now);
        tick_logins(room, now);
        tick_idle(room, now);
        autodb_tick(room, now);
}

/* A node that must not be talked to: no answer it still gives may reach a client. */
static void close_lost_nodes(struct room *room, struct endpoint *e)
{
        const struct topology *t = endpoint_topology(e);

        for (int i = 0; i < t->count; i++) {
                const struct topology_node *n = &t->nodes[i];

                if (n->state == NODE_FENCED || n->state == NODE_DOWN)
                        pools_close_node(&room->pools, n->node,
                                         n->state == NODE_FENCED ? "node is fenced" : "node is down");
        }
}

void room_topology_changed(struct room *room)
{
        struct endpoint *e, *next;

        HASH_ITER (hh, room->endpoints, e, next)
                if (e->line != NULL)
                        close_lost_nodes(room, e);
        tick_held(room, loop_now(room->loop));
}

/* ---- lifetime ---- */

void room_init(struct room *room, struct loop *loop, struct conf *conf, struct crowd *crowd, int self)
{
        *room = (struct room){.loop = loop, .crowd = crowd, .self = self};
        room->conf = conf_ref(conf);
        pools_init(&room->pools, loop, conf, &pool_ops, self);
        take_tls(room);
        statements_init(&room->statements, crowd->statement_key);
        slab_init(&room->clients_slab, sizeof(struct client));
        list_init(&room->clients);
        list_init(&room->logins);
        list_init(&room->held);
        room->random = (uint64_t)clock_us() * 2654435761U + (uint64_t)self + 1;
        read_rules(room);
        crowd->rooms[self] = room;
        room->tick = timer_new(loop, on_tick, room);
        timer_every(room->tick, TICK_MS * US_PER_MS);
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

static void open_delivery(struct letter *letter, void *owner)
{
        struct delivery *d = list_item(letter, struct delivery, letter);

        (void)owner;
        client_new(d->to, d->fd, &d->peer);
        free(d);
}

/* Clients are dealt evenly: whoever accepts keeps the connection unless another worker has fewer. */
void room_take(struct room *room, int fd, const struct address *peer)
{
        struct crowd *crowd = room->crowd;
        int best = room->self, least = atomic_load_explicit(&crowd->clients[best], memory_order_relaxed);
        struct delivery *d;

        for (int i = 0; i < crowd->workers; i++) {
                int n = atomic_load_explicit(&crowd->clients[i], memory_order_relaxed);

                if (n < least) {
                        least = n;
                        best = i;
                }
        }
        atomic_fetch_add_explicit(&crowd->clients[best], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&crowd->total, 1, memory_order_relaxed);
        if (best == room->self) {
                client_new(room, fd, peer);
                return;
        }
        d = xcalloc(1, sizeof(*d));
        d->letter.open = open_delivery;
        d->to = crowd->rooms[best];
        d->fd = fd;
        d->peer = *peer;
        mailbox_post(&d->to->loop->mailbox, &d->letter);
}

static void on_accepted(void *arg, int fd, const struct address *peer)
{
        room_take(arg, fd, peer);
}

void room_listen(struct room *room, const struct listeners *listeners)
{
        room->listeners = listeners;
        room->watch = listeners_watch(listeners, room->loop, on_accepted, room);
        if (room->unix_only)
                listeners_unwatch_tcp(room->watch);
}

void room_unlisten(struct room *room)
{
        listeners_unwatch(room->watch);
        room->watch = NULL;
}

void room_unlisten_tcp(struct room *room)
{
        room->unix_only = true;
        listeners_unwatch_tcp(room->watch);
}

void room_fini(struct room *room)
{
        struct list *node;

        room_unlisten(room);
        timer_free(room->tick);
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
        statements_fini(&room->statements);
        entry_forget_verifiers(room);
        welcome_forget_all();
        stats_free(&room->stats);
        nameset_fini(&room->disabled);
        slab_fini(&room->clients_slab);
        free(room->rule_lists[0]);
        free(room->rule_lists[1]);
        conf_unref(room->conf);
}

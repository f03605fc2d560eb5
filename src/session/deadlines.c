#include "session/deadlines.h"

#include "base/clock.h"
#include "net/timer.h"
#include "session/autodb.h"
#include "session/block.h"
#include "session/catchup.h"
#include "session/client.h"
#include "session/delay.h"
#include "session/entry.h"
#include "session/loss.h"
#include "session/segment.h"
#include "wire/writer.h"

/* Timeouts shorter than a tick may be late by one; the others by no more than the spacing. */
static const int64_t TICK_US = 100 * US_PER_MS, SPACING_US = 10 * US_PER_MS;

/* For so many in one look it is over; thousands at once would have all others of this worker wait. */
enum { ENDS_MAX = 100 };

/* One look at everybody: what time it is, when the next deadline after that falls, and how many it is over
 * for. */
struct look {
        struct room *room;
        int64_t now, next;
        int ends;
};

static bool has_come(struct look *look, int64_t moment)
{
        if (look->now >= moment)
                return true;
        if (moment < look->next)
                look->next = moment;
        return false;
}

/* Whether `limit` (0: none) has passed since `since`, and it is this one's turn. */
static bool is_due(struct look *look, int64_t since, int64_t limit)
{
        if (limit <= 0 || !has_come(look, since + limit))
                return false;
        if (look->ends >= ENDS_MAX)
                look->next = look->now;
        return look->ends++ < ENDS_MAX;
}

/* ---- held ---- */

/* What was seen on each node: "host:port: why; ...". */
static void describe_nodes(const struct topology *t, char *out, size_t size)
{
        size_t n = 0;

        out[0] = '\0';
        for (int i = 0; i < t->count && n < size; i++)
                n += (size_t)snprintf(out + n, size - n, "%s%s: %s", i > 0 ? "; " : "",
                                      t->nodes[i].node->name, t->nodes[i].why);
}

static void refuse_held(struct client *c, const char *text)
{
        struct refusal r;
        char seen[1024];

        refusal_set(&r, "ERROR", "57P03", "%s", text);
        describe_nodes(endpoint_topology(c->endpoint), seen, sizeof(seen));
        r.hint = seen;
        if (c->doubt == NULL) /* else it is told something else */
                cluster_pays(c->endpoint->cluster, TOLL_REFUSED);
        client_move(c, block_rest(c));
        segment_refuse(c, &r);
}

/* A wait for a server: true when it is over. */
static bool waits_too_long(struct look *look, struct client *c, int64_t since)
{
        const struct options *opt = &look->room->conf->opt;

        if (is_due(look, since, opt->query_timeout_us))
                client_refuse(c, "08P01", "query_timeout");
        else if (is_due(look, since, c->endpoint->query_wait_timeout_us))
                client_refuse(c, "08P01", "query_wait_timeout");
        return c->state == CLIENT_CLOSED;
}

/* Once a wait, a client is told that it waits. */
static void notify(struct look *look, struct client *c)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);

        if (c->notified || !is_due(look, c->request_us, look->room->conf->opt.query_wait_notify_us))
                return;
        c->notified = true;
        write_notice(&w, "NOTICE", "00000",
                     "No server connection available in postgres backend, client being queued");
        client_send(c, &w);
}

/* Whether one more held client may go on now: those of all workers are spaced by failover_drain_rate, as
 * exactly as workers look at them. */
static bool may_drain(const struct look *look)
{
        _Atomic int64_t *next = &look->room->crowd->drain_us;
        int rate = look->room->conf->opt.failover_drain_rate;
        int64_t at = atomic_load_explicit(next, memory_order_relaxed);

        if (rate == 0)
                return true;
        do {
                if (at > look->now + SPACING_US)
                        return false;
        } while (
            !atomic_compare_exchange_weak(next, &at, (at > look->now ? at : look->now) + US_PER_SEC / rate));
        return true;
}

/* False: it has to wait for its turn, like all behind it. */
static bool retry(struct look *look, struct client *c)
{
        if (endpoint_topology(c->endpoint)->primary >= 0 && !may_drain(look)) {
                look->next = look->now + SPACING_US;
                return false;
        }
        segment_retry(c);
        return true;
}

static void look_at_held(struct look *look)
{
        struct room *room = look->room;
        bool drained = true;
        int n = 0;

        list_for_each (node, &room->held)
                n++;
        while (n-- > 0) { /* who is held again goes to the end, and waits for the next tick */
                struct client *c = list_item(room->held.next, struct client, in_phase);

                if (c->surplus)
                        refuse_held(c, "no server can take this now, and too many clients are held");
                else if (look->now - c->held_us > room->conf->opt.failover_timeout_us)
                        refuse_held(c, "no server can take this: there is no primary (failover_timeout)");
                else if (!waits_too_long(look, c, c->request_us))
                        drained = retry(look, c);
                if (!drained || list_empty(&room->held))
                        return;
        }
}

void deadlines_look_at_held(struct room *room)
{
        struct look look = {room, loop_now(room->loop), INT64_MAX, 0};

        look_at_held(&look);
        if (look.next != INT64_MAX)
                timer_once(room->tick, SPACING_US);
}

/* ---- logins and waits ---- */

static void look_at_logins(struct look *look)
{
        int64_t limit = look->room->conf->opt.client_login_timeout_us;

        list_for_each_safe (node, &look->room->logins) {
                struct client *c = list_item(node, struct client, in_phase);

                if (c->state == CLIENT_DELAYED && has_come(look, delay_due(c))) {
                        delay_end(c);
                        continue;
                }
                if (!client_asks(c)) {
                        if (is_due(look, c->connected_us, limit))
                                client_refuse(c, "08P01", "client_login_timeout");
                        continue;
                }
                if (waits_too_long(look, c, c->since_us))
                        continue;
                if (is_due(look, c->connected_us, limit)) {
                        client_refuse(c, "08P01", "client_login_timeout (server down)");
                } else {
                        entry_ask(c);
                        client_go_on(c);
                }
        }
}

static void look_at_waiting(struct look *look)
{
        list_for_each_safe (node, &look->room->waiting) {
                struct client *c = list_item(node, struct client, in_phase);

                if (!waits_too_long(look, c, c->request_us))
                        notify(look, c);
        }
}

/* ---- those with a server, and the idle ---- */

/* PgBouncer's order, texts and starting points: a query is as old as what the client said last. */
static const char *overdue(struct look *look, const struct client *c)
{
        const struct endpoint *e = c->endpoint;
        bool idle = c->server == NULL || (c->server->replies.count == 0 && !c->in_segment);

        if (is_due(look, c->heard_us, e->query_timeout_us))
                return "query timeout";
        if (idle && is_due(look, c->answered_us, e->idle_transaction_timeout_us))
                return "idle transaction timeout";
        if (is_due(look, c->tx_us, e->transaction_timeout_us))
                return "transaction timeout";
        return NULL;
}

static void look_at_server_of(struct look *look, struct client *c)
{
        const char *why;

        if (!client_has_rest(c))
                why = overdue(look, c);
        else
                why = look->room->conf->opt.server_fast_close && server_is_outdated(c->server)
                          ? "database configuration changed"
                          : NULL;
        if (why != NULL)
                loss_expel(c, why);
}

/* Only with a timeout configured is every client looked at. */
static void look_at_everybody(struct look *look)
{
        struct room *room = look->room;

        if (!room->looks_at_everybody && !room->conf->opt.server_fast_close)
                return;
        list_for_each_safe (node, &room->clients) {
                struct client *c = list_item(node, struct client, in_clients);

                switch (c->state) {
                case CLIENT_IDLE:
                        if (is_due(look, buf_len(&c->in) > 0 ? c->heard_us : c->since_us,
                                   c->endpoint->client_idle_timeout_us))
                                client_refuse(c, "08P01", "client_idle_timeout");
                        break;
                case CLIENT_SETTING:
                case CLIENT_ASKING:
                case CLIENT_ACTIVE: look_at_server_of(look, c); break;
                case CLIENT_ABORTED:
                case CLIENT_BEGUN: {
                        const char *why = overdue(look, c);

                        if (why != NULL)
                                client_refuse(c, "08P01", why);
                        break;
                }
                case CLIENT_STARTUP:
                case CLIENT_GATE:
                case CLIENT_RESOLVE:
                case CLIENT_LOOKUP:
                case CLIENT_AUTH:
                case CLIENT_DELAYED:
                case CLIENT_INQUIRY:
                case CLIENT_WELCOME:
                case CLIENT_WAITING:
                case CLIENT_HELD:
                case CLIENT_CATCHING:
                case CLIENT_CLOSED:
                case CLIENT_STATES: break;
                }
        }
}

/* ---- the tick ---- */

static void on_tick(void *arg)
{
        struct room *room = arg;
        int64_t now = loop_now(room->loop), next;
        struct look look = {room, now, now + TICK_US, 0};

        if (room->suspended) {
                timer_once(room->tick, TICK_US);
                return;
        }
        next = pools_tick(&room->pools);
        if (next < look.next)
                look.next = next;
        room_tick(room);
        endpoints_keep_minimum(room);
        look_at_held(&look);
        catchup_look(room);
        look_at_logins(&look);
        look_at_waiting(&look);
        look_at_everybody(&look);
        autodb_tick(room, now);
        timer_once(room->tick, look.next - now < SPACING_US ? SPACING_US : look.next - now);
}

void deadlines_start(struct room *room)
{
        room->tick = timer_new(room->loop, on_tick, room);
        timer_once(room->tick, TICK_US);
}

void deadlines_stop(struct room *room)
{
        timer_free(room->tick);
        room->tick = NULL;
}

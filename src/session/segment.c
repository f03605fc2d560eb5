#include "session/segment.h"

#include "base/check.h"
#include "base/clock.h"
#include "router/route.h"
#include "session/block.h"
#include "session/bound.h"
#include "session/carry.h"
#include "session/catchup.h"
#include "session/control.h"
#include "session/doubt.h"
#include "session/facts.h"
#include "session/gather.h"
#include "session/greeting.h"
#include "session/link.h"
#include "session/relay.h"
#include "session/route_log.h"
#include "session/split.h"
#include "session/wishes.h"
#include "wire/writer.h"

#include <string.h>

enum {
        REPEAT_BYTES_MAX = 16384, /* a larger one is not kept to be run again, nor more of a pipeline */
};

/* ---- deciding ---- */

static struct route decide(struct client *c, const struct segment *seg)
{
        struct endpoint *e = c->endpoint;
        const struct topology *t = endpoint_topology(e);
        struct block *b = c->block;
        const struct block *apart = b != NULL && b->stage == BLOCK_APART ? b : NULL;
        struct facts with_begin;
        struct route_question q = {
            .facts = &seg->facts,
            .target = e->target,
            .single = e->single,
            .session_pool = e->pool_mode == POOL_SESSION,
            .pinned = c->pins != 0,
            .session_hint = c->hint,
            .session_access = c->access,
            .session_isolation = c->isolation,
            .force_primary = c->force_primary,
            .skip = c->skip_nodes,
            .stay = apart != NULL ? apart->node + 1 : 0,
            .stay_floor_us = apart != NULL ? apart->floor_us : 0,
            .reads_need_standby = c->room->conf->opt.reads_need_standby,
            .balance = {.terms = &e->terms,
                        .now_us = loop_now(c->room->loop),
                        .slow_start_us = c->room->conf->opt.slow_start_us,
                        .random = room_random(c->room)},
        };
        struct route route;

        if (c->doubt != NULL)
                return (struct route){ROUTE_PRIMARY, t->primary, REASON_OUTCOME};
        if (b != NULL && apart == NULL) {
                with_begin = block_facts(b, &seg->facts);
                q.facts = &with_begin;
        }
        floor_ask(c, &q);
        route = route_decide(&q, t);
        if (c->force_primary || c->skip_nodes != 0)
                route.reason = c->retry_reason;
        if (route.reason == REASON_FRESHNESS)
                cluster_want_fresh(e->cluster, loop_now(c->room->loop));
        return route;
}

void segment_hold(struct client *c, enum route_target wanted)
{
        struct crowd *crowd = c->room->crowd;

        c->held_for = wanted;
        if (c->held_us == 0) {
                c->held_us = loop_now(c->room->loop);
                c->endpoint->stats->n.holds++;
                cluster_pays(c->endpoint->cluster, TOLL_HELD);
                /* Refused by the room's next tick: here its bytes may not be in c->in yet. Who has been held
                 * before has its place. */
                c->surplus = atomic_load_explicit(&crowd->held, memory_order_relaxed) >=
                             c->room->conf->opt.failover_queue_size;
        }
        client_move(c, CLIENT_HELD);
}

/* What changes nothing the relay has to follow need not be looked at again there. */
static size_t known_bytes(const struct client *c, const struct segment *seg)
{
        const struct facts *f = &seg->facts;
        bool dull = f->setting == SETTING_NONE && f->pins == 0 && f->unpins == 0 && f->deallocate.n == 0 &&
                    f->execute.n == 0 && f->show.n == 0 && f->savepoint == SAVEPOINT_KEEP &&
                    f->tx == TX_KEEP && !f->writes;

        return dull || !gather_wants_facts(c) ? seg->size : 0;
}

/* A read, which may run any number of times. */
static bool is_read(const struct facts *f)
{
        return f->class != CLASS_WRITE && f->tx == TX_KEEP;
}

/* Nothing of it is left, in the server or in the session, when its transaction is aborted, and it does not
 * end that. */
static bool is_undone(const struct facts *f)
{
        return !f->commits && !f->piecewise && (f->pins | f->unpins) == 0 && f->savepoint == SAVEPOINT_KEEP &&
               !f->copy_from_stdin && f->deallocate.n == 0;
}

/* A read, or what the client says is one, or a BEGIN alone, which has done nothing yet. */
static bool is_repeatable(const struct facts *f, const struct route *route)
{
        return is_read(f) || (f->tx == TX_BEGIN && f->statements == 1) ||
               (route->target == ROUTE_STANDBY && route->reason == REASON_HINT_STANDBY &&
                f->reason == REASON_FUNCTION && f->tx == TX_KEEP && is_undone(f));
}

/* Nothing in its answer tells what anybody has written. */
static bool is_blind(const struct facts *f)
{
        return f->statements <= 1 && f->tx == TX_KEEP && f->pins == 0 &&
               (f->reason == REASON_SESSION_STATE || f->reason == REASON_NOTHING);
}

/* The beginning of a transaction, without its end. */
static bool is_beginning(const struct client *c, const struct facts *f)
{
        return is_undone(f) && (c->block != NULL ? f->tx != TX_END : f->tx == TX_BEGIN);
}

/* How it may be run again. What a standby has refused is no read, whatever it looks like. */
static enum repeat repeat_of(const struct client *c, const struct segment *seg, const struct route *route)
{
        if (!seg->whole || seg->flush || seg->size > REPEAT_BYTES_MAX || !c->endpoint->cluster->probed ||
            c->endpoint->pool_mode == POOL_SESSION)
                return REPEAT_NO;
        if (is_repeatable(&seg->facts, route) && !c->force_primary)
                return REPEAT_POSSIBLE;
        if (is_beginning(c, &seg->facts))
                return REPEAT_IF_LOST;
        return seg->facts.tx == TX_KEEP && is_undone(&seg->facts) ? REPEAT_IF_ABORTED : REPEAT_NO;
}

static void note_route(struct client *c, const struct segment *seg, const struct route *route)
{
        const struct facts *f = &seg->facts;

        c->endpoint->stats->n.routes[route->target][route->reason]++;
        if (f->lacks && c->endpoint->home != NULL)
                catalog_home_doubt(c->endpoint->home, CATALOG_LACKS);
        c->reading = f->class == CLASS_READ || route->target == ROUTE_STANDBY;
        /* Else the relay finds out, message by message. */
        c->wrote = c->writes = c->force_primary || f->reason == REASON_LEARNED;
        c->open = c->commits = false;
        c->repeat = repeat_of(c, seg, route);
        c->several = f->statements > 1;
        c->blind = is_blind(f);
        c->replay_size = c->repeat != REPEAT_NO ? seg->size : 0;
        c->known = known_bytes(c, seg);
}

static void begin(struct client *c, struct server *s, int node)
{
        struct node *n = s->pool->node;

        link_join(c, s, node);
        if (c->held_us != 0) {
                c->endpoint->stats->n.held_us += (uint64_t)(loop_now(c->room->loop) - c->held_us);
                cluster_pays(c->endpoint->cluster, TOLL_DRAINED);
        }
        c->held_us = 0;
        c->endpoint->stats->n.server_assignment_count++;
        latency_add(&s->pool->latency, LATENCY_WAIT, loop_now(c->room->loop) - c->request_us);
        atomic_fetch_add_explicit(c->reading ? &n->reads : &n->writes, 1, memory_order_relaxed);
        if (!carry_begin(c, c->settings))
                return;
        if (c->state != CLIENT_ACTIVE)
                client_move(c, CLIENT_ACTIVE);
        greeting_retell(c);
}

/* `p` are the segment's bytes. */
static void go(struct client *c, const struct segment *seg, const uint8_t *p)
{
        struct route route;
        struct refusal r;
        struct server *s;
        struct pool *pool;

        if (c->block != NULL)
                c->block->stage = seg->whole && !seg->flush && split_may(c, &seg->facts, p, seg->size)
                                      ? BLOCK_APART
                                      : BLOCK_OPENING;
        route = decide(c, seg);
        if (catchup_waits(c, &route))
                return;
        note_route(c, seg, &route);
        if (route.node >= 0 || c->held_us == 0) /* who is held decides again and again */
                route_log(c, &seg->facts, &route, seg->text);
        if (route.node < 0) {
                segment_hold(c, route.target);
                return;
        }
        c->node = route.node;
        c->on_primary = route.node == c->endpoint->topology->primary;
        pool = endpoint_pool(c->endpoint, route.node);
        if (pool_refuses(pool, &r)) {
                client_close(c, &r, r.text);
                return;
        }
        s = pool_lease(pool, &c->waiter, c->settings);
        if (s == NULL)
                client_move(c, CLIENT_WAITING);
        else
                begin(c, s, route.node);
}

void segment_take_primary(struct client *c)
{
        go(c, &(struct segment){.facts = {.class = CLASS_WRITE, .reason = REASON_OUTCOME}}, NULL);
}

static void answer_sync(struct client *c)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);

        write_ready(&w, c->tx);
        client_send(c, &w);
}

/* Nothing to skip to and nothing to drop: the usual case. Else how many bytes went that way. */
static size_t take_skipped(struct client *c, const uint8_t *p, size_t n)
{
        struct msg m;
        size_t used;

        if (!client_unserved(c, p, n, &m, &used))
                return used;
        if (m.type == FE_SYNC && c->skip_to_sync) {
                c->skip_to_sync = false;
                answer_sync(c);
        }
        c->drop = m.size - m.have;
        return m.have;
}

/* Whether a transaction block is here, or may begin here. */
static bool begins_here(const struct client *c, const struct segment *seg)
{
        return c->block != NULL || (seg->facts.tx != TX_KEEP && block_allowed(c));
}

/* Answers the segment at `p` with an error. Returns how many bytes are through with; the client may be
 * closed. */
static size_t turn_down(struct client *c, const struct segment *seg, const uint8_t *p,
                        const struct refusal *r)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);
        struct msg m;
        size_t at = 0;
        bool ended = false;

        while (at < seg->size && msg_peek(p + at, seg->size - at, &m) == STATUS_OK) {
                at += m.have;
                c->drop = m.size - m.have;
                ended = m.type == FE_QUERY || m.type == FE_SYNC || m.type == FE_FUNCTION;
        }
        c->skip_to_sync = !ended;
        c->held_us = c->catching_us = 0;
        c->skip_nodes = 0;
        c->force_primary = false;
        client_log_error(c, r);
        write_refusal(&w, r);
        if (c->block != NULL) {
                c->tx = 'E';
                client_move(c, CLIENT_ABORTED);
        }
        if (ended)
                write_ready(&w, c->tx);
        client_send(c, &w);
        return at;
}

/* What the session sets of ours is taken when it is understood, and a floor from another session when we know
 * that it can be. False: *used bytes are through with. */
static bool take_own_setting(struct client *c, const struct segment *seg, const uint8_t *p, size_t *used)
{
        const struct facts *facts = &seg->facts;
        char space[BOUND_TEXT_MAX];
        struct facts bound;
        struct refusal r;
        enum floor_verdict verdict;

        *used = 0;
        if (facts->setting == SETTING_NONE)
                return true;
        if (facts->setting == SETTING_BOUND && bound_facts(c, p, seg->size, space, &bound))
                facts = &bound;
        verdict = wishes_weigh(facts, &r) ? floor_weigh(c, facts, &r) : FLOOR_REFUSED;
        if (verdict == FLOOR_TAKEN)
                return true;
        if (verdict == FLOOR_REFUSED)
                *used = turn_down(c, seg, p, &r);
        else if (c->endpoint->topology->primary >= 0)
                catchup_await(c);
        else
                segment_hold(c, ROUTE_PRIMARY);
        return false;
}

size_t segment_take(struct client *c, const uint8_t *p, size_t n)
{
        struct segment seg;
        struct msg first;
        size_t answered, used;

        /* Copy messages outside a copy are what a client sent before it learned that its COPY failed. */
        if (c->drop > 0 || c->skip_to_sync || msg_is_copy((char)p[0]))
                return take_skipped(c, p, n);
        if (c->endpoint->line == NULL) {
                client_refuse(c, "08P01", "database configuration changed");
                return n;
        }
        if (!client_peek(c, p, n, &first))
                return c->state == CLIENT_CLOSED ? n : 0;
        switch (gather(c, p, n, &seg)) {
        case GATHER_MORE: return 0;
        case GATHER_BROKEN: client_refuse(c, "08P01", "unknown pkt"); return n;
        case GATHER_END: client_close(c, NULL, "client close request"); return n;
        case GATHER_READY: break;
        }
        if (c->pass == 0 && seg.only_sync) {
                answer_sync(c);
                return seg.size;
        }
        if (begins_here(c, &seg) && (answered = control_take(c, p, seg.size)) > 0)
                return c->state == CLIENT_CLOSED ? n : answered;
        if (seg.flush && seg.size == MSG_HEAD)
                return seg.size; /* nothing to flush */
        if (c->skip_nodes == 0 && !c->force_primary && c->held_us == 0 &&
            c->catching_us == 0) { /* else it has been here before */
                c->request_us = loop_now(c->room->loop);
                if (c->block == NULL)
                        c->tx_us = c->request_us;
                c->notified = false;
        }
        if (!take_own_setting(c, &seg, p, &used))
                return c->state == CLIENT_CLOSED ? n : used;
        go(c, &seg, p);
        return 0;
}

/* Whether the node is still what it was when the client chose to wait for it. */
static bool is_outdated(struct client *c, const struct server *s)
{
        struct endpoint *e = c->endpoint;
        const struct topology *t;

        if (e->line == NULL)
                return true;
        t = endpoint_topology(e);
        return c->node >= t->count || e->cluster->nodes[c->node] != s->pool->node ||
               t->nodes[c->node].state == NODE_FENCED || (c->on_primary && t->primary != c->node);
}

void segment_granted(struct client *c, struct server *s)
{
        int node = c->node;

        if (is_outdated(c, s)) {
                client_move(c, block_rest(c));
                server_close(s, "node has changed its role");
                client_go_on(c);
                return;
        }
        c->endpoint->stats->n.wait_time += (uint64_t)(loop_now(c->room->loop) - c->request_us);
        begin(c, s, node);
        if (c->state == CLIENT_ACTIVE)
                client_go_on(c);
}

void segment_retry(struct client *c)
{
        if (c->state == CLIENT_HELD)
                client_move(c, block_rest(c));
        c->skip_nodes = 0; /* time has passed: who failed may serve again */
        client_go_on(c);
}

enum status segment_follow(struct client *c, const uint8_t *p, size_t n)
{
        struct segment seg;

        if ((c->repeat != REPEAT_POSSIBLE && c->repeat != REPEAT_BEGUN) ||
            gather(c, p, n, &seg) != GATHER_READY || !seg.whole || seg.flush || !is_read(&seg.facts) ||
            seg.facts.hint == HINT_PRIMARY)
                return STATUS_AGAIN;
        if (seg.unnamed && buf_len(&c->unnamed) > 0) /* which one that is kept may have bound */
                return STATUS_AGAIN;
        if (buf_append(&c->server->replay, p, seg.size, REPEAT_BYTES_MAX) != STATUS_OK)
                return STATUS_AGAIN;
        c->several = c->several || seg.facts.statements > 1;
        c->known = known_bytes(c, &seg);
        c->endpoint->stats->n.routes[ROUTE_STANDBY][seg.facts.reason]++;
        route_log(c, &seg.facts, &(struct route){ROUTE_STANDBY, c->node, seg.facts.reason}, seg.text);
        return STATUS_OK;
}

void segment_refuse(struct client *c, const struct refusal *r)
{
        struct segment seg;
        const uint8_t *p = buf_data(&c->in);
        size_t used;

        CHECK(c->state == CLIENT_IDLE || c->state == CLIENT_BEGUN);
        if (c->doubt != NULL) {
                doubt_give_up(c, r->text);
                return;
        }
        if (gather(c, p, buf_len(&c->in), &seg) == GATHER_READY) {
                used = turn_down(c, &seg, p, r);
                if (c->state == CLIENT_CLOSED)
                        return;
                buf_consume(&c->in, used);
        }
        client_go_on(c);
}

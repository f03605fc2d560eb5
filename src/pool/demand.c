#include "pool/demand.h"

#include "base/check.h"
#include "base/memory.h"
#include "pool/pool.h"
#include "pool/solo.h"

#include <stdlib.h>
#include <string.h>

/* ---- letters between workers' pools ---- */

enum request_kind {
        REQUEST_SERVER,  /* the pool `asker` of worker `from` wants an idle server */
        REQUEST_EVICT,   /* it wants one closed, since the two share a budget or are the same pool */
        REQUEST_LOOK,    /* answer: none here any more; or: the quota has room again */
        REQUEST_EVICTED, /* answer: one is closed, or there is none */
};

struct request {
        struct letter letter;
        enum request_kind kind;
        struct pools *to;
        struct quota *quota; /* of the pool it is for */
        struct quota *asker;
        int from;
};

static struct pool *find(struct pools *pools, const struct quota *quota)
{
        struct pool *pool;

        HASH_FIND_PTR(pools->pools, &quota, pool);
        return pool;
}

static void post_answer(struct request *request, enum request_kind kind)
{
        request->kind = kind;
        request->to = request->to->peers[request->from];
        request->quota = request->asker;
        mailbox_post(&request->to->loop->mailbox, &request->letter);
}

/* False: the request has become an answer, which is under way. */
static bool carry_out(struct request *request, struct pool *pool)
{
        struct server *s;
        bool free_here = pool != NULL && list_empty(&pool->queue) && pool->idle_count > 0;

        switch (request->kind) {
        case REQUEST_SERVER:
                if (!free_here) {
                        post_answer(request, REQUEST_LOOK);
                        return false;
                }
                s = list_item(pool->idle.next, struct server, in_pool);
                s->unchecked = pool_must_check(pool, s);
                demand_send(pool, s, request->from);
                return true;
        case REQUEST_EVICT:
                if (free_here && (request->asker == request->quota || demand_elsewhere(pool, INT64_MAX)))
                        pool_evict(pool);
                post_answer(request, REQUEST_EVICTED);
                return false;
        case REQUEST_LOOK:
        case REQUEST_EVICTED:
                if (pool == NULL)
                        return true;
                if (request->kind == REQUEST_EVICTED)
                        pool->evicting = false;
                else
                        pool->asked = 0;
                demand_serve(pool);
                return true;
        }
        return true;
}

static void open_request(struct letter *letter, void *owner)
{
        struct request *request = list_item(letter, struct request, letter);

        (void)owner;
        if (carry_out(request, find(request->to, request->quota)))
                free(request);
}

static void post_request(struct pool *pool, enum request_kind kind, struct call to)
{
        struct request *request = xcalloc(1, sizeof(*request));

        request->letter.open = open_request;
        request->kind = kind;
        request->to = pool->home->peers[to.worker];
        request->quota = to.quota;
        request->asker = pool->quota;
        request->from = pool->home->self;
        mailbox_post(&request->to->loop->mailbox, &request->letter);
}

static void open_server(struct letter *letter, void *owner)
{
        struct server *s = list_item(letter, struct server, letter);
        struct pool *pool = find(s->moving_to, s->pool->quota);

        (void)owner;
        CHECK(pool != NULL); /* it has asked, or its clients wait; pools stay while workers run */
        if (pool->asked > 0)
                pool->asked--;
        s->pool = pool;
        s->applied = settings_from_blob(&pool->home->settings, sv_from(s->moving_settings, s->moving_size));
        free(s->moving_settings);
        s->moving_settings = NULL;
        server_attach(s);
        pool_give_back(s);
        if (pool->queue_count > 0)
                demand_serve(pool); /* one is asked for at a time */
}

void demand_send(struct pool *pool, struct server *s, int worker)
{
        struct sv blob = settings_blob(s->applied);

        CHECK(!s->wants && buf_len(&s->in) == 0);
        server_move(s, SERVER_MOVING);
        pool_publish_idle(pool);
        stream_detach(&s->stream);
        s->moving_settings = xmalloc(blob.n);
        s->moving_size = blob.n;
        if (blob.n > 0)
                memcpy(s->moving_settings, blob.p, blob.n);
        settings_unref(&pool->home->settings, s->applied);
        s->applied = NULL;
        s->moving_to = pool->home->peers[worker];
        s->letter.open = open_server;
        mailbox_post(&s->moving_to->loop->mailbox, &s->letter);
}

void demand_wake(struct pool *pool, int worker)
{
        post_request(pool, REQUEST_LOOK, (struct call){pool->quota, worker});
}

/* ---- room ---- */

void demand_tell(struct pool *pool)
{
        struct call call[BUDGET_KINDS];
        int n = quota_next(pool->quota, call);

        /* By letter to our own pools, too: we may be in the middle of something. */
        while (n-- > 0)
                post_request(pool, REQUEST_LOOK, call[n]);
}

void demand_drop(struct pool *pool)
{
        if (pool->blocked.by == NULL)
                return;
        quota_unblock(&pool->blocked);
        demand_tell(pool);
}

bool demand_elsewhere(const struct pool *pool, int64_t since_us)
{
        for (int i = 0; i < BUDGET_KINDS; i++)
                if (budget_oldest(pool->quota->budget[i]) < since_us)
                        return true;
        return false;
}

/* ---- a new connection ---- */

/* For how many of those who wait a server is on its way: one that logs in for whoever comes first, moves, or
 * is reset or tried. */
static int coming(const struct pool *pool)
{
        return pool->login_count - pool->solo_logins + pool->asked + pool->resetting_count;
}

/* The client that the next connection would be for: those before it have one coming. */
static struct waiter *next_waiter(const struct pool *pool)
{
        struct list *node = pool->queue.next;

        for (int n = coming(pool); n > 0; n--)
                node = node->next;
        return list_item(node, struct waiter, in_queue);
}

/* The pool has all the connections it may have, but this client has waited so long that it may have more. */
static bool take_reserve(struct pool *pool, struct waiter *w)
{
        int64_t timeout = pool->home->conf->opt.reserve_pool_timeout_us;
        int limit = atomic_load_explicit(&pool->quota->limit, memory_order_relaxed);
        int reserve = atomic_load_explicit(&pool->quota->reserve, memory_order_relaxed);

        if (timeout <= 0 || reserve <= 0 || loop_now(pool->home->loop) - w->since_us < timeout ||
            quota_take(pool->quota, limit + reserve, &pool->blocked, w->since_us) != QUOTA_TAKEN)
                return false;
        pool->home->ops->reserving(w);
        return true;
}

void demand_make_room(struct pool *pool, const struct blocked *blocked)
{
        struct call call;

        if (pool->evicting || !quota_find_idle(blocked, &call))
                return;
        pool->evicting = true;
        post_request(pool, REQUEST_EVICT, call);
}

void demand_evict(struct pool *pool)
{
        uint64_t idle = atomic_load(&pool->quota->idle) & ~pool_bit(pool);

        if (pool->evicting || idle == 0)
                return;
        pool->evicting = true;
        post_request(pool, REQUEST_EVICT, (struct call){pool->quota, __builtin_ctzll(idle)});
}

/* False: the limits do not let it. */
static bool open_one(struct pool *pool)
{
        struct waiter *w = next_waiter(pool);
        int limit = atomic_load_explicit(&pool->quota->limit, memory_order_relaxed);
        enum quota_answer answer = quota_take(pool->quota, limit, &pool->blocked, w->since_us);

        if (answer == QUOTA_TAKEN || (answer == QUOTA_FULL && take_reserve(pool, w))) {
                server_open(pool);
                return true;
        }
        if (pool->blocked.by != NULL)
                demand_make_room(pool, &pool->blocked);
        return false;
}

static void serve(struct pool *pool)
{
        int missing = pool->queue_count - coming(pool);
        uint64_t idle;

        if (pool->paused || pool->line == NULL || missing <= 0) {
                quota_unblock(&pool->blocked);
                return;
        }
        while (missing > 0 && pool->idle_count > 0) { /* they are here because they must be tried first */
                pool_check_one(pool);
                missing--;
        }
        /* As PgBouncer: until a login has gone well, one tries at a time. */
        if (pool_is_plain(pool) && !pool->proven)
                missing = pool->login_count > pool->solo_logins ? 0 : 1;
        while (missing-- > 0) {
                idle = pool_alone(pool) ? 0 : atomic_load(&pool->quota->idle) & ~pool_bit(pool);
                if (idle != 0) { /* one at a time: its mask is only a hint */
                        post_request(pool, REQUEST_SERVER, (struct call){pool->quota, __builtin_ctzll(idle)});
                        pool->asked++;
                        return;
                }
                if (loop_now(pool->home->loop) < pool->retry_us) {
                        quota_unblock(&pool->blocked);
                        return;
                }
                if (!open_one(pool))
                        return;
        }
}

void demand_serve(struct pool *pool)
{
        const struct budget *before = pool->blocked.by;
        bool solo_first = solo_is_first(pool);

        if (solo_first)
                solo_serve(pool);
        serve(pool);
        if (!solo_first)
                solo_serve(pool);
        if (before != NULL && before != pool->blocked.by)
                demand_tell(pool); /* the room that was kept for us may be another's now */
}

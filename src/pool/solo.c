#include "pool/solo.h"

#include "base/check.h"
#include "pool/demand.h"
#include "pool/pool.h"

static struct waiter *waiter_of(struct list *node)
{
        return list_item(node, struct waiter, in_queue);
}

void solo_wait(struct pool *pool, struct waiter *w, enum replication kind, const struct buf *params)
{
        CHECK(w->pool == NULL && kind != REPLICATION_NONE);
        w->pool = pool;
        w->since_us = loop_now(pool->home->loop);
        w->replication = kind;
        w->params = params;
        list_append(&pool->solo_queue, &w->in_queue);
        pool->solo_count++;
        demand_serve(pool);
}

/* The two no longer know each other. */
static void part(struct server *s)
{
        s->owner->opening = NULL;
        s->owner = NULL;
        s->pool->solo_logins--;
}

static void leave(struct waiter *w)
{
        struct pool *pool = w->pool;
        bool blocked = pool->solo_blocked.by != NULL;

        list_unlink(&w->in_queue);
        w->pool = NULL;
        w->replication = REPLICATION_NONE;
        if (--pool->solo_count == 0 && blocked) {
                quota_unblock(&pool->solo_blocked);
                demand_tell(pool);
        }
}

void solo_cancel(struct waiter *w)
{
        struct server *s = w->opening;

        leave(w);
        if (s != NULL) {
                part(s);
                server_close(s, "replication client disconnected");
        }
}

/* ---- opening ---- */

static bool open_for(struct pool *pool, struct waiter *w)
{
        int limit = atomic_load_explicit(&pool->quota->limit, memory_order_relaxed);
        enum quota_answer answer;
        struct server *s;

        while ((answer = quota_take(pool->quota, limit, &pool->solo_blocked, w->since_us)) == QUOTA_FULL &&
               pool->idle_count > 0)
                pool_evict(pool);
        switch (answer) {
        case QUOTA_TAKEN:
                s = server_open(pool);
                s->replication = w->replication;
                s->owner = w;
                w->opening = s;
                pool->solo_logins++;
                pool->solo_open++;
                return true;
        case QUOTA_FULL: demand_evict(pool); return false;
        case QUOTA_BLOCKED: demand_make_room(pool, &pool->solo_blocked); return false;
        }
        return false;
}

void solo_serve(struct pool *pool)
{
        if (pool->solo_count == 0 || pool->solo_serving)
                return;
        if (pool->paused || pool->line == NULL || loop_now(pool->home->loop) < pool->retry_us) {
                quota_unblock(&pool->solo_blocked);
                return;
        }
        pool->solo_serving = true; /* what is evicted makes the pool look for work again */
        list_for_each (node, &pool->solo_queue)
                if (waiter_of(node)->opening == NULL && !open_for(pool, waiter_of(node)))
                        break;
        pool->solo_serving = false;
}

bool solo_is_first(const struct pool *pool)
{
        const struct list *head = list_first(&pool->queue);

        if (pool->solo_count == pool->solo_logins)
                return false;
        list_for_each (node, &pool->solo_queue)
                if (waiter_of(node)->opening == NULL)
                        return head == NULL || waiter_of(node)->since_us <
                                                   list_item(head, const struct waiter, in_queue)->since_us;
        return false;
}

/* ---- what becomes of it ---- */

void solo_ready(struct server *s)
{
        struct waiter *w = s->owner;

        if (w == NULL) {
                server_close(s, "replication client was closed");
                return;
        }
        part(s);
        leave(w);
        server_move(s, SERVER_LEASED);
        s->pool->home->ops->granted(w, s);
}

void solo_refused(struct server *s, const struct refusal *r)
{
        struct waiter *w = s->owner;
        struct refusal copy = *r;

        if (w == NULL)
                return;
        part(s);
        leave(w);
        server_close(s, copy.text); /* first: the client's end may be what somebody waits for */
        s->pool->home->ops->failed(w, POOL_REJECTED, &copy);
}

void solo_fail_all(struct pool *pool, enum pool_trouble trouble, const struct refusal *r)
{
        struct refusal copy = *r;

        for (int n = pool->solo_count; n > 0 && pool->solo_count > 0; n--) {
                struct waiter *w = waiter_of(pool->solo_queue.next);

                if (w->opening != NULL)
                        part(w->opening);
                leave(w);
                pool->home->ops->failed(w, trouble, &copy);
        }
}

void solo_closed(struct server *s)
{
        if (s->owner != NULL)
                part(s);
        s->pool->solo_open--;
}

void solo_close_outdated(struct pool *pool)
{
        if (pool->solo_open == 0)
                return;
        list_for_each_safe (node, &pool->leased) {
                struct server *s = list_item(node, struct server, in_pool);

                if (s->replication != REPLICATION_NONE && server_is_outdated(s))
                        pool->home->ops->lost(s, "database configuration changed");
        }
}

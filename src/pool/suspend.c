/* SUSPEND of a worker's servers. */
#include "pool/pool.h"

static bool at_rest(const struct server *s)
{
        return buf_len(&s->in) == 0 && s->pass == 0 && s->swallow == 0 && stream_unsent(&s->stream) == 0;
}

/* Stops reading from those of a list whose buffers are empty; returns how many are not. */
static int hold(struct pool *pool, struct list *list, bool force)
{
        int busy = 0;

        list_for_each_safe (node, list) {
                struct server *s = list_item(node, struct server, in_pool);

                if (at_rest(s))
                        stream_hold(&s->stream, true);
                else if (!force)
                        busy++;
                else if (s->state == SERVER_LEASED)
                        pool->home->ops->lost(s, "suspend_timeout");
                else
                        server_close(s, "suspend_timeout");
        }
        return busy;
}

void pools_serve_waiting(struct pools *pools)
{
        struct pool *pool, *next;

        HASH_ITER (hh, pools->pools, pool, next)
                pool_retry(pool);
}

int pools_suspend(struct pools *pools, bool force)
{
        struct pool *pool, *next;
        int busy = 0;

        HASH_ITER (hh, pools->pools, pool, next) {
                busy += hold(pool, &pool->leased, force);
                busy += hold(pool, &pool->idle, force);
                list_for_each_safe (node, &pool->resetting)
                        server_close(list_item(node, struct server, in_pool),
                                     "close unsafe file descriptors on suspend");
        }
        return busy;
}

static void let_go(struct list *list)
{
        list_for_each_safe (node, list)
                stream_hold(&list_item(node, struct server, in_pool)->stream, false);
}

void pools_wake(struct pools *pools)
{
        struct pool *pool, *next;

        HASH_ITER (hh, pools->pools, pool, next) {
                let_go(&pool->leased);
                let_go(&pool->idle);
                let_go(&pool->resetting);
                let_go(&pool->parked);
                pool_retry(pool);
        }
}

/* The tick of a worker's pools: what must not last too long, what is too old, and what is to be kept ready.
 */
#include "base/clock.h"
#include "pool/hosts.h"
#include "pool/pool.h"
#include "pool/solo.h"

/* As in PgBouncer, where the wait for TCP ends in another way than the wait for the login. */
static const char *overdue(const struct server *s)
{
        return s->dial != NULL && !dial_is_resolving(s->dial) ? "connect failed" : "connect timeout";
}

/* One look at the pools: what time it is, and when the next timeout after that falls. */
struct look {
        int64_t now, next;
};

/* Whether `limit` has passed since `since`. */
static bool is_due(struct look *look, int64_t since, int64_t limit)
{
        if (look->now - since >= limit)
                return true;
        if (since + limit < look->next)
                look->next = since + limit;
        return false;
}

static void tick_logins(struct pool *pool, struct look *look)
{
        int64_t limit = pool->home->conf->opt.server_connect_timeout_us;
        struct refusal r;

        list_for_each_safe (node, &pool->login) {
                struct server *s = list_item(node, struct server, in_pool);

                if (limit <= 0 || !is_due(look, s->connected_us, limit))
                        continue;
                refusal_set(&r, "FATAL", "08006", "%s", overdue(s));
                node_report(pool->node, EVIDENCE_REFUSED);
                pool_server_failed(s, POOL_UNREACHABLE, &r);
                server_close(s, r.text);
                return; /* the list may have changed; the next tick goes on */
        }
}

static int minimum_of(const struct pool *pool)
{
        int minimum = pool->home->conf->opt.min_pool_size;

        if (pool->line == NULL)
                return 0;
        return pool->line->min_pool_size >= 0 ? pool->line->min_pool_size : minimum;
}

/* With server_lifetime=0 a new connection has this long to be used for the first time. */
static const int64_t UNUSED_GRACE_US = US_PER_SEC / 3;

static void tick_idle(struct pool *pool, struct look *look)
{
        const struct options *opt = &pool->home->conf->opt;
        int64_t idle = opt->server_idle_timeout_us;

        list_for_each_safe (node, &pool->idle) {
                struct server *s = list_item(node, struct server, in_pool);

                if (pool->line == NULL)
                        server_close(s, "database configuration changed");
                else if (server_is_outdated(s))
                        server_close(s, "database configuration changed");
                else if (idle > 0 && atomic_load(&pool->quota->ready) > minimum_of(pool) &&
                         is_due(look, s->since_us, idle))
                        server_close(s, "server idle timeout");
                else if (is_due(look, s->connected_us, pool_lifetime(pool)) &&
                         (s->lent || is_due(look, s->since_us, UNUSED_GRACE_US)) &&
                         pool_end_lifetime(pool, s))
                        server_close(s, "server lifetime over");
                else if (quota_exceeded(pool->quota))
                        server_close(s, "too many servers in the pool");
        }
}

static void tick_resets(struct pool *pool, struct look *look)
{
        int64_t limit = pool->home->conf->opt.server_connect_timeout_us;

        list_for_each_safe (node, &pool->resetting) {
                struct server *s = list_item(node, struct server, in_pool);

                if (limit > 0 && is_due(look, s->since_us, limit))
                        server_close(s, s->checking ? "test query failed" : "reset query failed");
        }
}

/* Who waits in a pool that the configuration has dropped looks for another one. */
static void tick_orphans(struct pool *pool)
{
        struct refusal r;

        if (pool->line != NULL || pool->queue_count == 0)
                return;
        refusal_set(&r, "FATAL", "08P01", "database configuration changed");
        pool_fail_all(pool, POOL_UNREACHABLE, &r);
}

void pools_keep_minimum(struct pool *pool)
{
        int minimum = minimum_of(pool), limit = atomic_load(&pool->quota->limit);

        if (pool->line == NULL || pool->paused || loop_now(pool->home->loop) < pool->retry_us)
                return;
        if (limit > 0 && limit < minimum)
                minimum = limit;
        if (minimum > 0 && quota_take(pool->quota, minimum, NULL, INT64_MAX) == QUOTA_TAKEN)
                server_open(pool);
}

int64_t pools_tick(struct pools *pools)
{
        struct look look = {loop_now(pools->loop), INT64_MAX};
        struct pool *pool, *next;

        HASH_ITER (hh, pools->pools, pool, next) {
                tick_orphans(pool);
                tick_logins(pool, &look);
                tick_idle(pool, &look);
                tick_resets(pool, &look);
                outlet_retry(&pool->outlet);
                solo_close_outdated(pool);
                pool_retry(pool);
        }
        outlets_retry(pools);
        hosts_tick(pools);
        return look.next;
}

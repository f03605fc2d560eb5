/* The pools of a worker together: making, configuring, orders from the console; their tick is in
 * tick.c. */
#include "pool/pool.h"

#include "auth/secret.h"
#include "base/check.h"
#include "base/memory.h"
#include "cluster/cluster.h"
#include "pool/demand.h"
#include "pool/hosts.h"

#include <stdlib.h>
#include <string.h>

static int64_t line_or(int64_t of_line, int64_t otherwise)
{
        return of_line >= 0 ? of_line : otherwise;
}

/* Of two limits on a budget where 0 is none: the nearer one that sets any. */
static int said_or(int said, int otherwise)
{
        return said > 0 ? said : otherwise;
}

/* The user who counts is the one on the server: a line's own user, else the client's. */
static void set_limits(struct pool *pool)
{
        const struct options *opt = &pool->home->conf->opt;
        const struct conf_user *user = conf_find_user(pool->home->conf, pool->quota->user);
        int64_t size = line_or(pool->line->pool_size, opt->default_pool_size);
        int64_t reserve = line_or(pool->line->reserve_pool_size, opt->reserve_pool_size);
        int most = opt->max_user_connections;

        if (user != NULL) {
                size = line_or(user->pool_size, size);
                reserve = line_or(user->reserve_pool_size, reserve);
                most = said_or(user->max_user_connections, most);
        }
        atomic_store(&pool->quota->limit, (int)size);
        atomic_store(&pool->quota->reserve, (int)reserve);
        budget_set_limit(pool->quota->budget[BUDGET_DATABASE],
                         said_or(pool->line->max_db_connections, opt->max_db_connections));
        budget_set_limit(pool->quota->budget[BUDGET_USER], most);
}

static bool same_text(const char *a, const char *b)
{
        return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

void pools_init(struct pools *pools, struct loop *loop, struct conf *conf, const struct pool_ops *ops,
                int self)
{
        pools->loop = loop;
        pools->conf = conf_ref(conf);
        pools->loop->buffer_bytes = (int)conf->opt.tcp_socket_buffer;
        pools->tls = NULL;
        pools->ops = ops;
        pools->self = self;
        pools->pools = NULL;
        pools->settings = (struct settings_table){0};
        list_init(&pools->outlets);
        pools->paused = NULL;
        pools->hosts_due_us = 0;
        hosts_configure(pools);
}

static void each_server(struct list *list, void (*act)(struct server *s, const char *why), const char *why)
{
        list_for_each_safe (node, list)
                act(list_item(node, struct server, in_pool), why);
}

void pools_fini(struct pools *pools)
{
        struct pool *pool, *next;

        hosts_stop(pools);
        HASH_ITER (hh, pools->pools, pool, next) {
                pool->paused = true; /* nothing is opened in their place */
                outlet_close(&pool->outlet, "shutdown");
                each_server(&pool->idle, server_close, "shutdown");
                each_server(&pool->login, server_close, "shutdown");
                each_server(&pool->resetting, server_close, "shutdown");
                each_server(&pool->parked, server_close, "shutdown");
                CHECK(list_empty(&pool->leased) && list_empty(&pool->queue));
        }
        outlets_close(pools, "shutdown");
        /* Servers in the graveyard still point here; the pools are freed after them, by the roof's order. */
}

bool pool_is_unused(const struct pool *pool)
{
        /* Servers on their way between workers are open, too. */
        return !pool->paused && atomic_load(&pool->quota->open) == 0 && pool->queue_count == 0 &&
               pool->solo_count == 0 && pool->asked == 0 &&
               pool->outlet.waiting_count + pool->outlet.dialling_count + pool->outlet.sent_count == 0;
}

void pool_free(struct pool *pool)
{
        HASH_DEL(pool->home->pools, pool);
        quota_unblock(&pool->blocked);
        quota_unref(pool->quota);
        explicit_bzero(&pool->keys, sizeof(pool->keys));
        secret_free(pool->secret);
        free(pool->dbname);
        free(pool->latency);
        free(pool);
}

static void note_paused(struct pools *pools, const char *database, bool paused);

void pools_free(struct pools *pools)
{
        struct pool *pool, *next;

        HASH_ITER (hh, pools->pools, pool, next)
                pool_free(pool);
        outlets_free(pools);
        note_paused(pools, NULL, false);
        free(pools->paused);
        tls_set_unref(pools->tls);
        conf_unref(pools->conf);
}

/* ---- who is paused: also pools that are made later ---- */

static size_t paused_count(const struct pools *pools)
{
        size_t n = 0;

        while (pools->paused != NULL && pools->paused[n] != NULL)
                n++;
        return n;
}

static bool is_paused(const struct pools *pools, const char *database)
{
        for (size_t i = 0; i < paused_count(pools); i++)
                if (pools->paused[i][0] == '\0' || strcmp(pools->paused[i], database) == 0)
                        return true;
        return false;
}

/* `database` NULL: all. RESUME of all ends every PAUSE. */
static void note_paused(struct pools *pools, const char *database, bool paused)
{
        const char *name = database != NULL ? database : "";
        size_t n = paused_count(pools), kept = 0;

        for (size_t i = 0; i < n; i++) {
                if (strcmp(pools->paused[i], name) == 0 || (!paused && database == NULL))
                        free(pools->paused[i]);
                else
                        pools->paused[kept++] = pools->paused[i];
        }
        pools->paused = xrealloc(pools->paused, (kept + 2) * sizeof(char *));
        if (paused)
                pools->paused[kept++] = xstrdup(name);
        pools->paused[kept] = NULL;
}

struct pool *pools_get(struct pools *pools, const struct conf_database *line, const char *database,
                       const char *user, struct node *node)
{
        struct quota *quota = quota_for(database, user, line->cluster ? node : NULL);
        struct pool *pool;

        HASH_FIND_PTR(pools->pools, &quota, pool);
        if (pool != NULL)
                return pool;
        pool = xcalloc(1, sizeof(*pool));
        pool->home = pools;
        pool->quota = quota;
        pool->node = node;
        pool->line = line;
        pool->dbname = xstrdup(line->dbname != NULL ? line->dbname : database);
        list_init(&pool->idle);
        list_init(&pool->leased);
        list_init(&pool->login);
        list_init(&pool->resetting);
        list_init(&pool->parked);
        list_init(&pool->queue);
        list_init(&pool->solo_queue);
        outlet_init(&pool->outlet, pools, pool);
        pool->paused = is_paused(pools, database);
        HASH_ADD_PTR(pools->pools, quota, pool);
        pool->blocked = pool->solo_blocked = (struct blocked){.quota = quota, .worker = pools->self};
        set_limits(pool);
        return pool;
}

static bool same_hosts(const struct conf_database *a, const struct conf_database *b)
{
        if (a->host_count != b->host_count || a->load_balance_hosts != b->load_balance_hosts)
                return false;
        for (int i = 0; i < a->host_count; i++)
                if (a->hosts[i].port != b->hosts[i].port || strcmp(a->hosts[i].host, b->hosts[i].host) != 0)
                        return false;
        return true;
}

/* Whether connections made for `a` serve `b` as well. */
static bool same_login(const struct conf_database *a, const struct conf_database *b)
{
        return a != NULL && b != NULL && same_text(a->dbname, b->dbname) && same_text(a->user, b->user) &&
               (a->cluster || same_hosts(a, b)) && same_text(a->connect_query, b->connect_query) &&
               same_text(a->password, b->password) && a->channel_binding == b->channel_binding &&
               same_text(a->client_encoding, b->client_encoding) && same_text(a->datestyle, b->datestyle) &&
               same_text(a->timezone, b->timezone) && same_text(a->application_name, b->application_name);
}

/* Whether `line` still has what the pool stands for. */
static bool is_still_of(const struct pool *pool, const struct conf_database *line)
{
        const struct node *node = pool->quota->node;

        if (line->cluster != (node != NULL))
                return false;
        if (node == NULL)
                return true;
        for (int i = 0; i < line->host_count; i++)
                if (line->hosts[i].port == node->port && strcmp(line->hosts[i].host, node->host) == 0)
                        return true;
        return false;
}

/* The line says something else about how to connect: what is connected goes when it comes back. */
static void start_anew(struct pool *pool)
{
        atomic_fetch_add(&pool->quota->generation, 1);
        pool->have_keys = pool->proven = false;
        pool->last.severity = NULL;
        pool->retry_us = pool->backoff_us = 0;
        each_server(&pool->idle, server_close, "database configuration changed");
        if (pool->line == NULL) {
                each_server(&pool->login, server_close, "database configuration changed");
                return;
        }
        free(pool->dbname);
        pool->dbname = xstrdup(pool->line->dbname != NULL ? pool->line->dbname : pool->quota->database);
        if (!pool->line->cluster)
                pool->node = cluster_for(pool->line)->nodes[0];
        each_server(&pool->login, server_close, "connect string changed");
}

struct tls_context *pool_tls(const struct pool *pool)
{
        return pool->line != NULL ? tls_set_for_line(pool->home->tls, pool->home->conf, pool->line) : NULL;
}

void pools_configure(struct pools *pools, struct conf *conf, struct tls_set *tls)
{
        struct conf *old = pools->conf;
        struct tls_set *old_tls = pools->tls;
        struct pool *pool, *next;

        pools->conf = conf_ref(conf);
        pools->tls = tls_set_ref(tls);
        pools->loop->buffer_bytes = (int)conf->opt.tcp_socket_buffer;
        hosts_configure(pools);
        HASH_ITER (hh, pools->pools, pool, next) {
                const struct conf_database *line = conf_find_database(conf, pool->quota->database);
                const struct tls_context *was =
                    pool->line != NULL ? tls_set_for_line(old_tls, old, pool->line) : NULL;
                bool same;

                if (line != NULL && !is_still_of(pool, line))
                        line = NULL;
                same = same_login(pool->line, line);
                pool->line = line;
                if (pool->derived_keys) /* the password may be another one now */
                        pool->have_keys = pool->derived_keys = false;
                same = same && tls_context_same(was, pool_tls(pool));
                if (!same)
                        start_anew(pool);
                if (pool_secret_configured(conf, pool->quota->user))
                        pool_offer_secret(pool, NULL);
                if (line != NULL)
                        set_limits(pool);
        }
        /* When all limits are the new ones: who waits need not wait for the tick. */
        HASH_ITER (hh, pools->pools, pool, next)
                demand_serve(pool);
        conf_unref(old);
        tls_set_unref(old_tls);
}

/* ---- orders ---- */

static void close_leased(struct pool *pool, const char *why)
{
        struct list *node;

        while ((node = list_first(&pool->leased)) != NULL)
                pool->home->ops->lost(list_item(node, struct server, in_pool), why);
}

static bool concerns(const struct pool *pool, const char *database)
{
        return database == NULL || strcmp(pool->quota->database, database) == 0;
}

void pools_close_node(struct pools *pools, struct node *node, bool leased, const char *why)
{
        struct pool *pool, *next;
        struct refusal r;

        refusal_set(&r, "FATAL", "08006", "%s", why);
        HASH_ITER (hh, pools->pools, pool, next) {
                if (pool->node != node)
                        continue;
                /* Those on their way between workers are met when they arrive. */
                atomic_fetch_add(&pool->quota->generation, 1);
                pool_fail_all(pool, POOL_UNREACHABLE, &r);
                each_server(&pool->idle, server_close, why);
                each_server(&pool->login, server_close, why);
                each_server(&pool->resetting, server_close, why);
                each_server(&pool->parked, server_close, why);
                if (leased)
                        close_leased(pool, why);
        }
}

void pools_hurry(struct pools *pools)
{
        struct pool *pool, *next;

        HASH_ITER (hh, pools->pools, pool, next) {
                if (pool->backoff_us == 0)
                        continue;
                pool->backoff_us = pool->retry_us = 0;
                pool_retry(pool);
        }
}

void pools_kill(struct pools *pools, const char *database)
{
        struct pool *pool, *next;

        note_paused(pools, database, true);
        HASH_ITER (hh, pools->pools, pool, next) {
                if (!concerns(pool, database))
                        continue;
                pool->paused = true;
                outlet_close(&pool->outlet, "database removed");
                each_server(&pool->idle, server_close, "database removed");
                each_server(&pool->login, server_close, "database removed");
                each_server(&pool->resetting, server_close, "database removed");
                each_server(&pool->parked, server_close, "database removed");
        }
}

void pools_reconnect(struct pools *pools, const char *database)
{
        struct pool *pool, *next;

        HASH_ITER (hh, pools->pools, pool, next) {
                if (!concerns(pool, database))
                        continue;
                list_for_each (node, &pool->leased)
                        list_item(node, struct server, in_pool)->close_needed = true;
                list_for_each (node, &pool->login)
                        list_item(node, struct server, in_pool)->close_needed = true;
                each_server(&pool->idle, server_close, "database configuration changed");
        }
}

bool pools_pause(struct pools *pools, const char *database, bool paused)
{
        struct pool *pool, *next;
        bool busy = false;

        note_paused(pools, database, paused);
        HASH_ITER (hh, pools->pools, pool, next) {
                if (!concerns(pool, database))
                        continue;
                pool->paused = paused;
                if (paused) {
                        each_server(&pool->idle, server_close, "pause mode");
                        each_server(&pool->login, server_close, "pause mode");
                        busy = busy || pool->leased_count + pool->resetting_count + pool->parked_count > 0;
                } else {
                        pool_retry(pool);
                }
        }
        return busy;
}

#include "session/autodb.h"

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "session/client.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* An auto-database and how many endpoints, of all workers, it has. */
struct entry_of_all {
        UT_hash_handle hh;
        int endpoints;
        char name[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry_of_all *databases;

/* Whether it is the first of its name. */
static bool join(const char *name)
{
        struct entry_of_all *a;
        size_t n = strlen(name) + 1;
        bool first;

        pthread_mutex_lock(&lock);
        HASH_FIND_STR(databases, name, a);
        first = a == NULL;
        if (first) {
                a = xcalloc(1, sizeof(*a) + n);
                memcpy(a->name, name, n);
                HASH_ADD_STR(databases, name, a);
        }
        a->endpoints++;
        pthread_mutex_unlock(&lock);
        return first;
}

/* Whether it was the last. */
static bool leave(const char *name)
{
        struct entry_of_all *a;
        bool last;

        pthread_mutex_lock(&lock);
        HASH_FIND_STR(databases, name, a);
        CHECK(a != NULL);
        last = --a->endpoints == 0;
        if (last) {
                HASH_DEL(databases, a);
                free(a);
        }
        pthread_mutex_unlock(&lock);
        return last;
}

void autodb_settle(struct endpoint *e, const struct client *c)
{
        bool is_auto = e->line != NULL && strcmp(e->line->name, "*") == 0;
        char name[400];

        if (is_auto == e->autodb)
                return;
        e->autodb = is_auto;
        if (!is_auto)
                leave(e->database);
        else if (join(e->database) && c != NULL)
                log_info("C-%p: %s registered new auto-database: %s", (const void *)c,
                         client_name(c, name, sizeof(name)), e->database);
}

void autodb_leave(struct endpoint *e)
{
        if (e->autodb)
                leave(e->database);
        e->autodb = false;
}

static bool is_used(const struct endpoint *e)
{
        if (e->clients > 0)
                return true;
        for (int i = 0; i < TOPOLOGY_NODES_MAX; i++)
                if (e->pools[i] != NULL && !pool_is_unused(e->pools[i]))
                        return true;
        return false;
}

static bool has_pool(const struct endpoint *e, const struct pool *pool)
{
        for (int i = 0; i < TOPOLOGY_NODES_MAX; i++)
                if (e->pools[i] == pool)
                        return true;
        return false;
}

/* A line with user= has one pool for the endpoints of all users. */
static bool somebody_has(const struct room *room, const struct pool *pool)
{
        struct endpoint *e, *next;

        HASH_ITER (hh, room->endpoints, e, next)
                if (has_pool(e, pool))
                        return true;
        return false;
}

static void drop(struct endpoint *e)
{
        struct room *room = e->room;
        struct pool *pools[TOPOLOGY_NODES_MAX];

        memcpy(pools, e->pools, sizeof(pools));
        HASH_DEL(room->endpoints, e);
        if (e->autodb && leave(e->database))
                log_warning("dropping database '%s' as it does not exist anymore or inactive auto-database",
                            e->database);
        e->autodb = false;
        for (int i = 0; i < TOPOLOGY_NODES_MAX; i++)
                if (pools[i] != NULL && !somebody_has(room, pools[i]))
                        pool_free(pools[i]);
        endpoint_free(e);
}

void autodb_tick(struct room *room, int64_t now)
{
        const struct options *opt = &room->conf->opt;
        struct endpoint *e, *next;

        if (opt->autodb_idle_timeout_us <= 0 && opt->pool_idle_timeout_us <= 0)
                return;
        HASH_ITER (hh, room->endpoints, e, next) {
                int64_t limit = e->autodb ? opt->autodb_idle_timeout_us : opt->pool_idle_timeout_us;

                if (limit <= 0 || is_used(e))
                        e->unused_us = 0;
                else if (e->unused_us == 0)
                        e->unused_us = now;
                else if (now - e->unused_us >= limit)
                        drop(e);
        }
}

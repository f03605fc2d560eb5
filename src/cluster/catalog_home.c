#include "cluster/catalog_home.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Homes are added at the end under the lock; taken away under it as well, by the one thread that walks. */
static struct {
        pthread_mutex_t lock;
        struct catalog_home *_Atomic first;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct catalog_home *home_new(struct cluster *cluster, const char *dbname)
{
        struct catalog_home *home = xcalloc(1, sizeof(*home));

        home->cluster = cluster;
        home->dbname = xstrdup(dbname);
        CHECK(pthread_mutex_init(&home->locked.lock, NULL) == 0);
        home->locked.catalog = catalog_new(CATALOG_WAITING);
        atomic_init(&home->id, home->locked.catalog->id);
        return home;
}

struct catalog_home *catalog_home_join(struct cluster *cluster, const char *dbname)
{
        struct catalog_home *_Atomic *at = &registry.first;
        struct catalog_home *home;
        bool fresh;

        CHECK(pthread_mutex_lock(&registry.lock) == 0);
        for (home = *at; home != NULL; at = &home->next, home = *at)
                if (home->cluster == cluster && strcmp(home->dbname, dbname) == 0)
                        break;
        fresh = home == NULL;
        if (fresh)
                *at = home = home_new(cluster, dbname);
        atomic_fetch_add(&home->users, 1);
        CHECK(pthread_mutex_unlock(&registry.lock) == 0);
        if (fresh)
                node_wake();
        return home;
}

void catalog_home_leave(struct catalog_home *home)
{
        if (home != NULL)
                CHECK(atomic_fetch_sub(&home->users, 1) > 0);
}

bool catalog_home_refresh(struct catalog_home *home, struct catalog **mine)
{
        struct catalog *old = *mine;

        if (old != NULL && old->id == atomic_load_explicit(&home->id, memory_order_acquire))
                return false;
        CHECK(pthread_mutex_lock(&home->locked.lock) == 0);
        *mine = catalog_ref(home->locked.catalog);
        CHECK(pthread_mutex_unlock(&home->locked.lock) == 0);
        catalog_unref(old);
        return true;
}

void catalog_home_doubt(struct catalog_home *home, enum catalog_doubt doubt)
{
        if ((atomic_load(&home->doubts) & doubt) == 0 && (atomic_fetch_or(&home->doubts, doubt) & doubt) == 0)
                node_wake();
}

uint32_t catalog_home_take_doubts(struct catalog_home *home)
{
        return atomic_exchange(&home->doubts, 0);
}

void catalog_home_publish(struct catalog_home *home, struct catalog *next)
{
        struct catalog *old;

        CHECK(pthread_mutex_lock(&home->locked.lock) == 0);
        old = home->locked.catalog;
        home->locked.catalog = next;
        atomic_store_explicit(&home->id, next->id, memory_order_release);
        CHECK(pthread_mutex_unlock(&home->locked.lock) == 0);
        catalog_unref(old);
}

struct catalog_home *catalog_home_first(void)
{
        return registry.first;
}

void catalog_home_sweep(void)
{
        struct catalog_home *_Atomic *at = &registry.first;
        struct catalog_home *home;

        CHECK(pthread_mutex_lock(&registry.lock) == 0);
        while ((home = *at) != NULL) {
                if (atomic_load(&home->users) > 0 || home->reader != NULL) {
                        at = &home->next;
                        continue;
                }
                *at = home->next;
                catalog_unref(home->locked.catalog);
                pthread_mutex_destroy(&home->locked.lock);
                free(home->dbname);
                free(home);
        }
        CHECK(pthread_mutex_unlock(&registry.lock) == 0);
}

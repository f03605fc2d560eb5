#include "cluster/cluster.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WANT_GRAIN_US = 100000 };

static struct {
        pthread_mutex_t lock; /* for adding; reading follows atomic pointers */
        struct cluster *_Atomic first;
        struct cluster *last;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct {
        void (*on_news)(struct cluster *cluster, enum cluster_news news, void *arg);
        void *arg;
} hooks;

/* Made of the hosts as the line has them, not of node names: the order counts, because a plain line's first
 * host is its primary. */
static char *key_of(const struct conf_database *line)
{
        size_t size = 1;
        char *key, *at;

        for (int i = 0; i < line->host_count; i++)
                size += strlen(line->hosts[i].host) + sizeof(":-2147483648,");
        key = at = xmalloc(size);
        for (int i = 0; i < line->host_count; i++)
                at += snprintf(at, size - (size_t)(at - key), "%s%s:%d", i > 0 ? "," : "",
                               line->hosts[i].host, line->hosts[i].port);
        return key;
}

static struct topology *first_topology(const struct cluster *cluster)
{
        struct topology *topology = topology_new();

        topology->epoch = 1;
        topology->count = cluster->count;
        topology->primary = cluster->probed ? -1 : 0;
        for (int i = 0; i < cluster->count; i++) {
                struct topology_node *node = &topology->nodes[i];

                node->node = cluster->nodes[i];
                node->lag_us = node->lag_bytes = -1;
                node->since_wall_us = clock_wall_us();
                node->state = cluster->probed ? NODE_NEW : NODE_UP;
                node->readable = !cluster->probed;
                snprintf(node->why, sizeof(node->why), "%s",
                         cluster->probed ? "not probed yet"
                                         : "a plain line: nobody asks the server what it is");
        }
        if (!cluster->probed) {
                topology->nodes[0].role = ROLE_PRIMARY;
                atomic_store(&cluster->nodes[0]->fresh_us, INT64_MAX);
        }
        return topology;
}

/* All hosts of a plain line, as they stand there. */
static struct node *node_of_plain(const struct conf_database *line)
{
        size_t size = 1;
        struct node *node;
        char *list, *at;

        for (int i = 0; i < line->host_count; i++)
                size += strlen(line->hosts[i].host) + 1;
        list = at = xmalloc(size);
        for (int i = 0; i < line->host_count; i++)
                at += snprintf(at, size - (size_t)(at - list), "%s%s", i > 0 ? "," : "", line->hosts[i].host);
        node = node_new(list, line->hosts[0].port);
        free(list);
        return node;
}

static struct cluster *cluster_new(const struct conf_database *line, char *key)
{
        struct cluster *cluster = xcalloc(1, sizeof(*cluster));

        CHECK(line->host_count > 0 && line->host_count <= TOPOLOGY_NODES_MAX);
        cluster->key = key;
        cluster->probed = line->cluster;
        cluster->count = line->cluster ? line->host_count : 1;
        for (int i = 0; i < cluster->count; i++)
                cluster->nodes[i] =
                    line->cluster ? node_new(line->hosts[i].host, line->hosts[i].port) : node_of_plain(line);
        CHECK(pthread_mutex_init(&cluster->locked.lock, NULL) == 0);
        cluster->locked.topology = first_topology(cluster);
        atomic_init(&cluster->epoch, cluster->locked.topology->epoch);
        return cluster;
}

struct cluster *cluster_for(const struct conf_database *line)
{
        char *key = key_of(line);
        struct cluster *found;

        CHECK(pthread_mutex_lock(&registry.lock) == 0);
        for (found = registry.first; found != NULL; found = found->next)
                if (found->probed == line->cluster && strcmp(found->key, key) == 0)
                        break;
        if (found == NULL) {
                found = cluster_new(line, key);
                key = NULL;
                if (registry.last != NULL)
                        registry.last->next = found;
                else
                        registry.first = found;
                registry.last = found;
        }
        CHECK(pthread_mutex_unlock(&registry.lock) == 0);
        free(key);
        return found;
}

struct cluster *cluster_first(void)
{
        return registry.first;
}

bool cluster_refresh(struct cluster *cluster, struct topology **mine)
{
        struct topology *old = *mine;

        if (old != NULL && old->epoch == atomic_load_explicit(&cluster->epoch, memory_order_acquire))
                return false;
        CHECK(pthread_mutex_lock(&cluster->locked.lock) == 0);
        *mine = topology_ref(cluster->locked.topology);
        CHECK(pthread_mutex_unlock(&cluster->locked.lock) == 0);
        topology_unref(old);
        return true;
}

static void tell(struct cluster *cluster, enum cluster_news news)
{
        if (hooks.on_news != NULL)
                hooks.on_news(cluster, news, hooks.arg);
}

void cluster_publish(struct cluster *cluster, struct topology *next)
{
        struct topology *old;

        CHECK(next->count == cluster->count && next->primary < next->count);
        CHECK(pthread_mutex_lock(&cluster->locked.lock) == 0);
        old = cluster->locked.topology;
        next->epoch = old->epoch + 1;
        cluster->locked.topology = next;
        atomic_store_explicit(&cluster->epoch, next->epoch, memory_order_release);
        CHECK(pthread_mutex_unlock(&cluster->locked.lock) == 0);
        topology_unref(old);
        tell(cluster, CLUSTER_TOPOLOGY);
}

void cluster_catch_up(struct cluster *cluster)
{
        if (atomic_fetch_add_explicit(&cluster->catching, 1, memory_order_relaxed) == 0)
                node_wake();
}

void cluster_answered(struct cluster *cluster)
{
        if (atomic_load_explicit(&cluster->catching, memory_order_relaxed) > 0)
                tell(cluster, CLUSTER_FRESHNESS);
}

void cluster_want_fresh(struct cluster *cluster, int64_t now_us)
{
        int64_t before = atomic_load_explicit(&cluster->floor_wanted_us, memory_order_relaxed);

        if (now_us - before < WANT_GRAIN_US) /* spares the cache line that all workers share */
                return;
        before = atomic_exchange(&cluster->floor_wanted_us, now_us);
        if (now_us - before >= CLUSTER_WANT_LASTS_US)
                node_wake();
}

void cluster_hooks(void (*on_news)(struct cluster *cluster, enum cluster_news news, void *arg), void *arg,
                   int wake_fd)
{
        hooks.on_news = on_news;
        hooks.arg = arg;
        node_wake_by(wake_fd);
}

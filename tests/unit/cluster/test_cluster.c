#include "cluster/cluster.h"
#include "conf/conf.h"

#include "unit.h"

#include <string.h>

static struct conf_database line_of(const char *first, const char *second, bool probed)
{
        struct conf_database line = {.name = "app", .cluster = probed, .host_count = second != NULL ? 2 : 1};

        line.hosts[0] = (struct conf_host){.host = first, .port = 5432};
        line.hosts[1] = (struct conf_host){.host = second, .port = 5433};
        return line;
}

static void lines_with_equal_hosts_share_a_cluster(void)
{
        struct conf_database a = line_of("share-a", "share-b", true),
                             same = line_of("share-a", "share-b", true);
        struct conf_database plain = line_of("share-a", "share-b", false);
        struct conf_database turned = line_of("share-b", "share-a", true),
                             fewer = line_of("share-a", NULL, true);
        struct cluster *cluster = cluster_for(&a);

        same.name = "other";
        UNIT_ASSERT(cluster_for(&same) == cluster);
        UNIT_ASSERT(cluster_for(&plain) != cluster);
        UNIT_ASSERT(cluster_for(&turned) != cluster);
        UNIT_ASSERT(cluster_for(&fewer) != cluster);
        same.hosts[1].port = 5434;
        UNIT_ASSERT(cluster_for(&same) != cluster);
        UNIT_ASSERT(strcmp(cluster->key, "share-a:5432,share-b:5433") == 0);
}

static void the_registry_lists_in_order_of_birth(void)
{
        struct conf_database a = line_of("order-a", NULL, true), b = line_of("order-b", NULL, false);
        struct cluster *first = cluster_for(&a), *second = cluster_for(&b), *seen = cluster_first();

        while (seen != NULL && seen != first)
                seen = seen->next;
        UNIT_ASSERT(seen == first && first->next == second && second->next == NULL);
}

static void a_plain_line_knows_its_primary(void)
{
        struct conf_database line = line_of("plain-a", "plain-b", false);
        struct cluster *cluster = cluster_for(&line);
        struct topology *mine = NULL;

        UNIT_ASSERT(!cluster->probed && cluster_refresh(cluster, &mine));
        UNIT_ASSERT(mine->primary == 0 && mine->count == 1); /* one node stands for both hosts */
        UNIT_ASSERT(mine->nodes[0].role == ROLE_PRIMARY);
        UNIT_ASSERT(mine->nodes[0].state == NODE_UP && mine->nodes[0].readable);
        UNIT_ASSERT(strcmp(cluster->nodes[0]->name, "plain-a,plain-b:5432") == 0);
        UNIT_ASSERT(atomic_load(&cluster->nodes[0]->fresh_us) == INT64_MAX);
        topology_unref(mine);
}

static void a_probed_line_knows_nothing_at_first(void)
{
        struct conf_database line = line_of("probed-a", "probed-b", true);
        struct cluster *cluster = cluster_for(&line);
        struct topology *mine = NULL;

        UNIT_ASSERT(cluster->probed && cluster_refresh(cluster, &mine));
        UNIT_ASSERT(mine->primary == -1);
        for (int i = 0; i < mine->count; i++) {
                UNIT_ASSERT(mine->nodes[i].role == ROLE_UNKNOWN && mine->nodes[i].state == NODE_NEW);
                UNIT_ASSERT(!mine->nodes[i].readable && mine->nodes[i].lag_us == -1);
                UNIT_ASSERT(atomic_load(&cluster->nodes[i]->fresh_us) == 0);
        }
        topology_unref(mine);
}

static struct cluster *published;
static uint64_t published_epoch;
static enum cluster_news last_news;

static void on_news(struct cluster *cluster, enum cluster_news news, void *arg)
{
        published = cluster;
        last_news = news;
        published_epoch = atomic_load(&cluster->epoch);
        *(int *)arg += 1;
}

static void publishing_raises_the_epoch_and_tells(void)
{
        struct conf_database line = line_of("publish-a", "publish-b", true);
        struct cluster *cluster = cluster_for(&line);
        struct topology *mine = NULL, *next, *held;
        uint64_t before;
        int told = 0;

        cluster_hooks(on_news, &told, -1);
        UNIT_ASSERT(cluster_refresh(cluster, &mine));
        UNIT_ASSERT(!cluster_refresh(cluster, &mine));
        before = mine->epoch;
        held = topology_ref(mine);
        next = topology_copy(mine);
        next->primary = 1;
        cluster_publish(cluster, next);
        UNIT_ASSERT(told == 1 && published == cluster && last_news == CLUSTER_TOPOLOGY &&
                    published_epoch == before + 1);
        UNIT_ASSERT(cluster_refresh(cluster, &mine));
        UNIT_ASSERT(mine == next && mine->epoch == before + 1 && mine->primary == 1);
        UNIT_ASSERT(!cluster_refresh(cluster, &mine));
        /* the old one lives as long as somebody holds it, and does not change */
        UNIT_ASSERT(held->epoch == before && held->primary == -1 && atomic_load(&held->refs) == 1);
        UNIT_ASSERT(atomic_load(&mine->refs) == 2);
        topology_unref(held);
        topology_unref(mine);
        cluster_hooks(NULL, NULL, -1);
}

static void answers_are_told_while_somebody_waits_for_them(void)
{
        struct conf_database line = line_of("awaited-a", "awaited-b", true);
        struct cluster *cluster = cluster_for(&line);
        int told = 0;

        cluster_hooks(on_news, &told, -1);
        cluster_answered(cluster);
        UNIT_ASSERT(told == 0);
        cluster_catch_up(cluster);
        cluster_answered(cluster);
        cluster_answered(cluster);
        UNIT_ASSERT(told == 2 && published == cluster && last_news == CLUSTER_FRESHNESS);
        atomic_fetch_sub(&cluster->catching, 1);
        cluster_answered(cluster);
        UNIT_ASSERT(told == 2);
        cluster_hooks(NULL, NULL, -1);
}

enum { PUBLICATIONS = 2000, READERS = 3 };

struct reader {
        pthread_t thread;
        struct cluster *cluster;
        int changes;
        bool ordered;
        bool whole;
};

/* Follows the cluster until the last publication; every snapshot must be one that was published whole. */
static void *reader_run(void *arg)
{
        struct reader *reader = arg;
        struct topology *mine = NULL;
        uint64_t last = 0;

        reader->ordered = reader->whole = true;
        do {
                if (!cluster_refresh(reader->cluster, &mine))
                        continue;
                reader->changes++;
                reader->ordered = reader->ordered && mine->epoch > last;
                reader->whole = reader->whole && mine->nodes[0].lsn == mine->nodes[1].lsn &&
                                (mine->nodes[0].lsn == 0 || mine->nodes[0].lsn + 1 == mine->epoch);
                last = mine->epoch;
        } while (mine->nodes[0].lsn < PUBLICATIONS);
        topology_unref(mine);
        return NULL;
}

static void threads_refresh_while_another_publishes(void)
{
        struct conf_database line = line_of("threads-a", "threads-b", true);
        struct cluster *cluster = cluster_for(&line);
        struct reader readers[READERS] = {{0}};
        struct topology *mine = NULL;

        for (int i = 0; i < READERS; i++) {
                readers[i].cluster = cluster;
                UNIT_ASSERT(pthread_create(&readers[i].thread, NULL, reader_run, &readers[i]) == 0);
        }
        cluster_refresh(cluster, &mine);
        for (uint64_t n = 1; n <= PUBLICATIONS; n++) {
                struct topology *next = topology_copy(mine);

                next->nodes[0].lsn = next->nodes[1].lsn = n;
                cluster_publish(cluster, next);
                cluster_refresh(cluster, &mine);
        }
        for (int i = 0; i < READERS; i++) {
                unit_row("reader %d", i);
                pthread_join(readers[i].thread, NULL);
                UNIT_ASSERT(readers[i].changes >= 1 && readers[i].ordered && readers[i].whole);
        }
        /* all others gave theirs back: the cluster and we hold the last one */
        UNIT_ASSERT(atomic_load(&mine->refs) == 2);
        topology_unref(mine);
}

static void *same_line_run(void *arg)
{
        return cluster_for(arg);
}

static void threads_that_ask_at_once_get_one_cluster(void)
{
        struct conf_database line = line_of("race-a", "race-b", true);
        pthread_t threads[8];
        void *got[8];

        for (int i = 0; i < 8; i++)
                UNIT_ASSERT(pthread_create(&threads[i], NULL, same_line_run, &line) == 0);
        for (int i = 0; i < 8; i++)
                pthread_join(threads[i], &got[i]);
        for (int i = 0; i < 8; i++) {
                unit_row("thread %d", i);
                UNIT_ASSERT(got[i] == cluster_for(&line));
        }
}

UNIT_SUITE(cluster_cluster, UNIT_CASE(lines_with_equal_hosts_share_a_cluster),
           UNIT_CASE(the_registry_lists_in_order_of_birth), UNIT_CASE(a_plain_line_knows_its_primary),
           UNIT_CASE(a_probed_line_knows_nothing_at_first), UNIT_CASE(publishing_raises_the_epoch_and_tells),
           UNIT_CASE(answers_are_told_while_somebody_waits_for_them),
           UNIT_CASE(threads_refresh_while_another_publishes),
           UNIT_CASE(threads_that_ask_at_once_get_one_cluster))

#include "cluster/cluster.h"
#include "conf/conf.h"

#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void names_are_for_people(void)
{
        static const struct {
                const char *row, *host;
                int port;
                const char *name;
        } rows[] = {
            {"a name", "pg1.example", 5432, "pg1.example:5432"},
            {"an IPv4 address", "127.0.0.1", 6000, "127.0.0.1:6000"},
            {"an IPv6 address", "::1", 5432, "[::1]:5432"},
            {"a socket directory", "/run/postgresql", 5432, "/run/postgresql:5432"},
            {"an abstract socket", "@pg", 5432, "@pg:5432"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct node *node = node_new(rows[i].host, rows[i].port);

                unit_row("%s", rows[i].row);
                UNIT_ASSERT(strcmp(node->name, rows[i].name) == 0);
                UNIT_ASSERT(strcmp(node->host, rows[i].host) == 0 && node->port == rows[i].port);
                free(node);
        }
}

static void every_role_and_state_has_a_name(void)
{
        UNIT_ASSERT(strcmp(node_role_name(ROLE_UNKNOWN), "unknown") == 0);
        UNIT_ASSERT(strcmp(node_role_name(ROLE_PRIMARY), "primary") == 0);
        UNIT_ASSERT(strcmp(node_role_name(ROLE_STANDBY), "standby") == 0);
        UNIT_ASSERT(strcmp(node_state_name(NODE_NEW), "new") == 0);
        UNIT_ASSERT(strcmp(node_state_name(NODE_UP), "up") == 0);
        UNIT_ASSERT(strcmp(node_state_name(NODE_EJECTED), "ejected") == 0);
        UNIT_ASSERT(strcmp(node_state_name(NODE_DOWN), "down") == 0);
        UNIT_ASSERT(strcmp(node_state_name(NODE_FENCED), "fenced") == 0);
}

static uint64_t rings(int fd)
{
        uint64_t n = 0;

        return read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n) ? n : 0;
}

static void evidence_rings_once_until_it_is_taken(void)
{
        struct node *node = node_new("evidence", 1);
        int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

        cluster_hooks(NULL, NULL, fd);
        UNIT_ASSERT(rings(fd) == 0);
        node_report(node, EVIDENCE_REFUSED);
        node_report(node, EVIDENCE_REFUSED);
        node_report(node, EVIDENCE_SHUTDOWN);
        UNIT_ASSERT(rings(fd) == 1);
        UNIT_ASSERT(node_take_evidence(node) == (EVIDENCE_REFUSED | EVIDENCE_SHUTDOWN));
        UNIT_ASSERT(node_take_evidence(node) == 0);
        node_report(node, EVIDENCE_LOST);
        UNIT_ASSERT(rings(fd) == 1);
        cluster_hooks(NULL, NULL, -1);
        node_report(node, EVIDENCE_RECOVERY); /* nobody listens: kept all the same */
        UNIT_ASSERT(rings(fd) == 0);
        UNIT_ASSERT(node_take_evidence(node) == (EVIDENCE_LOST | EVIDENCE_RECOVERY));
        close(fd);
        free(node);
}

static void wanting_freshness_rings_when_it_is_news(void)
{
        struct conf_database line = {
            .name = "want", .cluster = true, .host_count = 1, .hosts = {{.host = "want", .port = 1}}};
        struct cluster *cluster = cluster_for(&line);
        int64_t start = 50 * INT64_C(1000000);
        int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

        cluster_hooks(NULL, NULL, fd);
        cluster_want_fresh(cluster, start);
        UNIT_ASSERT(rings(fd) == 1 && atomic_load(&cluster->floor_wanted_us) == start);
        cluster_want_fresh(cluster, start + 1000); /* too soon to be worth a write */
        UNIT_ASSERT(rings(fd) == 0 && atomic_load(&cluster->floor_wanted_us) == start);
        cluster_want_fresh(cluster, start + CLUSTER_WANT_LASTS_US - 1);
        UNIT_ASSERT(rings(fd) == 0 && atomic_load(&cluster->floor_wanted_us) > start);
        cluster_want_fresh(cluster, start + 3 * INT64_C(1000000) + CLUSTER_WANT_LASTS_US);
        UNIT_ASSERT(rings(fd) == 1);
        cluster_hooks(NULL, NULL, -1);
        close(fd);
}

/* An average that follows, and gets there. */
static void measures_latency(void)
{
        struct node *node = node_new("pg1", 5432);

        node_measure(node, 800, 1);
        UNIT_ASSERT(atomic_load(&node->latency_us) == 800 && atomic_load(&node->measured_us) == 1);
        node_measure(node, 1600, 2);
        UNIT_ASSERT(atomic_load(&node->latency_us) == 900 && atomic_load(&node->measured_us) == 2);
        node_measure(node, 500, 2);
        UNIT_ASSERT(atomic_load(&node->latency_us) == 800);
        for (int i = 0; i < 100; i++)
                node_measure(node, 100, 3);
        UNIT_ASSERT(atomic_load(&node->latency_us) == 100);
        for (int i = 0; i < 100; i++)
                node_measure(node, 200, 3);
        UNIT_ASSERT(atomic_load(&node->latency_us) == 200);
        node_measure(node, -5, 4); /* a clock that was read in another order */
        UNIT_ASSERT(atomic_load(&node->latency_us) < 200);
        for (int i = 0; i < 400; i++)
                node_measure(node, INT64_MAX, 5);
        UNIT_ASSERT(atomic_load(&node->latency_us) > UINT32_MAX - 8);
        free(node);
}

UNIT_SUITE(cluster_node, UNIT_CASE(measures_latency), UNIT_CASE(names_are_for_people),
           UNIT_CASE(every_role_and_state_has_a_name), UNIT_CASE(evidence_rings_once_until_it_is_taken),
           UNIT_CASE(wanting_freshness_rings_when_it_is_news))

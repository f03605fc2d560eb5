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
            .name = "want", .cluster = true, .host_count = 1, .hosts = {{"want", 1}}};
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

UNIT_SUITE(cluster_node, UNIT_CASE(names_are_for_people), UNIT_CASE(every_role_and_state_has_a_name),
           UNIT_CASE(evidence_rings_once_until_it_is_taken),
           UNIT_CASE(wanting_freshness_rings_when_it_is_news))

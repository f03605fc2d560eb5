#include "admin/cluster_walk.h"
#include "admin/fill.h"

#include "base/check.h"
#include "base/clock.h"
#include "cluster/catalog_home.h"
#include "health/catalogs.h"
#include "health/health.h"
#include "health/history.h"
#include "session/learned.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- SHOW NODES ---- */

/* As pg_lsn is written; NULL when it is unknown. */
static void lsn_text(struct table *t, uint64_t lsn)
{
        if (lsn == 0)
                table_null(t);
        else
                table_textf(t, "%X/%X", (unsigned)(lsn >> 32), (unsigned)lsn);
}

static void known_int(struct table *t, int64_t number)
{
        if (number < 0)
                table_null(t);
        else
                table_int(t, number);
}

static void wall_text(struct table *t, int64_t wall_us)
{
        char text[64];

        if (wall_us == 0) {
                table_null(t);
                return;
        }
        clock_format(wall_us, text, sizeof(text));
        table_text(t, text);
}

static void node_row(struct table *t, const char *names, const struct topology_node *n)
{
        table_text(t, names);
        table_text(t, n->node->name);
        table_text(t, node_role_name(n->role));
        table_text(t, node_state_name(n->state));
        known_int(t, n->timeline == 0 ? -1 : (int64_t)n->timeline);
        if (n->system_id == 0)
                table_null(t);
        else
                table_counter(t, n->system_id);
        lsn_text(t, n->lsn);
        lsn_text(t, n->receive_lsn);
        known_int(t, n->lag_us < 0 ? -1 : n->lag_us / US_PER_MS);
        known_int(t, n->lag_bytes);
        table_int(t, atomic_load_explicit(&n->node->in_flight, memory_order_relaxed));
        table_counter(t, atomic_load_explicit(&n->node->reads, memory_order_relaxed));
        table_counter(t, atomic_load_explicit(&n->node->writes, memory_order_relaxed));
        table_text(t, n->why);
        wall_text(t, n->since_wall_us);
}

void fill_nodes(struct table *t, const struct scene *s)
{
        struct cluster_walk w;

        cluster_walk_init(&w, s->conf);
        while (cluster_walk_next(&w)) {
                struct topology view;

                if (!w.cluster->probed)
                        continue; /* a plain line: nobody asks its hosts what they are */
                health_snapshot(w.cluster, &view);
                for (int i = 0; i < view.count; i++)
                        node_row(t, w.names, &view.nodes[i]);
        }
        cluster_walk_fini(&w);
}

/* ---- SHOW TOPOLOGY ---- */

static void topology_row(struct table *t, const struct cluster_walk *w, const struct topology *topology)
{
        char readers[1024];
        size_t n = 0;
        int up = 0;

        readers[0] = 0;
        for (int i = 0; i < topology->count; i++) {
                up += topology->nodes[i].state == NODE_UP;
                if (topology->nodes[i].readable && n < sizeof(readers))
                        n += (size_t)snprintf(readers + n, sizeof(readers) - n, "%s%s", n > 0 ? "," : "",
                                              topology->nodes[i].node->name);
        }
        table_text(t, w->names);
        table_counter(t, topology->epoch);
        table_int(t, w->cluster->probed);
        table_text(t, topology->primary < 0 ? NULL : topology->nodes[topology->primary].node->name);
        table_int(t, topology->count);
        table_int(t, up);
        table_text(t, readers);
        table_counter(t, health_failovers(w->cluster));
        for (int kind = 0; kind < TOLL_KINDS; kind++)
                table_counter(t, atomic_load_explicit(&w->cluster->toll[kind], memory_order_relaxed));
}

void fill_topology(struct table *t, const struct scene *s)
{
        struct cluster_walk w;

        cluster_walk_init(&w, s->conf);
        while (cluster_walk_next(&w)) {
                struct topology view;

                health_snapshot(w.cluster, &view);
                topology_row(t, &w, &view);
        }
        cluster_walk_fini(&w);
}

/* ---- SHOW LEARNED ---- */

void fill_learned(struct table *t, const struct scene *s)
{
        struct learned *list;
        char since[64];
        size_t count;

        (void)s;
        list = learned_list(&count);
        for (size_t i = 0; i < count; i++) {
                table_text(t, list[i].database);
                table_text(t, list[i].text);
                table_text(t, list[i].sqlstate);
                table_counter(t, list[i].uses);
                clock_format(list[i].since_wall_us, since, sizeof(since));
                table_text(t, since);
                table_textf(t, "%016" PRIx64, list[i].fingerprint);
        }
        free(list);
}

/* ---- SHOW CATALOG ---- */

static void catalog_row(struct table *t, const struct cluster_walk *w, const struct catalog_home *home)
{
        struct catalog_status status;

        if (!catalogs_status(home, &status))
                return; /* just made */
        table_text(t, w->names);
        table_text(t, home->dbname);
        table_text(t, status.state);
        table_int(t, status.functions);
        table_int(t, status.relations);
        table_counter(t, (uint64_t)status.loads);
        table_int(t, status.read_us / US_PER_MS);
        table_int(t, status.longest_us);
        table_int(t, status.slice_us);
        wall_text(t, status.read_wall_us);
        wall_text(t, status.checked_wall_us);
        table_text(t, status.node);
        table_text(t, status.error);
}

void fill_catalog(struct table *t, const struct scene *s)
{
        struct cluster_walk w;

        cluster_walk_init(&w, s->conf);
        while (cluster_walk_next(&w))
                for (struct catalog_home *home = catalog_home_first(); home != NULL; home = home->next)
                        if (home->cluster == w.cluster)
                                catalog_row(t, &w, home);
        cluster_walk_fini(&w);
}

/* ---- SHOW FAILOVERS ---- */

static void failover_row(struct table *t, const char *names, const struct failover *f)
{
        table_text(t, names);
        wall_text(t, f->lost_wall_us);
        wall_text(t, f->elected_wall_us);
        table_text(t, f->from);
        table_text(t, f->to[0] == 0 ? NULL : f->to);
        known_int(t, f->timeline == 0 ? -1 : (int64_t)f->timeline);
        table_int(t, f->gap_us / US_PER_MS);
        for (int kind = 0; kind < TOLL_KINDS; kind++)
                table_counter(t, f->toll[kind]);
        table_text(t, f->why);
        table_int(t, f->lost_wall_us / US_PER_MS);
}

void fill_failovers(struct table *t, const struct scene *s)
{
        struct cluster_walk w;

        cluster_walk_init(&w, s->conf);
        while (cluster_walk_next(&w)) {
                struct failover f;

                for (size_t i = 0; health_failover(w.cluster, i, &f); i++)
                        failover_row(t, w.names, &f);
        }
        cluster_walk_fini(&w);
}

#include "admin/fill.h"

#include "admin/cluster_walk.h"
#include "admin/pool_rows.h"
#include "base/clock.h"
#include "base/log.h"
#include "health/health.h"
#include "health/history.h"

#include <string.h>

/* What is wrong now, by the thresholds that teams use for PgBouncer, and what is wrong with nodes. No row:
 * all is well. */

enum { FLAPPING_COUNT = 3 };
static const int64_t flapping_us = 600 * US_PER_SEC;

/* Above them it is a warning, and critical. */
struct threshold {
        const char *rule;
        double warning, critical;
        const char *text; /* of the value */
};

static const struct threshold clients_waiting = {"clients waiting", 5, 20, "%.0f clients wait for a server"},
                              longest_wait = {"longest wait", 5, 10, "a client has waited for %.1f s"},
                              transaction_time = {"transaction time", 2, 5,
                                                  "transactions take %.1f s on average"},
                              standby_lag = {"standby lag", 1, 10, "is %.1f s behind"},
                              pool_use = {"pool use", 80, 95, "%.0f %% of the pool is in use"};

struct subject {
        const char *database, *user, *node; /* NULL: of all */
};

static void begin_row(struct table *t, bool critical, const char *rule, const struct subject *of)
{
        table_text(t, critical ? "critical" : "warning");
        table_text(t, rule);
        table_text(t, of->database);
        table_text(t, of->user);
        table_text(t, of->node);
}

static void compare(struct table *t, const struct threshold *limit, const struct subject *of, double value)
{
        if (value <= limit->warning)
                return;
        begin_row(t, value > limit->critical, limit->rule, of);
        table_textf(t, limit->text,
                    value); /* NOLINT(clang-diagnostic-format-nonliteral): of the list above */
}

/* ---- pools ---- */

static bool is_console(const char *database)
{
        return strcmp(database, "pgbouncer") == 0;
}

static void look_at_clients(struct table *t, const struct scene *s)
{
        struct pool_rows rows;

        pool_rows_make(&rows, s, BY_DATABASE | BY_USER);
        for (size_t i = 0; i < rows.count; i++) {
                const struct pool_row *row = &rows.list[i];
                struct subject of = {row->database, row->user, NULL};

                if (is_console(row->database))
                        continue;
                compare(t, &clients_waiting, &of, row->cl_waiting);
                compare(t, &longest_wait, &of, (double)row->maxwait_us / (double)US_PER_SEC);
        }
        pool_rows_fini(&rows);
}

static void look_at_servers(struct table *t, const struct scene *s)
{
        struct pool_rows rows;

        pool_rows_make(&rows, s, BY_DATABASE | BY_USER | BY_NODE);
        for (size_t i = 0; i < rows.count; i++) {
                const struct pool_row *row = &rows.list[i];

                if (row->limit > 0)
                        compare(t, &pool_use, &(struct subject){row->database, row->user, row->node},
                                100.0 * row->sv_active / row->limit);
        }
        pool_rows_fini(&rows);
}

static void look_at_times(struct table *t, const struct scene *s)
{
        struct totals now;

        totals_make(&now, s->census, s->own);
        for (size_t i = 0; i < now.count; i++) {
                struct counters avg =
                    averages_of(s->averages, now.list[i].database, &now.list[i].n, s->now_us);

                if (!is_console(now.list[i].database))
                        compare(t, &transaction_time, &(struct subject){.database = now.list[i].database},
                                (double)avg.xact_time / (double)US_PER_SEC);
        }
        totals_fini(&now);
}

/* ---- nodes ---- */

static void look_at_node(struct table *t, const char *database, const struct topology_node *n)
{
        struct subject of = {.database = database, .node = n->node->name};

        switch (n->state) {
        case NODE_NEW: return;
        case NODE_UP: compare(t, &standby_lag, &of, (double)n->lag_us / (double)US_PER_SEC); return;
        case NODE_FENCED:
                begin_row(t, true, "node fenced", &of);
                table_textf(t, "is fenced: %s", n->why);
                return;
        case NODE_DOWN:
                begin_row(t, false, "node down", &of);
                table_textf(t, "is down: %s", n->why);
                return;
        case NODE_EJECTED:
                begin_row(t, false, "node unfit for reads", &of);
                table_textf(t, "is unfit for reads: %s", n->why);
                return;
        }
}

/* Whether a node but the primary serves reads. */
static bool spares_primary(const struct topology *view)
{
        for (int i = 0; i < view->count; i++)
                if (view->nodes[i].readable && i != view->primary)
                        return true;
        return false;
}

/* So often within the last minutes. */
static int losses(struct cluster *cluster)
{
        struct failover f;
        int n = 0;

        for (size_t i = 0; health_failover(cluster, i, &f); i++)
                n += clock_wall_us() - f.lost_wall_us < flapping_us;
        return n;
}

static void look_at_nodes(struct table *t, const struct scene *s)
{
        struct cluster_walk w;
        struct topology view;
        int lost;

        cluster_walk_init(&w, s->conf);
        while (cluster_walk_next(&w)) {
                struct subject of = {.database = w.names};

                if (!w.cluster->probed)
                        continue;
                health_snapshot(w.cluster, &view);
                if (view.primary < 0) {
                        begin_row(t, true, "no primary", &of);
                        table_text(t, "has no primary: writes wait for one");
                } else if (view.count > 1 && !spares_primary(&view)) {
                        begin_row(t, false, "no standby", &of);
                        table_text(t, "has no standby that serves reads: the primary does all");
                }
                for (int i = 0; i < view.count; i++)
                        look_at_node(t, w.names, &view.nodes[i]);
                lost = losses(w.cluster);
                if (lost >= FLAPPING_COUNT) {
                        begin_row(t, false, "flapping", &of);
                        table_textf(t, "the primary was lost %d times in 10 minutes", lost);
                }
        }
        cluster_walk_fini(&w);
}

/* ---- orders ---- */

static void look_at_orders(struct table *t, const struct scene *s)
{
        const char *what = s->paused->suspended ? "suspended" : "paused";

        if (s->paused->suspended || s->paused->all || s->paused->killed) {
                begin_row(t, false, what, &(struct subject){0});
                table_textf(t, "is %s: nobody is served", what);
        }
}

/* ---- the log ---- */

static void look_at_log(struct table *t)
{
        const char *why;
        unsigned long long lost = log_lost(&why);

        if (lost > 0) {
                begin_row(t, false, "log", &(struct subject){0});
                table_textf(t, "cannot write its log, %llu lines are lost: %s", lost, why);
        }
}

void fill_alerts(struct table *t, const struct scene *s)
{
        look_at_orders(t, s);
        look_at_log(t);
        look_at_nodes(t, s);
        look_at_clients(t, s);
        look_at_servers(t, s);
        look_at_times(t, s);
}

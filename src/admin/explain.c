#include "admin/explain.h"

#include "cluster/catalog_home.h"
#include "health/health.h"
#include "router/explain.h"
#include "router/fingerprint.h"
#include "router/lists.h"
#include "session/learned.h"

static const struct column columns[] = {
    {"target", CELL_TEXT}, {"node", CELL_TEXT},  {"class", CELL_TEXT},
    {"reason", CELL_TEXT}, {"token", CELL_TEXT}, {"text", CELL_TEXT},
};

const struct column *explain_columns(int *count)
{
        *count = sizeof(columns) / sizeof(columns[0]);
        return columns;
}

static void fill(struct table *t, const struct explanation *e)
{
        int count;
        const struct column *all = explain_columns(&count);

        table_init(t, all, count);
        table_text(t, explain_target_name(e->route.target));
        table_text(t, e->node);
        table_text(t, explain_class_name(e->class));
        table_text(t, reason_name(e->route.reason));
        if (e->token.n > 0)
                table_textf(t, "%.*s", SV_ARG(e->token));
        else
                table_null(t);
        table_text(t, reason_text(e->route.reason));
}

/* What a client that has said nothing must see. */
static int64_t floor_of(const struct conf *conf, const struct conf_database *line, struct cluster *cluster)
{
        int consistency = line->consistency >= 0 ? line->consistency : conf->opt.consistency;

        return consistency == CONSISTENCY_STRONG ? atomic_load(&cluster->last_commit_us) : 0;
}

static bool is_learned(const struct job *job)
{
        uint64_t fingerprint = fingerprint_hash(job->command.sql, 0);

        return learned_has(fingerprint_within(fingerprint, sv_cstr(job->command.name)), false);
}

/* With the catalog that the workers have; where no client has come yet, there is none as yet. */
static void explain_on(struct job *job, const struct conf *conf, const struct conf_database *line)
{
        struct cluster *cluster = cluster_for(line);
        bool single = !cluster->probed || !conf->opt.routing;
        struct catalog_home *home =
            single ? NULL
                   : catalog_home_join(cluster, line->dbname != NULL ? line->dbname : job->command.name);
        struct catalog *catalog = NULL;
        struct route_lists lists = {0};
        struct classify_rules rules;
        struct topology view;
        struct explanation e;

        if (home != NULL)
                catalog_home_refresh(home, &catalog);
        lists_read(&lists, &conf->opt);
        rules = lists_rules(&lists, catalog);
        health_snapshot(cluster, &view);
        explain(job->command.sql,
                &(struct explain_by){.opt = &conf->opt,
                                     .line = line,
                                     .topology = &view,
                                     .probed = cluster->probed,
                                     .learned = is_learned(job),
                                     .floor_us = floor_of(conf, line, cluster),
                                     .rules = &rules},
                &e);
        fill(&job->outcome.table, &e);
        job->outcome.has_table = true;
        lists_free(&lists);
        catalog_unref(catalog);
        catalog_home_leave(home);
}

bool job_explain(struct job *job)
{
        const struct conf *conf = job->admin->ops->conf(job->admin->arg);
        const struct conf_database *line = conf_find_database(conf, job->command.name);

        if (line == NULL)
                return job_fail(job, "no such database: %s", job->command.name);
        explain_on(job, conf, line);
        return true;
}

#include "admin/explain.h"

#include "admin/token.h"
#include "base/refusal.h"
#include "cluster/catalog_home.h"
#include "health/health.h"
#include "router/explain.h"
#include "router/fingerprint.h"
#include "router/lists.h"
#include "session/learned.h"
#include "session/supposed.h"

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

static bool is_learned(const struct job *job)
{
        uint64_t fingerprint = fingerprint_hash(job->command.sql, 0);

        return learned_has(fingerprint_within(fingerprint, sv_cstr(job->command.name)), false);
}

/* With the catalog that the workers have; where no client has come yet, there is none as yet. */
static void explain_on(struct job *job, const struct conf *conf, const struct conf_database *line,
                       const struct supposed *session)
{
        struct cluster *cluster = cluster_for(line);
        struct explain_by by = supposed_by(session, conf, line, cluster);
        struct catalog_home *home =
            by.single ? NULL
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
        by.topology = &view;
        by.rules = &rules;
        by.learned = is_learned(job);
        explain(job->command.sql, &by, &e);
        fill(&job->outcome.table, &e);
        job->outcome.has_table = true;
        lists_free(&lists);
        catalog_unref(catalog);
        catalog_home_leave(home);
}

/* The command's options, name and value by turns; the parser has seen that they are. */
static bool suppose(struct supposed *session, struct sv options, struct refusal *r)
{
        char name[COMMAND_NAME_SIZE], value[COMMAND_VALUE_SIZE];
        struct token token;

        while ((token = take_token(&options)).kind != TOKEN_END) {
                if (token.kind == TOKEN_SIGN) /* the comma */
                        continue;
                if (!token_copy(token, name, sizeof(name)) ||
                    !token_copy(take_token(&options), value, sizeof(value))) {
                        refusal_set(r, "ERROR", "22023", "an option of EXPLAIN ROUTE is too long");
                        return false;
                }
                if (!supposed_set(session, name, value, r))
                        return false;
        }
        return true;
}

bool job_explain(struct job *job)
{
        const struct conf *conf = job->admin->ops->conf(job->admin->arg);
        const struct conf_database *line = conf_find_database(conf, job->command.name);
        struct supposed session;

        if (line == NULL)
                return job_fail(job, "no such database: %s", job->command.name);
        supposed_init(&session);
        if (suppose(&session, job->command.options, &job->outcome.refusal))
                explain_on(job, conf, line, &session);
        supposed_fini(&session);
        return true;
}

#include "http/ready.h"

#include "cluster/cluster.h"
#include "conf/conf.h"
#include "http/json.h"

enum { WHY_SIZE = 512 };

void ready_want(struct reading *r)
{
        reading_want(r, show_find(SV("state")));
        reading_want(r, show_find(SV("databases")));
}

/* The row whose `column` is `text`; -1: there is none. */
static long find_row(const struct table *t, const char *column, const char *text)
{
        int at = table_column(t, column);

        for (size_t row = 0; row < table_rows(t); row++) {
                const struct cell *cell = table_cell(t, row, at);

                if (!cell->null && strcmp(cell->text, text) == 0)
                        return (long)row;
        }
        return -1;
}

static bool says_yes(const struct table *state, const char *key)
{
        long row = find_row(state, "key", key);

        return row >= 0 && strcmp(table_cell(state, (size_t)row, 1)->text, "yes") == 0;
}

static bool is_set(const struct table *t, long row, const char *column)
{
        return row >= 0 && table_cell(t, (size_t)row, table_column(t, column))->number != 0;
}

static bool serves(const struct topology *t, enum ready_for what)
{
        if (what != READY_STANDBY && t->primary >= 0)
                return true;
        for (int i = 0; i < t->count && what != READY_WRITE; i++)
                if (t->nodes[i].readable && (what == READY_READ || t->nodes[i].role == ROLE_STANDBY))
                        return true;
        return false;
}

/* A line whose target is fixed serves that and nothing else. */
static enum ready_for of_line(const struct conf_database *line, enum ready_for what)
{
        if (what != READY_READ)
                return what;
        switch (line->target) {
        case TARGET_PRIMARY:
        case TARGET_READ_WRITE: return READY_WRITE;
        case TARGET_STANDBY: return READY_STANDBY;
        case TARGET_AUTO:
        case TARGET_ANY:
        case TARGET_READ_ONLY:
        case TARGET_PREFER_STANDBY: break;
        }
        return what;
}

static bool line_is_ready(const struct conf_database *line, const char *name, enum ready_for what, char *why)
{
        static const char *const lacking[] = {"node that serves reads", "primary",
                                              "standby that serves reads"};
        struct topology *topology = NULL;
        bool good;

        if (line->host_count == 0)
                return true;
        what = of_line(line, what);
        (void)cluster_refresh(cluster_for(line), &topology);
        good = serves(topology, what);
        topology_unref(topology);
        if (!good)
                snprintf(why, WHY_SIZE, "database %s has no %s", name, lacking[what]);
        return good;
}

/* Plain lines have no standbys, and are not asked for any. */
static bool all_are_ready(const struct conf *conf, enum ready_for what, char *why)
{
        bool any = what != READY_STANDBY;

        for (size_t i = 0; i < conf->database_count; i++) {
                const struct conf_database *line = &conf->databases[i];

                if (what == READY_STANDBY && !line->cluster)
                        continue;
                any = true;
                if (!line_is_ready(line, line->name, what, why))
                        return false;
        }
        if (!any)
                snprintf(why, WHY_SIZE, "there is no cluster that could have standbys");
        return any;
}

static bool database_is_ready(const struct reading *r, const struct conf_database *line, const char *name,
                              enum ready_for what, char *why)
{
        const struct table *databases = reading_table(r, "databases");
        long row = find_row(databases, "name", name);

        if (!is_set(databases, row, "paused") && !is_set(databases, row, "disabled"))
                return line_is_ready(line, name, what, why);
        snprintf(why, WHY_SIZE, "database %s is %s", name,
                 is_set(databases, row, "paused") ? "paused" : "disabled");
        return false;
}

void ready_answer(struct answer *a, const struct reading *r, const struct question *q, enum ready_for what)
{
        const char *name = question_get(q, "database");
        const struct conf_database *line = name == NULL ? NULL : conf_find_database(r->conf, name);
        const struct table *state = reading_table(r, "state");
        char why[WHY_SIZE] = "";
        bool good = false;
        struct writer w;

        if (name != NULL && line == NULL) {
                answer_error(a, 404, "there is no database \"%s\"", name);
                return;
        }
        if (says_yes(state, "paused") || says_yes(state, "suspended"))
                snprintf(why, sizeof(why), "everything is %s",
                         says_yes(state, "paused") ? "paused" : "suspended");
        else if (name != NULL)
                good = database_is_ready(r, line, name, what, why);
        else
                good = all_are_ready(r->conf, what, why);
        a->status = good ? 200 : 503;
        a->type = TYPE_JSON;
        w = answer_writer(a);
        put_format(&w, "{\"ready\":%s,\"why\":", good ? "true" : "false");
        put_json_text(&w, why);
        put_text(&w, "}\n");
}

#include "admin/job.h"
#include "admin/namesakes.h"
#include "admin/switchover.h"

#include "base/log.h"
#include "cluster/cluster.h"
#include "health/health.h"

#include <stdio.h>

/* What an operator says of a node: it holds until it is taken back, or the process ends. */

static struct node *find_node(const char *name, struct cluster **cluster)
{
        for (*cluster = cluster_first(); *cluster != NULL; *cluster = (*cluster)->next)
                for (int i = 0; (*cluster)->probed && i < (*cluster)->count; i++)
                        if (strcmp((*cluster)->nodes[i]->name, name) == 0)
                                return (*cluster)->nodes[i];
        return NULL;
}

static bool is_primary(struct cluster *cluster, const struct node *node)
{
        struct topology view;

        health_snapshot(cluster, &view);
        return view.primary >= 0 && view.nodes[view.primary].node == node;
}

/* False: the outcome says why not. */
static bool may_wish(struct job *job, struct cluster *cluster, const struct node *node)
{
        enum verb verb = job->command.verb;
        int is = atomic_load(&node->wish);

        if (verb == VERB_DRAIN && is_primary(cluster, node)) {
                job_fail(job, "node %s is the primary", node->name);
                job->outcome.refusal.hint =
                    "Promote another node first; FENCE would stop all writes until then.";
        } else if (verb == VERB_DRAIN && is == WISH_FENCE) {
                job_fail(job, "node %s is fenced", node->name);
        } else if (verb == VERB_UNDRAIN && is != WISH_DRAIN) {
                job_fail(job, "node %s is not drained", node->name);
        } else if (verb == VERB_UNFENCE && is != WISH_FENCE) {
                job_fail(job, "node %s is not fenced by an operator", node->name);
        } else {
                return true;
        }
        return false;
}

bool job_wish(struct job *job)
{
        const char *name = job->command.value;
        enum verb verb = job->command.verb;
        struct cluster *cluster;
        struct node *node = find_node(name, &cluster);

        if (node == NULL) {
                job_fail(job, "no such node: %s", name);
                job->outcome.refusal.hint = "SHOW NODES lists them.";
                return true;
        }
        if (!may_wish(job, cluster, node))
                return true;
        namesakes_wish(name, verb == VERB_FENCE ? WISH_FENCE : verb == VERB_DRAIN ? WISH_DRAIN : WISH_NONE);
        log_info("%s %s command issued", job->command.tag, name);
        return true;
}

/* ---- SWITCHOVER ---- */

static void on_switched(void *arg, const struct switchover *sw)
{
        struct job *job = arg;
        const struct refusal *r = switchover_refusal(sw);
        int count;
        const struct column *columns = switchover_columns(&count);

        job->switchover = NULL;
        job->outcome.refusal = *r;
        if (r->hint != NULL) { /* it is the switchover's, which goes */
                snprintf(job->hint, sizeof(job->hint), "%s", r->hint);
                job->outcome.refusal.hint = job->hint;
        }
        if (r->severity == NULL) {
                table_init(&job->outcome.table, columns, count);
                job->outcome.has_table = true;
                switchover_fill(sw, &job->outcome.table);
        }
        job_end(job);
}

bool job_switchover(struct job *job)
{
        const struct command *c = &job->command;
        struct switchover_order order = {c->name, c->value, c->force};

        log_info("SWITCHOVER %s TO %s%s command issued", c->name, c->value, c->force ? " FORCE" : "");
        job->switchover = switchover_start(job->admin, &order, on_switched, job, &job->outcome.refusal);
        return job->switchover == NULL;
}

void job_switchover_leave(struct job *job)
{
        if (job->switchover != NULL)
                switchover_leave(job->switchover);
}

void job_switchover_cancel(struct job *job)
{
        if (job->switchover != NULL)
                switchover_cancel(job->switchover);
}

#include "admin/job.h"

#include "base/log.h"
#include "cluster/cluster.h"
#include "health/health.h"

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
        node_wish(node, verb == VERB_FENCE ? WISH_FENCE : verb == VERB_DRAIN ? WISH_DRAIN : WISH_NONE);
        log_info("%s %s command issued", job->command.tag, name);
        return true;
}

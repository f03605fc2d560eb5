#include "admin/namesakes.h"

#include "cluster/cluster.h"
#include "health/health.h"

#include <string.h>

static struct node *node_of(struct cluster *cluster, const char *name)
{
        for (int i = 0; cluster->monitor != NULL && i < cluster->count; i++)
                if (strcmp(cluster->nodes[i]->name, name) == 0)
                        return cluster->nodes[i];
        return NULL;
}

bool namesakes_wish(const char *name, enum node_wish wish)
{
        bool any = false;

        for (struct cluster *cluster = cluster_first(); cluster != NULL; cluster = cluster->next) {
                struct node *node = node_of(cluster, name);

                if (node == NULL)
                        continue;
                node_wish(node, wish);
                any = true;
        }
        return any;
}

unsigned namesakes_in_flight(const char *name)
{
        unsigned count = 0;

        for (struct cluster *cluster = cluster_first(); cluster != NULL; cluster = cluster->next) {
                struct node *node = node_of(cluster, name);

                if (node != NULL)
                        count += atomic_load(&node->in_flight);
        }
        return count;
}

bool namesakes_have_primary(const char *name)
{
        for (struct cluster *cluster = cluster_first(); cluster != NULL; cluster = cluster->next) {
                struct node *node = node_of(cluster, name);
                struct topology view;

                if (node == NULL)
                        continue;
                health_snapshot(cluster, &view);
                if (view.primary >= 0 && view.nodes[view.primary].node == node)
                        return true;
        }
        return false;
}

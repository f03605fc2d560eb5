#include "cluster/topology.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdlib.h>

struct topology *topology_new(void)
{
        struct topology *topology = xcalloc(1, sizeof(*topology));

        atomic_init(&topology->refs, 1);
        topology->primary = -1;
        return topology;
}

struct topology *topology_copy(const struct topology *from)
{
        struct topology *topology = topology_new();

        topology->epoch = from->epoch;
        topology->primary = from->primary;
        topology->count = from->count;
        for (int i = 0; i < from->count; i++)
                topology->nodes[i] = from->nodes[i];
        return topology;
}

struct topology *topology_ref(struct topology *topology)
{
        atomic_fetch_add_explicit(&topology->refs, 1, memory_order_relaxed);
        return topology;
}

void topology_unref(struct topology *topology)
{
        int before;

        if (topology == NULL)
                return;
        before = atomic_fetch_sub_explicit(&topology->refs, 1, memory_order_acq_rel);
        CHECK(before > 0);
        if (before == 1)
                free(topology);
}

const char *node_role_name(enum node_role role)
{
        static const char *const names[] = {
            [ROLE_UNKNOWN] = "unknown", [ROLE_PRIMARY] = "primary", [ROLE_STANDBY] = "standby"};

        return names[role];
}

const char *node_state_name(enum node_state state)
{
        static const char *const names[] = {[NODE_NEW] = "new",
                                            [NODE_UP] = "up",
                                            [NODE_EJECTED] = "ejected",
                                            [NODE_DOWN] = "down",
                                            [NODE_FENCED] = "fenced"};

        return names[state];
}

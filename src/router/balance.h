/* balance: which of several fit nodes gets a read. Those of our own zone come first. Two are drawn, each as
 * often as its share says (its weight, and less as long as it is cold because it has just come back), and the
 * one gets it whose next answer is likely to come sooner:
 *
 *     latency * (transactions there or waiting to be / share + 1)      the lower, the better; equal: the
 * first one drawn
 *
 * Latencies that differ by less than a half are equal, and one that nobody has measured for a while counts
 * less and less, so that who was slow once is tried again. Pure; allocates nothing. */
#pragma once

#include "cluster/topology.h"

/* What a database line says of its hosts, by their index. */
struct balance_terms {
        uint16_t weight[TOPOLOGY_NODES_MAX]; /* 1 to CONF_WEIGHT_MAX */
        uint64_t near;                       /* bit i: host i is in our own zone */
};

struct balance {
        const struct balance_terms *terms; /* NULL: all are alike */
        int64_t now_us;                    /* clock_us */
        int64_t slow_start_us;             /* until who comes back is warm; 0: it is at once */
        uint64_t random;
};

/* One of the `count` > 0 nodes whose indexes are in `fit`. */
int balance_pick(const struct balance *balance, const struct topology *topology, const int *fit,
                 uint32_t count);

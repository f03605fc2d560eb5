/* cluster_walk: the clusters of the configuration, in its order, each once. */
#pragma once

#include "base/arena.h"
#include "cluster/cluster.h"
#include "conf/conf.h"

struct cluster_walk {
        const struct conf *conf;
        struct cluster **of; /* of each database line; NULL once it has been met */
        size_t next;
        struct cluster *cluster;
        const char *names; /* of its databases, separated by commas; lives as long as the walk */
        struct arena arena;
};

void cluster_walk_init(struct cluster_walk *w, const struct conf *conf);

/* Goes on to the next: w->cluster and w->names. False: there is none. */
bool cluster_walk_next(struct cluster_walk *w);
void cluster_walk_fini(struct cluster_walk *w);

/* cluster: the nodes that a database line names, and the one place its topology is published.
 *
 * Lines with the same host list share a cluster, so a node is probed once. The registry keeps clusters and
 * nodes until the process ends. Publishing locks; asking whether the own snapshot is still the newest is one
 * atomic load, done before every lease. */
#pragma once

#include "cluster/topology.h"

#include <pthread.h>

struct conf_database;

/* How long after floor_wanted_us health samples fast. */
enum { CLUSTER_WANT_LASTS_US = 2000000 };

/* What losses of the primary cost clients. */
enum toll {
        TOLL_HELD,        /* waited for a node that could serve them */
        TOLL_DRAINED,     /* and were served */
        TOLL_REFUSED,     /* and were not: 57P03 */
        TOLL_ROLLED_BACK, /* 40001 */
        TOLL_UNKNOWN,     /* 40003 */
        TOLL_REPEATED,    /* run again elsewhere, unnoticed */
        TOLL_ASKED,       /* lost COMMITs that the next primary had to be asked about */
        TOLL_COMMITTED,   /* and whose clients were told COMMIT; the others are in the two above */
        TOLL_KINDS,
};

struct cluster {
        /* read-only */
        char *key;   /* "host:port,host:port" */
        bool probed; /* false: a plain line; one node stands for all its hosts and is primary for ever */
        struct node *nodes[TOPOLOGY_NODES_MAX];
        int count;
        struct cluster *_Atomic next; /* in the registry; append-only */

        /* for health alone */
        void *monitor;

        _Atomic uint64_t epoch; /* of the newest snapshot */
        _Atomic int64_t
            floor_wanted_us; /* clock_us when a read last went to the primary for want of freshness */
        _Atomic uint64_t toll[TOLL_KINDS];   /* so far; written by workers */
        _Atomic int catching;                /* clients that wait for a standby to catch up */
        _Atomic int caught_nothing;          /* waits in vain since one was not */
        _Atomic int64_t catch_rest_until_us; /* until then nobody does: it was in vain */
        _Atomic int64_t last_commit_us;      /* clock_us of the newest commit through any worker */
        struct {
                pthread_mutex_t lock;
                struct topology *topology;
        } locked;
};

/* The cluster for a database line; made when it is new. A plain line and a probed one never share one, even
 * with the same hosts. The line has at least one host. Thread-safe. A line with conf_database.cluster false
 * has one node, whatever the number of its hosts: they are equal, a pool takes them in turn, and the first
 * snapshot says {primary = 0, NODE_UP}. Of a probed one it says that nothing is known yet (primary = -1). */
struct cluster *cluster_for(const struct conf_database *line);

/* First cluster of the registry, in the order they were made; follow ->next. Thread-safe. */
struct cluster *cluster_first(void);

/* Makes *mine the newest snapshot: gives back the old reference, takes a new one, returns true when it
 * changed. *mine NULL at first. Cheap (one atomic load) when nothing changed. */
bool cluster_refresh(struct cluster *cluster, struct topology **mine);

/* Health: publishes `next` (refs 1, ownership passes over) with the next epoch. Then calls the function set
 * by cluster_hooks on the calling thread. */
void cluster_publish(struct cluster *cluster, struct topology *next);

/* A read went to the primary for want of freshness at `now_us`: sets floor_wanted_us, and wakes health when
 * it has not sampled fast for want of it lately. Any thread, never blocks; cheap enough for every such read.
 */
void cluster_want_fresh(struct cluster *cluster, int64_t now_us);

/* One more of what a loss costs. Any thread. */
static inline void cluster_pays(struct cluster *cluster, enum toll toll)
{
        atomic_fetch_add_explicit(&cluster->toll[toll], 1, memory_order_relaxed);
}

/* One more client waits for a standby to catch up: health asks the nodes at once and again and again, and
 * calls cluster_answered, as long as `catching` is not 0. Any thread, never blocks. */
void cluster_catch_up(struct cluster *cluster);
/* Health: a node's answer has been taken in. Tells the workers if anybody waits for it. */
void cluster_answered(struct cluster *cluster);

/* What the workers are told, on the thread of health. */
enum cluster_news {
        CLUSTER_TOPOLOGY,  /* a new snapshot has been published */
        CLUSTER_FRESHNESS, /* node.fresh_us may have risen, and somebody waits for that */
};

/* Called once at start by the roof. `on_news` tells the workers; `wake_fd` is an eventfd that node_report
 * writes to, so that health looks at the evidence (-1: none). */
void cluster_hooks(void (*on_news)(struct cluster *cluster, enum cluster_news news, void *arg), void *arg,
                   int wake_fd);

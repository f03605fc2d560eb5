/* topology: who is what in a cluster, as last decided: an immutable, counted snapshot with an epoch.
 *
 * Health writes a new one for every change (role, fitness); everybody else only reads. What changes all the
 * time (load, freshness) is not in here but in struct node. */
#pragma once

#include "cluster/node.h"

#include <stdatomic.h>
#include <stddef.h>

enum { TOPOLOGY_NODES_MAX = 16 };

enum node_role { ROLE_UNKNOWN, ROLE_PRIMARY, ROLE_STANDBY };

enum node_state {
        NODE_NEW,     /* not seen yet */
        NODE_UP,      /* serves */
        NODE_EJECTED, /* answers, but unfit: lag, wrong timeline, slow return */
        NODE_DOWN,    /* does not answer */
        NODE_FENCED,  /* must never be written to: a primary of an older timeline, or of another cluster */
};

/* Where a timeline left the one before. */
struct branch {
        uint32_t parent; /* 0: it is not known */
        uint64_t lsn;    /* what of the parent lies before this it has */
};

struct topology_node {
        struct node *node;
        enum node_role role;
        enum node_state state;
        bool readable;             /* may serve reads now */
        bool quits;                /* DOWN: it shows that it ends, and so do its connections, one by one */
        uint32_t timeline;         /* 0: unknown */
        struct branch branch;      /* of the timeline, of a primary that was promoted before our eyes */
        uint64_t system_id;        /* 0: unknown */
        uint64_t lsn;              /* primary: insert position; standby: replayed; as last probed */
        uint64_t receive_lsn;      /* standby: received */
        int64_t lag_us, lag_bytes; /* standby, as last probed; -1: unknown */
        int64_t since_wall_us;     /* when role or state last changed */
        bool served;               /* it has been NODE_UP */
        int64_t returned_us;       /* when it became that again (clock_us); 0: it never left */
        char why[128];             /* one sentence for people */
};

struct topology {
        _Atomic int refs;
        uint64_t epoch; /* grows with every change of role or state in this cluster */
        int primary;    /* index into nodes, -1: there is none */
        int count;
        struct topology_node nodes[TOPOLOGY_NODES_MAX];
};

/* A snapshot of which the caller holds the one reference: an empty one (no nodes, primary -1), or a copy of
 * `from`. Free to change until it is published. */
struct topology *topology_new(void);
struct topology *topology_copy(const struct topology *from);

/* One more reference; returns `topology`. Thread-safe. */
struct topology *topology_ref(struct topology *topology);

/* Gives a snapshot back; frees it at zero. NULL is allowed. Thread-safe. */
void topology_unref(struct topology *topology);

/* Names for SHOW and logs: "primary", "up", ... Static. */
const char *node_role_name(enum node_role role);
const char *node_state_name(enum node_state state);

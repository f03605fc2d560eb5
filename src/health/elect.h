/* elect: from the evidence about all nodes of a cluster to who is what. A pure function.
 *
 * It never names two primaries, never a node on an older timeline than any node is known to have, never one
 * of another system identifier, and never a node that was fenced as a second primary while that one may come
 * back. Silence takes the primary away only when the limits in elect_rules are reached; trouble with our own
 * login takes nothing away: the last sure view stays. Every verdict has a cause, and a sentence made from it.
 */
#pragma once

#include "cluster/topology.h"
#include "health/dossier.h"

enum elect_cause {
        CAUSE_NOT_ASKED,         /* no certain answer yet */
        CAUSE_PRIMARY,           /* serves as primary */
        CAUSE_PRIMARY_READ_ONLY, /* the same, but default_transaction_read_only is on */
        CAUSE_PRIMARY_KEPT,      /* our login fails: stays primary, as last seen for sure */
        CAUSE_STANDBY,           /* serves reads */
        CAUSE_STANDBY_KEPT, /* our login fails: serves reads as long as its lag cannot have passed the limit
                             */
        CAUSE_PROBATION,    /* answers again, has to prove itself */
        CAUSE_LAG,          /* too far behind */
        CAUSE_TIMELINE,     /* a standby that does not follow the primary's timeline */
        CAUSE_UNCONFIRMED,  /* takes writes, but the other nodes were not heard yet */
        CAUSE_OLD_TIMELINE, /* takes writes on a timeline that has been left */
        CAUSE_TWIN,         /* takes writes on the same timeline as another */
        CAUSE_FOREIGN,      /* of another system identifier */
        CAUSE_FENCED,       /* an operator wants it so */
        CAUSE_DRAINED,      /* the same */
        CAUSE_YIELDING,     /* a primary that another one is about to replace, as an operator wants it */
        CAUSE_LOGIN,        /* our login fails, and nothing sure is known of it */
        CAUSE_GONE,         /* does not answer */
        CAUSE_COUNT,
};

struct elect_rules {
        int failures;  /* consecutive ones that make a node down; two are enough when they are not timeouts */
        int successes; /* consecutive good answers that a returning standby needs */
        int64_t max_lag_us, max_lag_bytes; /* 0: no limit */
        int64_t now_us;
};

/* What the function remembers from one call to the next. Only elect() changes it. */
struct elect_memory {
        int primary;        /* the last node elected, -1: none ever */
        uint32_t timeline;  /* its timeline then */
        uint64_t system_id; /* the cluster's; 0: not known yet */
        struct elect_node_memory {
                enum elect_cause cause;
                int twin_of;            /* fenced as a second primary beside this node; -1: not */
                uint32_t twin_timeline; /* on this timeline */
                int falls;              /* how often it stopped serving, each soon after the one before */
                int64_t fell_us;        /* the last time; by rules.now_us */
        } nodes[TOPOLOGY_NODES_MAX];
};

/* Nothing remembered. */
void elect_init(struct elect_memory *memory);

/* Decides roles, states and readability of all nodes of `now` (the last view; count and node pointers are
 * given) and changes it in place. dossiers[i] is about now->nodes[i]. Numbers (lsn, lag) are copied from the
 * dossiers. Returns true when something changed that readers must be told: a role, state, cause, readability,
 * timeline, system identifier or the primary. `epoch`, `since_wall_us` are left alone. */
bool elect(const struct elect_rules *rules, const struct dossier *dossiers, struct elect_memory *memory,
           struct topology *now);

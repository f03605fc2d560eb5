/* route: where a transaction goes: a pure function of what the statement is, what the session is in, what the
 * topology says and what the nodes' live numbers say. Always with a reason. Does no I/O, keeps no state. */
#pragma once

#include "cluster/topology.h"
#include "conf/options.h"
#include "router/classify.h"

enum route_target { ROUTE_PRIMARY, ROUTE_STANDBY };

struct route {
        enum route_target target;
        int node; /* index into topology->nodes; -1: no such node now, hold or refuse */
        enum reason reason;
};

/* What route_decide looks at, all of it. */
struct route_question {
        const struct facts *facts; /* of the whole segment */
        enum target_attrs target;  /* of the database line */
        bool single;               /* a plain line: nothing to choose */
        bool session_pool;         /* pool_mode=session */
        bool pinned;
        enum hint session_hint;        /* SET pgsteer.route */
        enum tx_access session_access; /* default_transaction_read_only, SET SESSION CHARACTERISTICS */
        enum tx_isolation session_isolation;
        bool force_primary; /* a standby has refused this segment already */
        uint64_t skip;      /* bit i: node i has failed this segment already */
        enum consistency consistency;
        int64_t
            floor_us; /* the session's newest own commit (clock_us), 0: none; with strong: the cluster's */
        bool reads_need_standby; /* true: never fall back to the primary for reads */
        uint64_t random;         /* two choices are drawn from it */
};

/* Decides. The transaction that begins with this segment goes to the result whole. */
struct route route_decide(const struct route_question *question, const struct topology *topology);

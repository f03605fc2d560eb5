/* route: where a transaction goes: a pure function of what the statement is, what the session is in, what the
 * topology says and what the nodes' live numbers say. Always with a reason. Does no I/O, keeps no state. */
#pragma once

#include "cluster/position.h"
#include "conf/options.h"
#include "router/balance.h"
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
        enum target_attrs target;  /* of the database line, or the user */
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
            floor_us;    /* the session's newest own commit (clock_us), 0: none; with strong: the cluster's */
        int64_t seen_us; /* when the session was last shown something (clock_us), 0: never */
        int seen_on;     /* the node that showed it, which need not have passed seen_us; -1: none */
        const struct position *min; /* what a standby must have replayed besides; NULL: nothing */
        int stay; /* the node that served this transaction's reads until now, counted from 1; 0: none... */
        int64_t stay_floor_us;   /* ...and until when: another one must have all that it may have shown */
        bool reads_need_standby; /* true: never fall back to the primary for reads */
        struct balance balance;  /* of standbys that are all fit */
};

/* Decides. The transaction that begins with this segment goes to the result whole. In this order, the first
 * that has a say: a plain line; the line's target; a standby's refusal; session pooling; pins; the
 * statement's hint, else the session's (a wish for a standby is not granted to what a standby refuses for
 * certain: rows, definitions, locking clauses, session state, pins); then what the segment is. READ ONLY,
 * said by the transaction or by the session, goes to a standby even when the scanner calls it a write, but
 * for what asks what the node is or has an effect there (REASON_NODE_STATE, REASON_EFFECT), what was not
 * understood, and what pins; SERIALIZABLE goes to the primary. A read goes to a fit and fresh standby, as
 * router/balance.h says, else to the primary. With no such node, `node` is -1: hold, or refuse. */
struct route route_decide(const struct route_question *question, const struct topology *topology);

/* xact: what became of a transaction whose COMMIT was lost with its server: from what the server said of it
 * before the COMMIT left, and what the primary of now says. A pure function.
 *
 *     timeline T   ----w----w----L----C----E           w: what it wrote, L: where the WAL ended when it was
 *                             \                           asked, C: its commit, if there is one
 *     timeline T+1             S------------------     S: what of T the new primary has ends here
 *
 * S before L: C is not there, whoever the number belongs to by now. Else all of w is, so the new primary has
 * given the number to nobody else, and pg_xact_status tells of this transaction. (A number without any w was
 * given for temporary and unlogged tables, of which nothing outlives a failover.) The same holds for the
 * server itself after a crash, with the end E of its recovery in place of S; of several recoveries only the
 * last is known, so a crash, a recovery and another crash must not all go unseen. */
#pragma once

#include "cluster/topology.h"

/* As the server said before the COMMIT left. */
struct xact {
        uint64_t xid; /* with its epoch; 0: it had none, so it had written nothing */
        uint64_t lsn; /* where the WAL ended then, or earlier, but behind something that it wrote */
        uint64_t
            recovered_lsn; /* where the server's last recovery ended; 0: it has had none since it started */
        int64_t started_wall_us; /* when its postmaster started, by its own clock */
        uint64_t system_id;      /* 0: unknown */
        uint32_t timeline;
        bool unwaited; /* the server has warned that standbys may not have the commit */
};

/* pg_xact_status, of the number that the transaction had. */
enum xact_status {
        XACT_COMMITTED,
        XACT_ABORTED,
        XACT_RUNNING,   /* in progress */
        XACT_NONE,      /* the number has not been given to anybody */
        XACT_FORGOTTEN, /* it is too old */
        XACT_STATUSES
};

/* As the primary says now. */
struct xact_testimony {
        enum xact_status status;
        uint64_t recovered_lsn;
        int64_t started_wall_us;
        uint64_t system_id;
        uint32_t timeline;
        struct branch branch; /* of the timeline */
        bool synchronous;     /* its commits wait for standbys */
};

enum xact_verdict {
        XACT_IS_COMMITTED,
        XACT_IS_ROLLED_BACK,
        XACT_IS_RUNNING, /* to be asked again */
        XACT_IS_UNKNOWN
};

/* The verdict; *why: half a sentence, static, for people. */
enum xact_verdict xact_judge(const struct xact *x, const struct xact_testimony *now, const char **why);

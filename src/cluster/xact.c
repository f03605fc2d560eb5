#include "cluster/xact.h"

struct ruling {
        enum xact_verdict verdict;
        const char *why;
};

/* The number is still the transaction's: nobody else can have it. */
static struct ruling by_status(const struct xact_testimony *now)
{
        switch (now->status) {
        case XACT_COMMITTED: return (struct ruling){XACT_IS_COMMITTED, "the primary has its commit"};
        case XACT_ABORTED:
        case XACT_RUNNING: /* another's: what ran when a server was lost runs nowhere */
        case XACT_NONE: return (struct ruling){XACT_IS_ROLLED_BACK, "the primary does not have its commit"};
        case XACT_FORGOTTEN:
        case XACT_STATUSES: break;
        }
        return (struct ruling){XACT_IS_UNKNOWN, "the primary does not remember a number as old"};
}

static struct ruling on_new_timeline(const struct xact *x, const struct xact_testimony *now)
{
        if (now->branch.parent != x->timeline)
                return (struct ruling){XACT_IS_UNKNOWN,
                                       "it was not seen where the new timeline left that of the transaction"};
        if (now->branch.lsn < x->lsn)
                return (struct ruling){XACT_IS_ROLLED_BACK,
                                       "the new timeline begins before the transaction's end"};
        return by_status(now);
}

/* What the server has by itself its standbys need not have; until one of them is the primary that does not
 * matter, and then it does. */
static struct ruling committed_here(const struct xact *x, const struct xact_testimony *now)
{
        if (now->synchronous || x->unwaited)
                return (struct ruling){XACT_IS_UNKNOWN, "the primary has its commit, the standbys may not"};
        return by_status(now);
}

/* Nothing was lost: the session may even be at work. */
static struct ruling in_same_run(const struct xact *x, const struct xact_testimony *now)
{
        if (now->status == XACT_COMMITTED)
                return committed_here(x, now);
        if (now->status == XACT_RUNNING || now->status == XACT_NONE)
                return (struct ruling){XACT_IS_RUNNING, "it is still in progress"};
        return by_status(now);
}

/* A number that has a commit may be somebody else's by now; any other state shows that this one has none. */
static struct ruling after_restart(const struct xact *x, const struct xact_testimony *now)
{
        if (now->status != XACT_COMMITTED)
                return by_status(now);
        if (now->recovered_lsn == 0)
                return (struct ruling){XACT_IS_UNKNOWN,
                                       "the server was restarted, and does not say what it had lost"};
        if (now->recovered_lsn < x->lsn)
                return (struct ruling){XACT_IS_ROLLED_BACK,
                                       "the server's recovery ended before the transaction did"};
        return committed_here(x, now);
}

static struct ruling judge(const struct xact *x, const struct xact_testimony *now)
{
        if (x->xid == 0)
                return (struct ruling){XACT_IS_ROLLED_BACK, "it had written nothing"};
        if (x->system_id == 0 || now->system_id == 0)
                return (struct ruling){XACT_IS_UNKNOWN, "monitoring may not read the system identifier"};
        if (x->system_id != now->system_id)
                return (struct ruling){XACT_IS_UNKNOWN, "the primary is of another cluster"};
        if (now->timeline < x->timeline)
                return (struct ruling){XACT_IS_UNKNOWN, "the primary is on an older timeline"};
        if (now->timeline > x->timeline)
                return on_new_timeline(x, now);
        if (now->started_wall_us == x->started_wall_us && now->recovered_lsn == x->recovered_lsn)
                return in_same_run(x, now);
        return after_restart(x, now);
}

enum xact_verdict xact_judge(const struct xact *x, const struct xact_testimony *now, const char **why)
{
        struct ruling ruling = judge(x, now);

        *why = ruling.why;
        return ruling.verdict;
}

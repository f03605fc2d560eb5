/* switchover: a standby takes the primary's place because an operator wants it, and no commit is lost.
 *
 *     ASKING      may the standby be promoted, and would it serve?
 *     HOLDING     new work waits here, what runs on the primary ends
 *     LOOKING     who else writes there?                                 <--+
 *     CATCHING_UP the standby replays all that the primary had by then      | somebody has written
 *     PROVING     has anybody written since?                              --+
 *     PROMOTING   from here on the old primary gets nothing any more
 *     ELECTING    until health says that the standby is the primary
 *
 * Until PROMOTING whatever goes wrong lets everything go on as before. If it cannot be told whether the
 * standby was promoted, the old primary stays fenced: two primaries would be worse than none. At most one at
 * a time. Owner and thread: the admin, on the control thread. */
#pragma once

#include "admin/table.h"
#include "base/refusal.h"

struct admin;
struct switchover;

/* What SWITCHOVER says. */
struct switchover_order {
        const char *database, *node; /* copied where needed */
        bool force; /* end what runs when its time is over, and take no notice of who else writes */
};

/* Told once, from the loop: how it ended. */
typedef void switchover_done_fn(void *arg, const struct switchover *sw);

/* Begins. NULL: *refusal says why not. After `done` it is gone. */
struct switchover *switchover_start(struct admin *admin, const struct switchover_order *order,
                                    switchover_done_fn *done, void *arg, struct refusal *refusal);

/* The operator has thought better of it: it ends soon, unless the standby is being promoted already. */
void switchover_cancel(struct switchover *sw);

/* Nobody waits for it any more; otherwise as switchover_cancel. */
void switchover_leave(struct switchover *sw);

/* How it ended: severity NULL, or the error. */
const struct refusal *switchover_refusal(const struct switchover *sw);

/* The columns of its answer, and a row for each step. */
const struct column *switchover_columns(int *count);
void switchover_fill(const struct switchover *sw, struct table *t);

/* The process ends: the one under way, if any, is forgotten. */
void switchover_stop(struct admin *admin);

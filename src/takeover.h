/* takeover: taking the place of a pgsteer that runs with the same unix socket (-R): its listening sockets,
 * its clients and servers with all that is half done between them. Start-up only: its threads wait until it
 * is over.
 *
 *     takeover_begin: the old process stops in its tracks and sends everything
 *     takeover_finish: it ends; until then whatever goes wrong here lets it go on as if nothing had been
 *     takeover_deal: everything goes to the workers of this process, however many those are */
#pragma once

#include "process.h"
#include "session/room.h"

struct inheritance;

/* STATUS_ABSENT: there is no old process. STATUS_DENIED: *why. */
MUST_USE enum status takeover_begin(const struct conf *conf, struct inheritance **out,
                                    struct process_why *why);

/* Gives the listening sockets to `l`, for listeners_add to find. */
void takeover_offer_sockets(struct inheritance *in, struct listeners *l);

/* The old process ends, and its pid file becomes ours. */
MUST_USE enum status takeover_finish(struct inheritance *in, const char *pidfile, struct process_why *why);

/* What all workers of the old process shared, to be shared by those of this one. */
void takeover_share(const struct inheritance *in, struct crowd *crowd);

/* Deals clients and servers to the rooms of `crowd`, whose threads do not run yet. */
void takeover_deal(struct inheritance *in, struct crowd *crowd);

/* Closes what has not been dealt. NULL is allowed. */
void takeover_free(struct inheritance *in);

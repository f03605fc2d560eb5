/* handover: all that the workers have, for the process that takes pgsteer's place (-R).
 *
 *     control:  handover_begin --> every worker writes down what it has, and stops in its tracks
 *               all have: `done`; the descriptors are sent to the successor
 *               handover_end --> gone: workers let go without a word     stay: they go on as if nothing had
 * been
 *
 * A worker that has stopped runs nothing: no byte is read or written, no deadline passes, no letter is
 * opened. So what was written down stays true until the end. */
#pragma once

#include "session/room.h"

/* Changes with every change of what a bundle means: processes of different formats do not take over. */
enum { HANDOVER_FORMAT = 2 };

/* A descriptor to be handed over. A client whose server goes along is followed by that server. */
struct keepsake {
        struct keepsake *next;
        struct stream *stream;
        bool client;
        struct buf bundle; /* session/heir.h, pool/bequest.h */
};

struct handover;

/* `done` is a letter to `home`, with the handover as handover_of tells, when all workers have stopped. */
struct handover *handover_begin(struct crowd *crowd, struct mailbox *home, void *arg,
                                void (*done)(struct letter *letter, void *owner));
/* Opens the letter: the handover, NULL when it has been ended already; and the argument. */
struct handover *handover_of(struct letter *letter, void **arg);

/* What there is, worker after worker; NULL: the first one, NULL: no more. Between `done` and handover_end. */
const struct keepsake *handover_next(const struct handover *h, const struct keepsake *last);

/* Once; `gone` only after `done`. */
void handover_end(struct handover *h, bool gone);

/* How many clients are in the middle of proving their password, which cannot be handed over; accepts nobody
 * from now on. room_relisten undoes it. */
int room_hush(struct room *room);
void room_relisten(struct room *room);

/* A new worker, on its own thread: what it has inherited goes on. */
void room_go_on(struct room *room);

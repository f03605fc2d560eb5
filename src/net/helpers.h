/* helpers: threads for what would block a loop: a directory server that has to be asked, a PAM module, a
 * long computation.
 *
 *     owner: helpers_give --> queue --> a helper: job->work --> owner's mailbox: job->letter.open
 *                               |
 *                               +--(helpers_take_back: nobody has begun it)--> the owner's again
 *
 * A job goes to a lane, named for what it waits for. A lane has at most HELPERS_LANE_MAX helpers at a time,
 * so that what hangs holds up nobody who waits for something else; within a lane it is first come, first
 * served. Threads are started when there is work for them, HELPERS_MAX at most, and stay. Any thread may
 * give. */
#pragma once

#include "base/list.h"
#include "net/mailbox.h"

enum { HELPERS_MAX = 32, HELPERS_LANE_MAX = 16, HELPERS_QUEUE_MAX = 4096 };

struct helpers;

/* Embed it. From helpers_give until the letter is opened, or until it is taken back, it is the helpers' and
 * must not be freed. */
struct helper_job {
        struct letter letter;                 /* `open` runs on the thread of `home` */
        struct mailbox *home;                 /* where the letter goes when the work is done */
        void (*work)(struct helper_job *job); /* on a helper's thread; may block */
        const char *lane;                     /* valid as long as the job */
        int most;                             /* of its lane at a time; 0: HELPERS_LANE_MAX */
        struct list in_queue;                 /* of helpers.c */
};

struct helpers *helpers_new(void);

/* False: too many wait already, or there is no thread to be had; the job is still the caller's. */
bool helpers_give(struct helpers *helpers, struct helper_job *job);

/* True: nobody has begun it, and it is the caller's again. False: its letter will come, or has been posted.
 */
bool helpers_take_back(struct helpers *helpers, struct helper_job *job);

/* The program ends: from now on nothing is begun and no letter is posted. Waits for those at work, `ms` at
 * most. False: some are at work still; then `helpers` must stay as it is, and the process must end without
 * running what libraries do at exit (_exit) after helpers_leave, which waits for nobody. Else helpers_free
 * may follow, when no job is in the queue. */
bool helpers_stop(struct helpers *helpers, int ms);
void helpers_leave(struct helpers *helpers);
void helpers_free(struct helpers *helpers);

/* orders: what the control thread tells all workers, by letter, and hears back when the last one has done it.
 */
#pragma once

#include "session/room.h"

enum order_kind {
        ORDER_CONFIGURE, /* a new configuration: `conf`, one reference per worker is taken */
        ORDER_NOTHING,   /* done says that all orders before it have been carried out */
        ORDER_TOPOLOGY,  /* a new topology has been published */
        ORDER_PAUSE,     /* stop serving `database` ("" all); busy counts servers still in use */
        ORDER_RESUME,
        ORDER_RECONNECT, /* close servers of `database` as soon as they are free */
        ORDER_KILL,      /* close clients and servers of `database` now, and pause it */
        ORDER_UNLISTEN,  /* accept nobody any more */
        ORDER_DRAIN,     /* lend no server any more, close who waits for one (SHUTDOWN WAIT_FOR_SERVERS) */
        ORDER_STOP,      /* close everything and end the loop */
};

/* Posts the order to all workers. `done` (NULL: nobody is interested) runs on the thread of `home` when all
 * have carried it out; `busy` is the sum of what they counted: PAUSE, DRAIN: servers in use; others: clients
 * left.
 */
void orders_give(struct crowd *crowd, enum order_kind kind, const char *database, struct conf *conf,
                 struct mailbox *home, void (*done)(void *arg, int busy), void *arg);

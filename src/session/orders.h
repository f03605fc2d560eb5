/* orders: what the control thread tells all workers, by letter, and hears back when the last one has done it.
 */
#pragma once

#include "session/room.h"

enum order_kind {
        ORDER_CONFIGURE, /* a new configuration has been published: room_publish */
        ORDER_NOTHING,   /* done says that all orders before it have been carried out */
        ORDER_TOPOLOGY,  /* a new topology has been published */
        ORDER_FRESHNESS, /* nodes have answered while readers wait for them: session/catchup.h */
        ORDER_PAUSE,     /* stop serving `database` ("" all); busy counts servers still in use */
        ORDER_RESUME,
        ORDER_RECONNECT,   /* close servers of `database` as soon as they are free */
        ORDER_KILL,        /* close clients and servers of `database` now, and pause it */
        ORDER_KILL_CLIENT, /* close the client whose number `database` holds; busy counts it */
        ORDER_DISABLE,     /* new clients of `database` are refused */
        ORDER_ENABLE,
        ORDER_SUSPEND,        /* session/suspend.h; busy counts connections not at rest */
        ORDER_SUSPEND_FORCED, /* the same, and closes those */
        ORDER_WAKE,           /* ends SUSPEND */
        ORDER_UNLISTEN,       /* accept nobody any more but through unix sockets */
        ORDER_COUNT_CLIENTS,
        ORDER_HUSH, /* session/handover.h; accept nobody; busy counts clients that are proving their password
                     */
        ORDER_LISTEN, /* ends HUSH */
        ORDER_DRAIN,  /* PAUSE, and close who waits for a server (SHUTDOWN WAIT_FOR_SERVERS) */
        ORDER_STOP,   /* close everything and end the loop */
};

/* Posts the order to all workers. `done` (NULL: nobody is interested) runs on the thread of `home` when all
 * have carried it out; `busy` is the sum of what they counted: PAUSE, DRAIN: servers in use; COUNT_CLIENTS:
 * clients.
 */
void orders_give(struct crowd *crowd, enum order_kind kind, const char *database, struct mailbox *home,
                 void (*done)(void *arg, int busy), void *arg);

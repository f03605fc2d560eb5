/* suspend: SUSPEND and RESUME of a worker: reads nothing more from clients and servers once their buffers are
 * empty, accepts nobody, and lets no deadline pass; queries that run go on running and are read when it
 * wakes. Clients that wait for a server are served first, and clients that log in may finish. */
#pragma once

#include "session/room.h"

/* Suspends what can be; asked again and again until it returns 0. Returns how many connections are not at
 * rest; with `force` these are closed ("suspend_timeout"). */
int room_suspend(struct room *room, bool force);

/* Goes on; harmless when it is not suspended. */
void room_wake(struct room *room);

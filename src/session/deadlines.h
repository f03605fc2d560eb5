/* deadlines: what ends because it has lasted too long: logins, waits for a server, queries, transactions,
 * idleness. Looks at those who can be overdue on a tick, and again at the very moment the next one falls due,
 * so that nothing is late by more than a few milliseconds, but where hundreds end in one moment, and nothing
 * on a transaction's way sets a timer.
 *
 * One thread, the worker's. */
#pragma once

#include "session/room.h"

/* Starts the tick; it also runs the pools'. */
void deadlines_start(struct room *room);
void deadlines_stop(struct room *room);

/* Held clients look again for a node; who has been held too long is told. */
void deadlines_look_at_held(struct room *room);

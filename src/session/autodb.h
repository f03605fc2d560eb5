/* autodb: databases that came from the * line, and how what nobody uses goes: an endpoint without clients and
 * its pools without servers are freed after autodb_idle_timeout, those of a line of their own after
 * pool_idle_timeout (0: never). The counters of a database stay.
 *
 * Which auto-databases live is known to the process; the rest is a worker's own. */
#pragma once

#include "session/endpoint.h"

/* The endpoint is of the * line now, or is not any more; `c` is the client to name in the log when the
 * database is new to the process, NULL: nobody. Tells apart by e->line. */
void autodb_settle(struct endpoint *e, const struct client *c);

/* Now and then: forgets what has been unused for long enough. */
void autodb_tick(struct room *room, int64_t now);

/* The endpoint is about to be freed. */
void autodb_leave(struct endpoint *e);

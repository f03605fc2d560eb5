/* cancel: cancel keys, and the way of a CancelRequest from any worker's door to the server that runs the
 * query (manual, "Canceling Requests in Progress").
 *
 * A client's key is a process id that names its worker and seat, and random bytes: 4, or 32 from protocol 3.2
 * on. A server with a request
 * on its way is not given to another client until that request has been delivered (PgBouncer's
 * being_canceled). */
#pragma once

#include "session/client.h"

/* A number of its own among the worker's clients. */
struct seat {
        struct client *client; /* NULL: free */
        uint32_t next_free;
};

/* Gives the client its seat, and a key with a short secret. */
void seat_take(struct client *c);
void seat_leave(struct client *c);
void seats_free(struct room *room);

/* `asker` has sent a CancelRequest: finds the client with that key in whatever worker, cancels what it is
 * running, and closes the asker when the request has been delivered (or at once when there is nothing to
 * cancel). */
void cancel_request(struct client *asker, const struct cancel_key *key);

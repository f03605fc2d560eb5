/* cancel: cancel keys, and the way of a CancelRequest from any worker's door to the server that runs the
 * query, or to the peer whose client it concerns (manual, "Canceling Requests in Progress").
 *
 *     asker's worker --(key of a peer)--> delivery to that peer
 *          |  own key: from worker to worker, until one has a client with it, at last the console
 *          +--> client with a query under way --> delivery to its server (pool/delivery.h)
 *
 * Keys are random (wire/cancel_key.h); who knows none of them learns nothing, since every request ends the
 * same way: the connection is closed. */
#pragma once

#include "session/client.h"

/* Gives a new client a key that no other client of this worker has, with a short secret and the bytes of a
 * long one; and takes it back. */
void key_take(struct client *c);
void key_leave(struct client *c);
/* Gives it a key that it has been told by another process. */
void key_keep(struct client *c, const struct cancel_key *key);

/* `asker` has sent a CancelRequest. It is closed here; its connection, when the request has been delivered or
 * has nothing to do. */
void cancel_request(struct client *asker, const struct cancel_key *key);

/* cancel: the way of a CancelRequest from any worker's door to the server that runs the
 * query, or to the peer whose client it concerns (manual, "Canceling Requests in Progress").
 *
 *     asker's worker --(key of a peer)--> delivery to that peer
 *          |  own key: from worker to worker, until one has a client with it, at last the console
 *          +--> client with a query under way --> delivery to its server (pool/delivery.h)
 *
 * Keys are random (session/keys.h); who knows none of them learns nothing, since every request ends the
 * same way: the connection is closed. */
#pragma once

#include "session/client.h"

/* `asker` has sent a CancelRequest. It is closed here; its connection, when the request has been delivered or
 * has nothing to do. */
void cancel_request(struct client *asker, const struct cancel_key *key);

/* link: joins a client and a server, and parts them. The only writer of client->server and server->client. */
#pragma once

#include "session/client.h"

/* A leased server is now this client's; `node` is its index in the topology. */
void link_join(struct client *c, struct server *s, int node);

/* The transaction is over and nothing is owed: the server goes back to its pool, reset first where the pool
 * mode or pins ask for it. The client becomes IDLE and goes on with what it has sent meanwhile. */
void link_release(struct client *c);

/* The same, when a standby has refused the segment now at the front of client->in: it goes to the primary. */
void link_release_to_primary(struct client *c, enum reason reason);

/* The client goes away: its server goes back when it is at rest, else it is closed. */
void link_abandon(struct client *c);

/* The server goes away: parts, closes it. The client stays as it is, without a server; if a message to it is
 * incomplete, client->cut_answer says so. */
void link_sever(struct client *c, const char *why);

/* Parts at rest without going on: CLIENT_WELCOME has learned what it wanted. */
void link_rest(struct client *c);

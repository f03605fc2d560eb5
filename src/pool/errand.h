/* errand: what a server between two clients is sent on our own account, in SERVER_RESETTING: the reset query,
 * and server_check_query, which tries whether it still answers. What the reset query has cleared is read from
 * the server's own answers. Owner and thread: the server's. */
#pragma once

#include "wire/proto.h"

#include <stdbool.h>

struct server;

/* Runs `sql`, the reset query, and then gives the server back. What of the session's settings is known and
 * `sql` leaves alone is undone first. While a cancel request is on its way to the server, all that waits for
 * it to be over: it is meant for what ran before. */
void errand_reset(struct server *s, const char *sql);

/* Tries an idle server with server_check_query; it is given back when it has answered, were it with an error,
 * and closed when it breaks or stays silent. */
void errand_check(struct server *s);

/* A message of a server in SERVER_RESETTING. False: there is nothing more to do here. */
bool errand_message(struct server *s, const struct msg *m);

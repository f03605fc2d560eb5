/* aside: what a leased server answers to a question of ours, and not to its client: gathered in the server's
 * own buffer, within a bound, and taken a whole message at a time. A server that breaks the protocol or goes
 * away is lost (session/loss.h). */
#pragma once

#include "session/client.h"
#include "wire/proto.h"

/* Adds what has come to s->in, which holds `max` bytes at most. False: nothing has, or the server is lost. Of
 * a secret buffer no copy stays. */
bool aside_read(struct client *c, struct server *s, size_t max);

/* The next message in s->in, whole; it stays there till buf_consume. False: there is none yet, or the server
 * is lost or no longer the client's. */
bool aside_next(struct client *c, struct server *s, struct msg *m);

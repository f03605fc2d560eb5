/* carry: gives a server the settings of its client: when another one is attached, and where a RESET has gone
 * back to the server's values instead of those of the client's startup packet. What the client's settings
 * are, session/effects.h finds out; with session_state off they are what servers report, as in PgBouncer. */
#pragma once

#include "session/client.h"
#include "wire/proto.h"

/* Makes the client's server have `wanted`. True: it has already. False: statements were sent, and
 * carry_readable goes on when they are answered; or the server broke, and the loss has been dealt with. */
bool carry_begin(struct client *c, struct settings *wanted);

/* The same at rest on a server that the session keeps, which is needed after a RESET only: that goes back to
 * the server's values, and not to those of the client's startup packet. */
bool carry_keep(struct client *c);

/* Inside a transaction, at a segment's end: whether a RESET has given the server its own value instead of the
 * client's; and what sets that right. */
bool carry_is_amiss(const struct client *c);
void carry_amend(struct client *c);

/* The server of a client in CLIENT_WELCOME or CLIENT_SETTING has something to read. */
void carry_readable(struct server *s);

/* loss: what a client is told when its server is lost, so that its own connection stays (DESIGN, "Failover").
 *
 *     nothing of the segment sent yet, or nothing has come back of a read, of the beginning of a
 *     transaction, or of a write outside of one that the server says it has aborted:   run again elsewhere
 *     in a transaction:                    40001, and it is aborted until the client ends it
 *     its COMMIT, or a single statement that writes, had been sent:   40003, it may have happened; but
 *     40001 where session/fate.h can tell that it has not
 *     the server has ended the transaction for its slowness (25P03, 25P04):   that, instead of 40001
 *     idle, but the session has state there; or a message to the client is cut:   the connection ends
 *
 * On a plain line (one node, nothing probed) the client is disconnected, as by PgBouncer. */
#pragma once

#include "session/client.h"
#include "wire/proto.h"

/* The client's server is gone or of no use any more: parts, closes it, and does the above. `crashed`:
 * evidence against the node; false when we close it ourselves. */
void loss_of_server(struct client *c, const char *why, bool crashed);

/* The session ends with its server, for `why`: both are closed, and the client is told (a timeout, a
 * transaction where statements are pooled). */
void loss_expel(struct client *c, const char *why);

/* Whether the server's connection ends with `m` (error_is_last in wire/fields.h): then the loss has been
 * dealt with. False also where the client shall see both the message and the end of the connection. */
bool loss_is_fatal(struct client *c, struct server *s, const struct msg *m);

/* Whether the client's segment will then be run again, so that it need not be told anything. */
bool loss_repeats(const struct client *c, const struct msg *m);

/* What is told of the loss of c->lost_node in the middle of something; `unknown`: it may have happened. */
void loss_refusal(struct refusal *r, const struct client *c, bool unknown);

/* The same where the session ends with it; `what`: of what was under way, NULL: nothing was. */
void loss_end_refusal(struct refusal *r, const struct client *c, const struct refusal *what);

/* again: running a segment a second time, whose answer has said nothing but an error, which the client then
 * does not see:
 *
 *     a standby refused it (25006)                      --> again, on the primary
 *     DDL has outdated a statement it binds (0A000),
 *     or the server has lost that statement (26000)     --> prepared again, on the same server
 *
 * The second only outside a transaction, or as its beginning: the segment that opens it, or the one behind a
 * BEGIN alone; then the failed transaction is rolled back and opened anew. */
#pragma once

#include "session/client.h"

/* At the start of a segment on its way to the server: keeps it where it may have to be prepared again. */
void again_keep(struct client *c, const uint8_t *p, size_t n);

/* The segment kept is the first of a block that was begun here: what opens it will be opened again. */
void again_begins(struct client *c);

/* Whether the answer that comes may still be dropped. */
static inline bool again_may(const struct client *c)
{
        return (c->repeat == REPEAT_POSSIBLE || c->repairable) && !c->discarding;
}

/* The beginning of such an answer, all that has come of it. Decides whether it will be dropped
 * (client->discarding). False: too little is here to tell, and nothing of it may leave before. */
bool again_look(struct client *c, const uint8_t *p, size_t n);

/* The answer has been dropped, up to its ReadyForQuery. */
void again_run(struct client *c);

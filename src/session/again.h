/* again: running a segment a second time, whose answer has said nothing but an error, which the client then
 * does not see:
 *
 *     a standby refused it (25006)                      --> again, on the primary
 *     DDL has outdated a statement it binds (0A000),
 *     or the server has lost that statement (26000)     --> prepared again, on the same server
 *
 * In the first way all that follows in the client's pipeline goes along: segments sent before the refusal are
 * kept too, their answers are dropped, and they run behind it, in order. All of them are reads.
 *
 * The second only outside a transaction, or as its beginning: the segment that opens it, or the one behind a
 * BEGIN alone; then the failed transaction is rolled back and opened anew. */
#pragma once

#include "session/client.h"

/* At the start of a segment on its way to the server: keeps it where it may have to be prepared again. */
void again_keep(struct client *c, const uint8_t *p, size_t n);

/* The segment kept is the first of a block that was begun here: what opens it will be opened again. */
void again_begins(struct client *c);

/* Whether the segment that is kept may be run again, as nothing of its answer has left. */
static inline bool again_kept(const struct client *c)
{
        return c->repeat == REPEAT_POSSIBLE || c->repeat == REPEAT_IF_LOST || c->repeat == REPEAT_IF_ABORTED;
}

/* Whether the answer that comes may still be dropped. */
static inline bool again_may(const struct client *c)
{
        return (again_kept(c) || c->repairable) && !c->discarding;
}

/* Whether what the server says now is for the client, and not to be said again. */
static inline bool again_tells(const struct client *c)
{
        return !c->discarding && !again_kept(c);
}

/* The beginning of such an answer, all that has come of it. Decides whether it will be dropped
 * (client->discarding). False: too little is here to tell, and nothing of it may leave before. */
bool again_look(struct client *c, const uint8_t *p, size_t n);

/* The answer has been dropped, up to the ReadyForQuery of the last segment sent. */
void again_run(struct client *c);

/* Puts what is kept, whose bytes it takes over, in front of what has come meanwhile; the client's names are
 * what they were before. False: the client is closed. */
MUST_USE bool again_rewind(struct client *c, struct buf *kept);

void again_advance(struct client *c);

/* ReadyForQuery for the client: of what is kept, the segment behind is the first now. */
static inline void again_next(struct client *c)
{
        if (c->repeat == REPEAT_BEGUN && c->server->replies.count > 0)
                again_advance(c);
}

/* outcome: asks for the id of a transaction before its COMMIT leaves (commit_outcome), so that it can be
 * found out afterwards what became of it when its server is lost then (session/doubt.h).
 *
 *     a write, in a Query             the question goes right behind it, with a Sync of its own
 *     a write, in a segment           it goes in front of the segment's Sync
 *     COMMIT, alone or in front       waits, if what was written last is not covered by an answer; where
 *                                     nobody has asked, the question goes now
 *     COMMIT, behind something else   the question goes in front of it, with a Flush
 *     a multi-statement text, COMMIT AND CHAIN, PREPARE TRANSACTION          nothing is asked
 *
 * An id that is known stays; "none" is an answer too, until something runs that may write. The first question
 * of an endpoint is whether its user may call the functions; who may not is never asked again. */
#pragma once

#include "session/client.h"
#include "wire/fields.h"

struct up;

/* What is asked of an endpoint's servers. */
enum outcome_way {
        OUTCOME_OFF,
        OUTCOME_UNTRIED, /* whether the functions may be called */
        OUTCOME_ASKED,
        OUTCOME_DENIED, /* they may not */
};

/* Whether the endpoint wants it, and its sessions are followed closely enough. Forgets what was tried. */
void outcome_configure(struct endpoint *e, bool wanted);

static inline bool outcome_is_asked(const struct client *c)
{
        return c->endpoint->outcome == OUTCOME_ASKED || c->endpoint->outcome == OUTCOME_UNTRIED;
}

/* Whether the COMMIT that `f` may be has to wait: nothing of the message may be sent now (up->waits). */
bool outcome_waits(struct up *up, const struct facts *f);

/* Behind a Query, `f`, which stood at the beginning of a segment. */
void outcome_behind(struct up *up, const struct facts *f);

/* In front of the Sync of a segment. */
void outcome_before_sync(struct up *up);

/* The answer, a DataRow. */
void outcome_learn(struct client *c, struct server *s, const struct msg *m);

/* What an error means that came in place of an answer. */
enum outcome_error {
        OUTCOME_ERROR_OTHERS, /* it is not about the question, or the client's segment has failed with it */
        OUTCOME_ERROR_KNOWN,  /* the transaction had failed before, as the client knows */
        OUTCOME_ERROR_OURS,   /* the question has made it fail */
};
enum outcome_error outcome_failed(struct client *c, struct server *s, const struct error_fields *e);

/* Whether an answer to the question is still to come. */
bool outcome_is_owed(const struct server *s);

/* ReadyForQuery outside of a transaction. What else is under way, if anything, is of the next one. */
static inline void outcome_over(struct server *s)
{
        bool more = s->replies.count > 0;

        s->xact.xid = 0;
        s->unasked = more;
        s->commits = s->commits && more;
}

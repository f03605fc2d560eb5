/* replies: what a server still owes, in order: one entry per message sent that has an answer of its own.
 *
 *     sent:    P(inject) P  B  D  E  S  Q         the reader of the server's messages takes entries from the
 *     owed:    1         1  2  T  C  Z  Z         front; on ErrorResponse all up to the next Sync go at once
 *
 * An entry may say that the client must not see the answer (we sent the message on our own account), or that
 * the server does not know of it (we answer in its place when its turn comes). */
#pragma once

#include "base/buf.h"
#include "base/check.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stdint.h>

enum reply_kind {
        REPLY_PARSE,    /* ParseComplete */
        REPLY_BIND,     /* BindComplete */
        REPLY_DESCRIBE, /* RowDescription or NoData, ParameterDescription before it for a statement */
        REPLY_EXECUTE,  /* CommandComplete, EmptyQueryResponse or PortalSuspended */
        REPLY_CLOSE,    /* CloseComplete */
        REPLY_SYNC,     /* ReadyForQuery */
        REPLY_QUERY,    /* CommandComplete..., ReadyForQuery */
        REPLY_FUNCTION, /* FunctionCallResponse, ReadyForQuery */
};

enum {
        REPLY_SWALLOW = 1, /* the client did not ask */
        REPLY_LOCAL = 2,   /* the server was not asked */
        REPLY_COMMITS =
            4, /* of one that ends a segment: something that was written is committed with it, or may be */
        REPLY_OUTCOME = 8, /* REPLY_EXECUTE, REPLY_SYNC: of session/outcome.h */
        REPLY_NAMED = 16,  /* REPLY_DESCRIBE: of a statement, not of a portal */
};

struct reply {
        uint8_t kind, flags;
        unsigned left;   /* REPLY_QUERY: statements not yet completed; 0: it is not known how many they are */
        uint64_t key[2]; /* the statement, 0: none of ours; REPLY_PARSE: forgotten when it fails; REPLY_CLOSE:
                            known again then; REPLY_EXECUTE, REPLY_QUERY: what session/tally.h counts */
};

enum { REPLIES_FEW = 8, REPLIES_KEPT = 256, REPLIES_MAX = 1 << 20 };

struct replies {
        struct reply *ring;         /* few_ring, or on the heap: it must stay where it was initialised */
        uint32_t first, count, cap; /* cap: a power of two */
        uint32_t sync_points;       /* entries that end in a ReadyForQuery the client waits for */
        uint32_t local;             /* entries that the server was not asked for */
        struct reply few_ring[REPLIES_FEW];
};

void replies_init(struct replies *r);
void replies_fini(struct replies *r);

/* What its ring takes on the heap, bytes. */
size_t replies_memory(const struct replies *r);

/* The oldest, a Sync of our own, is the client's from now on. */
void replies_claim(struct replies *r);

/* Forgets the Sync that is owed right behind the oldest; false when none is. */
bool replies_drop_sync(struct replies *r);

/* All that is owed, for another process; and back again, into an empty `r`. False: makes no sense. */
MUST_USE enum status replies_save(const struct replies *r, struct buf *out, size_t limit);
bool replies_load(struct replies *r, struct sv saved);

static inline bool reply_ends_segment(const struct reply *reply)
{
        return reply->kind >= REPLY_SYNC;
}

/* Whether it ends in a ReadyForQuery that the client waits for. */
static inline bool reply_is_awaited(const struct reply *reply)
{
        return reply_ends_segment(reply) && !(reply->flags & REPLY_SWALLOW);
}

/* ---- what is done for every message ---- */

/* The one so many behind the oldest. */
static inline struct reply *replies_at(const struct replies *r, uint32_t i)
{
        CHECK(i < r->count);
        return &r->ring[(r->first + i) & (r->cap - 1)];
}

/* The oldest and the newest, NULL when nothing is owed. */
static inline struct reply *replies_head(const struct replies *r)
{
        return r->count == 0 ? NULL : &r->ring[r->first];
}
static inline struct reply *replies_tail(const struct replies *r)
{
        return r->count == 0 ? NULL : replies_at(r, r->count - 1);
}

/* Makes room for more. False: REPLIES_MAX are owed already (a client that only sends), or memory is out. */
bool replies_grow(struct replies *r);

/* False as replies_grow. */
static inline bool replies_push(struct replies *r, struct reply reply)
{
        if (r->count == r->cap && !replies_grow(r))
                return false;
        CHECK(r->ring != NULL);
        r->ring[(r->first + r->count++) & (r->cap - 1)] = reply;
        r->sync_points += reply_is_awaited(&reply);
        r->local += (reply.flags & REPLY_LOCAL) != 0;
        return true;
}

static inline void replies_pop(struct replies *r)
{
        const struct reply *head = replies_at(r, 0);

        r->sync_points -= reply_is_awaited(head);
        r->local -= (head->flags & REPLY_LOCAL) != 0;
        r->first = (r->first + 1) & (r->cap - 1);
        if (--r->count == 0 && r->cap > REPLIES_KEPT)
                replies_fini(r); /* a burst must not keep its memory */
}

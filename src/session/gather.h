/* gather: where a segment ends, and what it is: the facts of all that stands in it, together. Sends and
 * changes nothing. */
#pragma once

#include "session/client.h"
#include "wire/proto.h"

/* What stands at the front of a client's bytes. Texts point into these, or into a statement that is kept. */
struct segment {
        size_t size; /* bytes; of a too large one: what is here */
        bool whole;
        bool flush;     /* ends in Flush: the client waits, but no ReadyForQuery ends it */
        bool unnamed;   /* it has an unnamed Parse */
        bool bound;     /* it has a Bind or Execute */
        bool leans;     /* it binds the unnamed statement of an earlier segment */
        bool only_sync; /* nothing but Sync */
        struct sv text; /* of its gravest statement, the first one of these; empty: unknown */
        struct facts facts;
};

enum gathered {
        GATHER_READY,
        GATHER_MORE,   /* the rest is needed first */
        GATHER_BROKEN, /* no client's message */
        GATHER_END,    /* Terminate, or a broken head */
};

/* Whether anybody asks what a segment is; else `facts` stay empty. */
bool gather_wants_facts(const struct client *c);

/* Walks messages until the client would wait. */
enum gathered gather(struct client *c, const uint8_t *p, size_t n, struct segment *seg);

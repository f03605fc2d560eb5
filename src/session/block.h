/* block: a transaction block whose BEGIN we have answered, while no server knows of it.
 *
 *     HERE --(a read, transaction_split)--> APART --(answered)--> HERE
 *     HERE --(anything else)--> OPENING --(sent)--> SENT --(BEGIN is complete)--> OPEN --(ReadyForQuery)-->
 * gone: the server's transaction, as if nothing had been here. COMMIT and ROLLBACK before that end it here.
 *
 * So an application that begins early, or ends without a word, costs no server, and where it goes is decided
 * by its first statement. Its savepoints are in client->savepoints. One of the room's, client->block; the
 * client is in CLIENT_BEGUN, or in CLIENT_ABORTED when one of its statements has failed. */
#pragma once

#include "session/client.h"

struct up;

enum block_stage {
        BLOCK_HERE,    /* no server knows of it */
        BLOCK_APART,   /* a read of it runs on a server, outside of any transaction there */
        BLOCK_OPENING, /* a server was chosen, and gets the opening first */
        BLOCK_SENT,    /* the opening is on its way, the first statement right behind it */
        BLOCK_OPEN,    /* the server has begun the transaction */
};

enum { BLOCK_OPENING_MAX = 256, BLOCK_SAVEPOINTS_MAX = 32 };

struct block {
        enum block_stage stage;
        enum tx_access access; /* as the block says itself */
        enum tx_isolation isolation;
        bool read;        /* one of its statements has run apart */
        int node;         /* where; -1: nowhere yet */
        int64_t floor_us; /* what was committed until then one of its reads may have seen */
        size_t size;
        char opening[BLOCK_OPENING_MAX]; /* BEGIN, SET TRANSACTION...: each with a NUL behind it */
};

/* Whether a BEGIN of this client is answered here. */
bool block_allowed(const struct client *c);

/* Runs a statement that begins, changes or ends a block; *tag is what completes it. False: it is none, or not
 * one that can be answered without a server. */
bool block_run(struct client *c, struct sv text, const struct facts *f, const char **tag);

/* The client's block for another process, nothing when it has none; and back again. False: makes no sense. */
MUST_USE enum status block_save(const struct client *c, struct buf *out, size_t limit);
bool block_load(struct client *c, struct sv saved);

/* Forgets it: it has ended, or is a server's now. Savepoints stay. */
void block_free(struct client *c);

/* The state of the client when it has no server: IDLE, BEGUN, or ABORTED after an error. */
enum client_state block_rest(struct client *c);

/* What the block's first statement on a server is for the router: with its BEGIN. */
struct facts block_facts(const struct block *b, const struct facts *first);

/* In BLOCK_OPENING: what opens it goes into the plan, in front of the client's bytes. False: the client has
 * been refused. */
MUST_USE bool block_open(struct up *up);

/* A statement of the opening was completed. */
void block_completed(struct client *c, struct sv tag);

/* Whether what the server says is not yet of the block's transaction. */
static inline bool block_is_ours(const struct client *c)
{
        return c->block != NULL && c->block->stage != BLOCK_OPEN;
}

/* Whether its BEGIN is on its way to a server, or was. */
static inline bool block_is_sent(const struct block *b)
{
        return b->stage == BLOCK_SENT || b->stage == BLOCK_OPEN;
}

/* ReadyForQuery from a server, where block_is_ours: the status to tell the client. */
char block_ready(struct client *c);

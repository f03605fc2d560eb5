/* verdict: what a server's messages mean for its client and for what is owed, where that is more than one
 * reply less: errors, tags, parameters, and the ReadyForQuery that ends a segment and perhaps a transaction.
 *
 * Decides what becomes of each message, and moves no bytes (session/relay_server.c does). */
#pragma once

#include "session/client.h"
#include "session/plan.h"
#include "wire/proto.h"

enum verdict {
        VERDICT_PASS,
        VERDICT_SWALLOW,
        VERDICT_STOP, /* the server is gone, or the client */
};

/* A server's bytes on their way to its client. */
struct down {
        struct client *c;
        struct server *s;
        size_t size_max; /* of a message */
        bool ready;      /* the last message was ReadyForQuery */
        size_t told;     /* of what is planned, up to the last ReadyForQuery */
        struct plan plan;
};

/* The server has said what nobody can have asked for: it is given up. VERDICT_STOP. */
enum verdict verdict_violation(struct down *d);

enum verdict verdict_error(struct down *d, const struct msg *m);
enum verdict verdict_notice(struct down *d, const struct msg *m);
enum verdict verdict_param(struct down *d, const struct msg *m);
enum verdict verdict_copy_in(struct down *d);
enum verdict verdict_ready(struct down *d, const struct msg *m);

/* The tag of a CommandComplete. */
void verdict_tag(struct down *d, const struct msg *m);

/* A row of an answer that the client did not ask for: it is for who did. */
enum verdict verdict_row(struct down *d, const struct msg *m);

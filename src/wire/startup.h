/* startup: the first packet of a connection (manual, "StartupMessage", "CancelRequest", "SSLRequest"). Pure.
 */
#pragma once

#include "wire/cancel_key.h"

enum startup_kind {
        STARTUP_SESSION, /* a version 3 session; parameters follow */
        STARTUP_CANCEL,
        STARTUP_SSL,
        STARTUP_GSSENC,
        STARTUP_OLD,     /* protocol 2 */
        STARTUP_UNKNOWN, /* another major version */
};

/* What the startup parameter "replication" asks for (manual, "Streaming Replication Protocol"). */
enum replication { REPLICATION_NONE, REPLICATION_LOGICAL, REPLICATION_PHYSICAL };

struct startup {
        enum startup_kind kind;
        uint32_t version;         /* as sent */
        size_t size;              /* of the whole packet */
        struct reader params;     /* pairs for startup_param; STARTUP_SESSION only */
        struct cancel_key key;    /* STARTUP_CANCEL */
        unsigned unknown_options; /* parameters whose name begins with _pq_. */
};

/* STATUS_AGAIN: more bytes needed. STATUS_INVALID: the length is impossible for its kind, or the parameters
 * are not NUL-terminated pairs with a closing NUL. */
MUST_USE enum status startup_read(const uint8_t *p, size_t n, struct startup *out);

/* The parameter's meaning; what makes no sense is none, as for PgBouncer. */
enum replication replication_of(struct sv value);
/* A value of it that has this meaning. */
const char *replication_value(enum replication kind);
/* For people: none, logical, physical. */
const char *replication_word(enum replication kind);

/* The next parameter; false at the end. Views point into the packet. */
bool startup_param(struct reader *params, struct sv *name, struct sv *value);

/* server_tls: how TLS begins towards a server (manual, "SSL Session Encryption"), whatever the connection is
 * for: SSLRequest, its answer of one byte, the handshake; or the handshake at once (sslnegotiation=direct).
 *
 *     server_tls_ask --> STREAM_READABLE: server_tls_answer --> STREAM_SECURED: server_tls_done
 *            +---------------------- direct ------------------------------^
 *
 * The owner of the stream gets its events and passes them on. One owner, one thread. */
#pragma once

#include "net/stream.h"
#include "net/tls.h"

/* Zeroed at first. */
struct server_tls {
        struct tls_context *context; /* NULL: nothing has been asked for */
        char *host;
};

/* Asks for TLS as `context`, which may be NULL, wants it: STATUS_ABSENT: not at all, go on at once. `host` is
 * whose certificate is expected. STATUS_IO, STATUS_LIMIT: the connection broke. */
MUST_USE enum status server_tls_ask(struct server_tls *t, struct stream *s, struct tls_context *context,
                                    const char *host);

/* Whether the answer is still to come. */
bool server_tls_is_asked(const struct server_tls *t, const struct stream *s);

/* It can be read. STATUS_AGAIN: the handshake has begun, or nothing is there yet; STATUS_OK: the server has
 * no TLS, and may do without: go on; else `why` says what is wrong. */
MUST_USE enum status server_tls_answer(struct server_tls *t, struct stream *s, const char **why);

/* The handshake is over. STATUS_OK: go on; else `why`. */
MUST_USE enum status server_tls_done(const struct server_tls *t, const struct stream *s, const char **why);

/* Harmless on a zeroed one. */
void server_tls_fini(struct server_tls *t);

/* client_tls: how TLS begins with a client: after its SSLRequest (manual, "SSL Session Encryption"), or at
 * once (direct TLS). The handshake itself is net/secure.h's; the startup packet comes after it. */
#pragma once

#include "session/client.h"

/* An SSLRequest or GSSENCRequest has come, of `size` bytes; `n` have been read. Answers S or N. */
void client_tls_answer(struct client *c, bool ssl, size_t size, size_t n);

/* Whether these are the first bytes of a TLS handshake that we take part in. */
bool client_tls_is_hello(const struct client *c, const uint8_t *p, size_t n);
void client_tls_direct(struct client *c, const uint8_t *p, size_t n);

/* The handshake is over: STREAM_SECURED, STREAM_BROKEN in it. */
void client_tls_done(struct client *c);
void client_tls_failed(struct client *c);

/* False: a startup packet in clear text where client_tls_sslmode wants TLS; the client is closed. */
bool client_tls_suffices(struct client *c);

/* For the login's log line: "no", or version and cipher. */
const char *client_tls_words(const struct client *c, char *out, size_t size);

/* server_tls: how TLS begins with a server: SSLRequest, its answer of one byte, the handshake (manual, "SSL
 * Session Encryption"). After it the login goes on as without. */
#pragma once

#include "pool/server.h"

/* Asks for TLS where server_tls_sslmode wants it; else, and over a Unix socket, STATUS_ABSENT: log in at
 * once. STATUS_IO: the connection broke. */
MUST_USE enum status server_tls_ask(struct server *s, const char *host);

/* The server's answer can be read. STATUS_AGAIN: the handshake has begun, or nothing is there yet; STATUS_OK:
 * it has no TLS, and may do without: log in; else `why` says what is wrong. */
MUST_USE enum status server_tls_answer(struct server *s, const char **why);

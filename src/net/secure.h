/* secure: TLS on a stream: the handshake, the bytes, and what it has told about the peer. OpenSSL, on the
 * stream's own loop and without blocking.
 *
 *     secure_start --> handshake, a step whenever the socket is ready --> callback(STREAM_SECURED)
 *                                                                     --> callback(STREAM_BROKEN)
 *
 * A step costs a good part of a millisecond of signing, or several, so a loop takes only a few in one turn;
 * the rest wait for the next one. What one peer sends is read in portions, whatever it is (net/tls_bio.h).
 * Decides nothing about who may come in. One owner, one thread; moves with its stream. */
#pragma once

#include "base/sv.h"
#include "net/stream.h"
#include "net/tls.h"

enum {
        SECURE_BINDING_MAX = 64,
        HANDSHAKES_A_TURN = 4,       /* and when they take long, as with large RSA keys, */
        HANDSHAKES_US_A_TURN = 2000, /* no more once this time is over */
};

/* Begins TLS on a plain stream, everything sent before having left; keeps a reference of `context`, whose
 * settings say on which side we are. `host`: towards a server, the name or address in its certificate under
 * verify-full; NULL: none is known. `early`: the first bytes of the handshake, where they have been read
 * already (direct TLS), at most SECURE_EARLY_MAX. STATUS_LIMIT: memory is out, or too much of it. */
enum { SECURE_EARLY_MAX = 65536 };
MUST_USE enum status secure_start(struct stream *s, struct tls_context *context, const char *host,
                                  struct sv early);

/* What has been read is not a password any more: from here on it need not be overwritten in OpenSSL's memory,
 * as it is on streams that we accepted. Harmless on a plain one. */
void secure_relax(struct stream *s);

/* Why the handshake or the connection failed, in words; "" when it has not. Valid until stream_close. */
const char *secure_why(const struct stream *s);

/* What secure_start got; NULL on a plain stream. Borrowed until stream_close. */
struct tls_context *secure_context(const struct stream *s);
const char *secure_host(const struct stream *s);

/* All below are for a stream after STREAM_SECURED; false, 0 or "" on a plain one. */

/* "TLSv1.3/TLS_AES_256_GCM_SHA384/ECDH=X25519", as the log and SHOW show it. */
void secure_describe(const struct stream *s, char *out, size_t size);

/* Whether it went on with the session of an earlier connection. */
bool secure_resumed(const struct stream *s);

/* The common name in the peer's certificate, which has been verified. False: it showed none, it was not
 * verified, the name is too long, or there is a NUL in it. */
bool secure_peer_name(const struct stream *s, char *out, size_t size);

/* Whether the peer has shown a certificate, and it has been verified. */
bool secure_peer_verified(const struct stream *s);

/* The whole subject of that certificate as one name, as RFC 2253 writes it: "CN=app,O=Example". False as
 * above. */
bool secure_peer_subject(const struct stream *s, char *out, size_t size);

/* Whether the peer agreed to speak PostgreSQL's protocol (ALPN), without which direct TLS is refused. */
bool secure_agreed(const struct stream *s);

/* The hash of the server's certificate for SCRAM-SHA-256-PLUS (RFC 5929, tls-server-end-point): ours when we
 * accepted, else the peer's. Returns its size, 0 when there is none. */
size_t secure_binding(const struct stream *s, uint8_t out[SECURE_BINDING_MAX]);

/* scram: SCRAM-SHA-256 in both roles (RFC 5802, RFC 7677; PostgreSQL manual, "SASL Authentication"), as steps
 * from message to message. Pure: no sockets, and no thread's state.
 *
 * The costly part, PBKDF2, is only in scram_verifier_from_password and scram_client_keys; callers keep what
 * those return, so that a login does not pay again. */
#pragma once

#include "base/status.h"
#include "base/sv.h"

enum {
        SCRAM_KEY_SIZE = 32,
        SCRAM_SALT_MAX = 64,
        SCRAM_ITERATIONS_MAX = 1 << 20, /* more is refused: a peer must not choose how long we compute */
        SCRAM_NONCE_MAX = 256,          /* of either side, in characters */
        SCRAM_MESSAGE_MAX = 2048,
};

/* What PostgreSQL stores: SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey */
struct scram_verifier {
        uint32_t iterations;
        uint8_t salt[SCRAM_SALT_MAX];
        size_t salt_size;
        uint8_t stored_key[SCRAM_KEY_SIZE];
        uint8_t server_key[SCRAM_KEY_SIZE];
};

/* Enough to log in at a server that has the same verifier: no password needed. */
struct scram_keys {
        uint32_t iterations;
        uint8_t salt[SCRAM_SALT_MAX];
        size_t salt_size;
        uint8_t client_key[SCRAM_KEY_SIZE];
        uint8_t server_key[SCRAM_KEY_SIZE];
};

/* STATUS_INVALID when the text is not a verifier or is out of the bounds above. */
MUST_USE enum status scram_verifier_parse(const char *secret, struct scram_verifier *out);

/* A verifier with a fresh random salt (16 bytes). Costs `iterations` HMACs. */
void scram_verifier_from_password(const char *password, uint32_t iterations, struct scram_verifier *out);

/* A verifier for a user that does not exist: the same for the same name and process, indistinguishable from a
 * real one, never matches. `key`: 32 random bytes of this process. */
void scram_verifier_mock(const char *user, const uint8_t key[SCRAM_KEY_SIZE], uint32_t iterations,
                         struct scram_verifier *out);

/* ---- we are the server; the peer is a client ---- */

struct scram_server {
        struct scram_verifier verifier;
        char client_nonce[SCRAM_NONCE_MAX + 1], nonce[2 * SCRAM_NONCE_MAX + 1];
        char client_first_bare[SCRAM_MESSAGE_MAX], server_first[SCRAM_MESSAGE_MAX];
        bool doomed; /* go through all steps, then fail */
};

/* client-first-message in (of SASLInitialResponse), server-first-message out (NUL-terminated).
 * STATUS_INVALID: malformed, or asks for channel binding. */
MUST_USE enum status scram_server_first(struct scram_server *s, const struct scram_verifier *verifier,
                                        bool doomed, struct sv client_first, char out[SCRAM_MESSAGE_MAX]);

/* client-final-message in, server-final-message out. STATUS_DENIED: wrong proof. On success *keys holds the
 * client's key, for logging in at a server with the same verifier. */
MUST_USE enum status scram_server_final(struct scram_server *s, struct sv client_final,
                                        char out[SCRAM_MESSAGE_MAX], struct scram_keys *keys);

/* ---- we are the client; the peer is a PostgreSQL server ---- */

struct scram_client {
        char nonce[SCRAM_NONCE_MAX + 1];
        char client_first_bare[SCRAM_MESSAGE_MAX];
        uint8_t server_signature[SCRAM_KEY_SIZE];
};

/* client-first-message out, gs2 header "n,," included. */
void scram_client_first(struct scram_client *c, char out[SCRAM_MESSAGE_MAX]);

/* The salt and iterations a server-first-message asks for, so that the caller can find or derive keys.
 * STATUS_INVALID: malformed, or out of bounds; checks that the server's nonce begins with ours. */
MUST_USE enum status scram_client_challenge(const struct scram_client *c, struct sv server_first,
                                            struct scram_keys *out);

/* Derives client_key and server_key in place from a password (SASLprep is not applied; see scram.c), for the
 * salt and iterations already in *keys. */
void scram_client_keys(const char *password, struct scram_keys *keys);

/* client-final-message out, with keys for the challenge's salt and iterations. */
MUST_USE enum status scram_client_final(struct scram_client *c, const struct scram_keys *keys,
                                        struct sv server_first, char out[SCRAM_MESSAGE_MAX]);

/* Checks the server's signature (it must know the secret as well). STATUS_DENIED: it does not. */
MUST_USE enum status scram_client_verify(const struct scram_client *c, struct sv server_final);

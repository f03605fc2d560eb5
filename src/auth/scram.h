/* scram: SCRAM-SHA-256 in both roles (RFC 5802, RFC 7677; PostgreSQL manual, "SASL Authentication"), as steps
 * from message to message. Pure: no sockets, and no thread's state.
 *
 * With a binding it is SCRAM-SHA-256-PLUS: both sides prove as well that they see the same server
 * certificate.
 *
 * The costly part, PBKDF2, is only in scram_verifier_from_password and scram_client_keys; callers keep what
 * those return, so that a login does not pay again. Refuses other channel bindings than tls-server-end-point,
 * authorization identities and mandatory extensions. */
#pragma once

#include "base/status.h"
#include "base/sv.h"

enum {
        SCRAM_KEY_SIZE = 32,
        SCRAM_SALT_MAX = 64,
        SCRAM_FRESH_SALT_SIZE = 16,     /* of those we make, as PostgreSQL's */
        SCRAM_ITERATIONS_MAX = 1 << 20, /* more is refused: a peer must not choose how long we compute */
        SCRAM_NONCE_MAX = 256,          /* of either side, in characters */
        SCRAM_MESSAGE_MAX = 2048,
        SCRAM_BINDING_MAX = 64,
};

#define SCRAM_MECHANISM      "SCRAM-SHA-256"
#define SCRAM_MECHANISM_PLUS "SCRAM-SHA-256-PLUS"

/* What a TLS connection can be told by (RFC 5929, section 4, tls-server-end-point): a hash of the server's
 * certificate. */
struct scram_binding {
        uint8_t hash[SCRAM_BINDING_MAX];
        size_t size; /* 0: there is none */
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

/* STATUS_INVALID when the text is not a verifier or is out of the bounds above; *out is then zeros. */
MUST_USE enum status scram_verifier_parse(const char *secret, struct scram_verifier *out);

/* A verifier with a fresh random salt (16 bytes). Costs 2 x `iterations` HMACs' worth of hashing;
 * 1 <= iterations <= SCRAM_ITERATIONS_MAX. */
void scram_verifier_from_password(const char *password, uint32_t iterations, struct scram_verifier *out);

/* A verifier for a user that does not exist: the same for the same name and process, indistinguishable from a
 * real one, never matches. `key`: 32 random bytes of this process. */
void scram_verifier_mock(const char *user, const uint8_t key[SCRAM_KEY_SIZE], uint32_t iterations,
                         struct scram_verifier *out);

/* ---- we are the server; the peer is a client ---- */

struct scram_server {
        struct scram_verifier verifier;
        char nonce[2 * SCRAM_NONCE_MAX + 1];
        char client_first_bare[SCRAM_MESSAGE_MAX], server_first[SCRAM_MESSAGE_MAX];
        struct scram_binding binding; /* of a connection on which SCRAM-SHA-256-PLUS was offered */
        bool plus;                    /* and which the client has chosen */
        char gs2_flag;                /* 'n', 'y' or 'p', as the client-first-message said */
        bool doomed;                  /* go through all steps, then fail */
        const char *complaint; /* after STATUS_INVALID or STATUS_DENIED: what was wrong, static, for a log */
        const char *sqlstate;  /* after STATUS_INVALID: what PostgreSQL answers */
        char text[96];
};

/* Zeroes *s and notes the mechanism that the client has chosen. `binding`: of this connection, when
 * SCRAM-SHA-256-PLUS was offered; else NULL. STATUS_INVALID: not a mechanism that was offered. */
MUST_USE enum status scram_server_choose(struct scram_server *s, struct sv mechanism,
                                         const struct scram_binding *binding);

/* client-first-message in (of SASLInitialResponse), server-first-message out (NUL-terminated). `s` comes from
 * scram_server_choose (or is zeros: no binding); it copies *verifier. `doomed`: the exchange runs to its end
 * and is then denied. The user name in the message is ignored, as in PostgreSQL: the startup packet's counts.
 * The gs2 header may be "n,,", "y,," where no binding was offered, or "p=tls-server-end-point,," where one
 * was chosen. STATUS_INVALID: malformed, or asks for something else; `out` is "". */
MUST_USE enum status scram_server_first(struct scram_server *s, const struct scram_verifier *verifier,
                                        bool doomed, struct sv client_first, char out[SCRAM_MESSAGE_MAX]);

/* client-final-message in, server-final-message out. STATUS_DENIED: wrong proof (or doomed); STATUS_INVALID:
 * malformed, or not an answer to our server-first-message; `out` is then "" and *keys zeros. On success *keys
 * holds the client's key, for logging in at a server with the same verifier; the caller wipes it. One
 * attempt: the verifier in `s` is wiped, whatever the outcome. */
MUST_USE enum status scram_server_final(struct scram_server *s, struct sv client_final,
                                        char out[SCRAM_MESSAGE_MAX], struct scram_keys *keys);

/* ---- we are the client; the peer is a PostgreSQL server ---- */

struct scram_client {
        char nonce[SCRAM_NONCE_MAX + 1];
        char client_first_bare[SCRAM_MESSAGE_MAX];
        char gs2_flag;
        struct scram_binding binding; /* of 'p' */
        uint8_t
            server_signature[SCRAM_KEY_SIZE]; /* random until scram_client_final, so that nothing fits it */
};

/* client-first-message out, gs2 header included. The user name in it is empty, as libpq's. `gs2_flag`: 'p'
 * for SCRAM-SHA-256-PLUS, with the connection's binding; 'y': we could have bound, but the server did not
 * offer it (a server that did refuses this: somebody between us took it out of the offer); 'n': we do not
 * want to. */
void scram_client_first(struct scram_client *c, char gs2_flag, const struct scram_binding *binding,
                        char out[SCRAM_MESSAGE_MAX]);

/* The salt and iterations a server-first-message asks for, so that the caller can find or derive keys.
 * STATUS_INVALID: malformed, or out of bounds; checks that the server's nonce begins with ours and goes on.
 * The keys in *out are zeros. */
MUST_USE enum status scram_client_challenge(const struct scram_client *c, struct sv server_first,
                                            struct scram_keys *out);

/* What is wrong with a server-first-message, in English, static; NULL when nothing is. */
const char *scram_client_complaint(const struct scram_client *c, struct sv server_first);

/* The verifier of these keys. */
void scram_verifier_of_keys(const struct scram_keys *keys, struct scram_verifier *out);

/* Whether the keys, of the verifier's salt and iterations, come from its password. Constant time. */
bool scram_keys_fit(const struct scram_keys *keys, const struct scram_verifier *verifier);

/* The salt and the iterations of a verifier; the keys in *out are zeros. */
void scram_keys_for(const struct scram_verifier *verifier, struct scram_keys *out);

/* Derives client_key and server_key in place from a password (auth/saslprep.h), for the salt and
 * iterations already in *keys. Costs what scram_verifier_from_password does. */
void scram_client_keys(const char *password, struct scram_keys *keys);

/* client-final-message out. STATUS_INVALID: as scram_client_challenge, or the keys are for another salt or
 * other iterations than the message asks for (the password changed at the server). */
MUST_USE enum status scram_client_final(struct scram_client *c, const struct scram_keys *keys,
                                        struct sv server_first, char out[SCRAM_MESSAGE_MAX]);

/* Checks the server's signature (it must know the secret as well). STATUS_DENIED: it does not, or it reports
 * an error ("e=..."); STATUS_INVALID: malformed. */
MUST_USE enum status scram_client_verify(const struct scram_client *c, struct sv server_final);

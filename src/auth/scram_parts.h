/* scram_parts: what both roles of SCRAM share: attributes, base64, keys and signatures. Used inside this room
 * only; other rooms take auth/scram.h. Pure, no state, any thread.
 *
 *     n,,n=,r=fyko+d2lbbFgONRv      client-first-message: gs2 header, then client-first-message-bare
 *     r=...,s=QSXCR+Q6sek8bf92,i=4096      server-first-message
 *     c=biws,r=...,p=v0X8v3Bz2T0CJGbJ      client-final-message, the proof last
 *     v=rmF9pqV8S7suAoZWja4dJRkF           server-final-message */
#pragma once

#include "auth/scram.h"

/* Takes "x=value" and the comma after it off the front of *rest. False: no attribute there, or a comma with
 * nothing after it. `value` points into the message and may be empty. */
bool scram_attribute(struct sv *rest, char *name, struct sv *value);

/* The same, and it must be the attribute called `name`. */
bool scram_attribute_named(struct sv *rest, char name, struct sv *value);

/* Whether the text can be a nonce: 1..max printable ASCII characters, no comma. */
bool scram_nonce_valid(struct sv text, size_t max);

/* A decimal number without sign or leading zero, 1 <= *out <= max < 2^31. */
bool scram_iterations_parse(struct sv text, uint32_t max, uint32_t *out);

/* Fresh and random, base64: 24 characters and a NUL, as PostgreSQL's. */
enum { SCRAM_OWN_NONCE_SIZE = 25 };
void scram_nonce_make(char out[SCRAM_OWN_NONCE_SIZE]);

/* Base64 with padding, and nothing that another text could also mean: no white space, no stray bits. False
 * when the text is anything else, is empty, or means more than `max` bytes (max <= SCRAM_SALT_MAX). */
bool scram_base64_decode(struct sv text, uint8_t *out, size_t max, size_t *size);

/* Characters that base64 of n bytes takes, with the NUL. */
#define SCRAM_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* n <= SCRAM_CHANNEL_MAX; `out` has SCRAM_BASE64_SIZE(n) bytes. */
void scram_base64_encode(const uint8_t *bytes, size_t n, char *out);

#define SCRAM_GS2_PLUS "p=tls-server-end-point,,"

/* What the c= of a client-final-message must be: base64 of the gs2 header again, with 'p' followed by the
 * binding. */
enum { SCRAM_CHANNEL_MAX = sizeof(SCRAM_GS2_PLUS) - 1 + SCRAM_BINDING_MAX };
void scram_channel(char gs2_flag, const struct scram_binding *binding,
                   char out[SCRAM_BASE64_SIZE(SCRAM_CHANNEL_MAX)]);

/* HMAC-SHA-256(key, text). */
void scram_hmac(const uint8_t key[SCRAM_KEY_SIZE], struct sv text, uint8_t out[SCRAM_KEY_SIZE]);

/* StoredKey = SHA-256(ClientKey). */
void scram_stored_key(const uint8_t client_key[SCRAM_KEY_SIZE], uint8_t out[SCRAM_KEY_SIZE]);

/* What the two sides sign. */
struct scram_exchange {
        struct sv client_first_bare, server_first, client_final_bare;
};

/* HMAC(key, AuthMessage): ClientSignature with StoredKey, ServerSignature with ServerKey. Each of the three
 * messages is at most SCRAM_MESSAGE_MAX long. */
void scram_sign(const uint8_t key[SCRAM_KEY_SIZE], const struct scram_exchange *exchange,
                uint8_t out[SCRAM_KEY_SIZE]);

/* a ^= b: ClientProof from ClientKey and back. */
void scram_xor(uint8_t a[SCRAM_KEY_SIZE], const uint8_t b[SCRAM_KEY_SIZE]);

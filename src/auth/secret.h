/* secret: what a stored password is, and the md5 method. Pure; no sockets.
 *
 * Everything here that compares, compares in constant time; everything that derives, wipes what it used. */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum secret_kind { SECRET_NONE, SECRET_PLAIN, SECRET_MD5, SECRET_SCRAM };

/* By its form, as PostgreSQL tells them apart: "md5" + 32 lower-case hex digits; "SCRAM-SHA-256$..." that
 * parses (scram_verifier_parse); else plain. NULL or "" is none. */
enum secret_kind secret_kind(const char *secret);

enum { KEYED_HASH_KEY_SIZE = 32 };

enum { MD5_ANSWER_SIZE = 36 }; /* "md5" + 32 hex + NUL */

/* The answer to AuthenticationMD5Password for `user`, from a plain or an md5 secret. STATUS_INVALID for other
 * kinds; STATUS_DENIED when this machine's OpenSSL refuses MD5 (FIPS); `out` is then "" (PostgreSQL manual,
 * "Message Flow", AuthenticationMD5Password). */
MUST_USE enum status md5_answer(const char *secret, const char *user, const uint8_t salt[4],
                                char out[MD5_ANSWER_SIZE]);

/* Whether `answer` (n bytes, NUL not counted) is the right one. Constant time in the secret. */
bool md5_verify(const char *secret, const char *user, const uint8_t salt[4], const char *answer, size_t n);

/* Whether a clear-text password (n bytes) fits a plain or an md5 secret (a SCRAM secret: scram_keys_fit of
 * auth/scram.h). An empty password never does, nor one with a NUL in it. */
bool plain_verify(const char *secret, const char *user, const char *password, size_t n);

/* Wipes and frees; NULL is allowed. */
void secret_free(char *secret);

/* Equal in constant time (for equal lengths). */
bool secret_equal(const void *a, const void *b, size_t n);

/* Overwrites with zeros, not optimised away. */
void secret_wipe(void *p, size_t n);

/* The first 128 bits of HMAC-SHA-256: equal texts give equal values, and nobody without the key can make two
 * texts collide. */
void keyed_hash(const uint8_t key[KEYED_HASH_KEY_SIZE], const void *text, size_t n, uint64_t out[2]);

/* Cryptographically random bytes; aborts when the system has none. A process that forks goes on in one of the
 * two. */
void secret_random(void *out, size_t n);

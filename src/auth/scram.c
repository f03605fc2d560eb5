/* Verifiers and keys: what a password becomes. */
#include "auth/saslprep.h"
#include "auth/scram_parts.h"
#include "auth/secret.h"

#include "base/memory.h"
#include <openssl/evp.h>

#define SECRET_PREFIX "SCRAM-SHA-256$"

/* The part of `text` before `mark`, which is taken off with it. False when there is no mark. */
static bool split_at(struct sv *text, char mark, struct sv *head)
{
        const char *at = memchr(text->p, mark, text->n);

        if (at == NULL)
                return false;
        *head = sv_from(text->p, (size_t)(at - text->p));
        *text = sv_from(at + 1, text->n - head->n - 1);
        return true;
}

static bool key_parse(struct sv text, uint8_t key[SCRAM_KEY_SIZE])
{
        size_t size;

        return scram_base64_decode(text, key, SCRAM_KEY_SIZE, &size) && size == SCRAM_KEY_SIZE;
}

static bool verifier_parse(struct sv text, struct scram_verifier *out)
{
        struct sv iterations, salt, stored_key;

        if (text.n < sizeof(SECRET_PREFIX) - 1 ||
            memcmp(text.p, SECRET_PREFIX, sizeof(SECRET_PREFIX) - 1) != 0)
                return false;
        text = sv_from(text.p + sizeof(SECRET_PREFIX) - 1, text.n - (sizeof(SECRET_PREFIX) - 1));
        if (!split_at(&text, ':', &iterations) || !split_at(&text, '$', &salt) ||
            !split_at(&text, ':', &stored_key))
                return false;
        return scram_iterations_parse(iterations, INT32_MAX, &out->iterations) &&
               scram_base64_decode(salt, out->salt, sizeof(out->salt), &out->salt_size) &&
               key_parse(stored_key, out->stored_key) && key_parse(text, out->server_key);
}

enum status scram_verifier_parse(const char *secret, struct scram_verifier *out)
{
        memset(out, 0, sizeof(*out));
        if (verifier_parse(sv_cstr(secret), out))
                return STATUS_OK;
        secret_wipe(out, sizeof(*out));
        return STATUS_INVALID;
}

void scram_client_keys(const char *password, struct scram_keys *keys)
{
        uint8_t salted[SCRAM_KEY_SIZE];
        char *prepared = saslprep(password);

        CHECK(keys->iterations >= 1 && keys->iterations <= SCRAM_ITERATIONS_MAX);
        CHECK(keys->salt_size >= 1 && keys->salt_size <= SCRAM_SALT_MAX);
        MEMORY_INSIST(PKCS5_PBKDF2_HMAC(prepared, (int)strlen(prepared), keys->salt, (int)keys->salt_size,
                                        (int)keys->iterations, EVP_sha256(), sizeof(salted), salted) == 1);
        scram_hmac(salted, SV("Client Key"), keys->client_key);
        scram_hmac(salted, SV("Server Key"), keys->server_key);
        secret_wipe(salted, sizeof(salted));
        secret_free(prepared);
}

void scram_verifier_of_keys(const struct scram_keys *keys, struct scram_verifier *out)
{
        memset(out, 0, sizeof(*out));
        out->iterations = keys->iterations;
        out->salt_size = keys->salt_size;
        memcpy(out->salt, keys->salt, keys->salt_size);
        scram_stored_key(keys->client_key, out->stored_key);
        memcpy(out->server_key, keys->server_key, SCRAM_KEY_SIZE);
}

void scram_keys_for(const struct scram_verifier *verifier, struct scram_keys *out)
{
        memset(out, 0, sizeof(*out));
        out->iterations = verifier->iterations;
        out->salt_size = verifier->salt_size;
        memcpy(out->salt, verifier->salt, verifier->salt_size);
}

bool scram_keys_fit(const struct scram_keys *keys, const struct scram_verifier *verifier)
{
        return secret_equal(keys->server_key, verifier->server_key, SCRAM_KEY_SIZE);
}

void scram_verifier_from_password(const char *password, uint32_t iterations, struct scram_verifier *out)
{
        struct scram_keys keys = {.iterations = iterations, .salt_size = SCRAM_FRESH_SALT_SIZE};

        secret_random(keys.salt, keys.salt_size);
        scram_client_keys(password, &keys);
        scram_verifier_of_keys(&keys, out);
        secret_wipe(&keys, sizeof(keys));
}

/* Each field is the keyed hash of the name under a label of its own. To match, somebody would need a SHA-256
 * preimage of stored_key. */
void scram_verifier_mock(const char *user, const uint8_t key[SCRAM_KEY_SIZE], uint32_t iterations,
                         struct scram_verifier *out)
{
        uint8_t of_user[SCRAM_KEY_SIZE], salt[SCRAM_KEY_SIZE];

        scram_hmac(key, sv_cstr(user), of_user);
        scram_hmac(of_user, SV("salt"), salt);
        memset(out, 0, sizeof(*out));
        out->iterations = iterations;
        out->salt_size = SCRAM_FRESH_SALT_SIZE;
        memcpy(out->salt, salt, SCRAM_FRESH_SALT_SIZE);
        scram_hmac(of_user, SV("stored key"), out->stored_key);
        scram_hmac(of_user, SV("server key"), out->server_key);
        secret_wipe(of_user, sizeof(of_user));
        secret_wipe(salt, sizeof(salt));
}

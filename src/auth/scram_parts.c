#include "auth/scram_parts.h"

#include "auth/secret.h"
#include "base/memory.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

bool scram_attribute(struct sv *rest, char *name, struct sv *value)
{
        const char *comma;

        if (rest->n < 2 || rest->p[1] != '=')
                return false;
        if (!((rest->p[0] >= 'a' && rest->p[0] <= 'z') || (rest->p[0] >= 'A' && rest->p[0] <= 'Z')))
                return false;
        *name = rest->p[0];
        comma = memchr(rest->p, ',', rest->n);
        if (comma == NULL) {
                *value = sv_from(rest->p + 2, rest->n - 2);
                *rest = sv_from(rest->p + rest->n, 0);
                return true;
        }
        if (comma == rest->p + rest->n - 1)
                return false;
        *value = sv_from(rest->p + 2, (size_t)(comma - rest->p) - 2);
        *rest = sv_from(comma + 1, rest->n - (size_t)(comma - rest->p) - 1);
        return true;
}

bool scram_attribute_named(struct sv *rest, char name, struct sv *value)
{
        char found;

        return scram_attribute(rest, &found, value) && found == name;
}

bool scram_nonce_valid(struct sv text, size_t max)
{
        if (text.n == 0 || text.n > max)
                return false;
        for (size_t i = 0; i < text.n; i++)
                if (text.p[i] < '!' || text.p[i] > '~' || text.p[i] == ',')
                        return false;
        return true;
}

bool scram_iterations_parse(struct sv text, uint32_t max, uint32_t *out)
{
        uint64_t n = 0;

        if (text.n == 0 || text.p[0] == '0')
                return false;
        for (size_t i = 0; i < text.n; i++) {
                if (text.p[i] < '0' || text.p[i] > '9')
                        return false;
                n = n * 10 + (uint64_t)(text.p[i] - '0');
                if (n > max)
                        return false;
        }
        *out = (uint32_t)n;
        return true;
}

void scram_nonce_make(char out[SCRAM_OWN_NONCE_SIZE])
{
        uint8_t raw[18];

        _Static_assert(SCRAM_OWN_NONCE_SIZE == SCRAM_BASE64_SIZE(sizeof(raw)), "the nonce fills its text");
        secret_random(raw, sizeof(raw));
        scram_base64_encode(raw, sizeof(raw), out);
}

/* EVP_DecodeBlock tolerates white space, '=' anywhere and bits that padding hides. Whatever it made of the
 * text, only what encodes back to the same text is accepted. */
bool scram_base64_decode(struct sv text, uint8_t *out, size_t max, size_t *size)
{
        uint8_t bytes[SCRAM_BASE64_SIZE(SCRAM_SALT_MAX)];
        char again[SCRAM_BASE64_SIZE(SCRAM_SALT_MAX)];
        size_t n;
        bool same;

        CHECK(max <= SCRAM_SALT_MAX);
        if (text.n == 0 || text.n % 4 != 0 || text.n > SCRAM_BASE64_SIZE(SCRAM_SALT_MAX) - 1)
                return false;
        if (EVP_DecodeBlock(bytes, (const unsigned char *)text.p, (int)text.n) != (int)(text.n / 4 * 3))
                return false;
        n = text.n / 4 * 3 - (text.p[text.n - 1] == '=') - (text.p[text.n - 2] == '=');
        if (n > max) {
                secret_wipe(bytes, sizeof(bytes));
                return false;
        }
        scram_base64_encode(bytes, n, again);
        same = secret_equal(again, text.p, text.n);
        if (same) {
                memcpy(out, bytes, n);
                *size = n;
        }
        secret_wipe(bytes, sizeof(bytes));
        secret_wipe(again, sizeof(again));
        return same;
}

void scram_base64_encode(const uint8_t *bytes, size_t n, char *out)
{
        CHECK(n <= SCRAM_CHANNEL_MAX);
        EVP_EncodeBlock((unsigned char *)out, bytes, (int)n);
}

void scram_channel(char gs2_flag, const struct scram_binding *binding,
                   char out[SCRAM_BASE64_SIZE(SCRAM_CHANNEL_MAX)])
{
        uint8_t data[SCRAM_CHANNEL_MAX] = {(uint8_t)gs2_flag, ',', ','};
        size_t n = 3;

        if (gs2_flag == 'p') {
                CHECK(binding->size >= 1 && binding->size <= SCRAM_BINDING_MAX);
                n = sizeof(SCRAM_GS2_PLUS) - 1;
                memcpy(data, SCRAM_GS2_PLUS, n);
                memcpy(data + n, binding->hash, binding->size);
                n += binding->size;
        }
        scram_base64_encode(data, n, out);
}

void scram_hmac(const uint8_t key[SCRAM_KEY_SIZE], struct sv text, uint8_t out[SCRAM_KEY_SIZE])
{
        unsigned int size = 0;

        MEMORY_INSIST(HMAC(EVP_sha256(), key, SCRAM_KEY_SIZE, (const unsigned char *)text.p, text.n, out,
                           &size) != NULL);
        CHECK(size == SCRAM_KEY_SIZE);
}

void scram_stored_key(const uint8_t client_key[SCRAM_KEY_SIZE], uint8_t out[SCRAM_KEY_SIZE])
{
        unsigned int size = 0;

        MEMORY_INSIST(EVP_Digest(client_key, SCRAM_KEY_SIZE, out, &size, EVP_sha256(), NULL) == 1);
        CHECK(size == SCRAM_KEY_SIZE);
}

static size_t put(char *message, size_t at, struct sv part)
{
        CHECK(part.n <= SCRAM_MESSAGE_MAX);
        memcpy(message + at, part.p, part.n);
        return at + part.n;
}

/* AuthMessage is what went over the wire, commas between: nothing in it is secret. */
void scram_sign(const uint8_t key[SCRAM_KEY_SIZE], const struct scram_exchange *exchange,
                uint8_t out[SCRAM_KEY_SIZE])
{
        char message[3 * SCRAM_MESSAGE_MAX + 2];
        size_t n = 0;

        n = put(message, n, exchange->client_first_bare);
        message[n++] = ',';
        n = put(message, n, exchange->server_first);
        message[n++] = ',';
        n = put(message, n, exchange->client_final_bare);
        scram_hmac(key, sv_from(message, n), out);
}

void scram_xor(uint8_t a[SCRAM_KEY_SIZE], const uint8_t b[SCRAM_KEY_SIZE])
{
        for (size_t i = 0; i < SCRAM_KEY_SIZE; i++)
                a[i] ^= b[i];
}

#include "auth/secret.h"

#include "auth/scram_parts.h"
#include "base/memory.h"

#include "auth/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { MD5_SIZE = 16, MD5_HEX = 2 * MD5_SIZE, RANDOM_STOCK = 1024 };

static bool md5_form(const char *secret)
{
        return strncmp(secret, "md5", 3) == 0 && strlen(secret) == 3 + MD5_HEX &&
               strspn(secret + 3, "0123456789abcdef") == MD5_HEX;
}

enum secret_kind secret_kind(const char *secret)
{
        struct scram_verifier verifier;
        enum status status;

        if (secret == NULL || secret[0] == '\0')
                return SECRET_NONE;
        if (md5_form(secret))
                return SECRET_MD5;
        status = scram_verifier_parse(secret, &verifier);
        secret_wipe(&verifier, sizeof(verifier));
        return status == STATUS_OK ? SECRET_SCRAM : SECRET_PLAIN;
}

/* Lower-case hex of MD5(a, b). False when OpenSSL has no MD5 (FIPS). */
static bool md5_hex(struct sv a, struct sv b, char out[MD5_HEX + 1])
{
        static const char digits[] = "0123456789abcdef";
        EVP_MD_CTX *context;
        uint8_t sum[EVP_MAX_MD_SIZE];
        bool done;

        MEMORY_INSIST((context = EVP_MD_CTX_new()) != NULL);
        done = EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1 && EVP_DigestUpdate(context, a.p, a.n) == 1 &&
               EVP_DigestUpdate(context, b.p, b.n) == 1 && EVP_DigestFinal_ex(context, sum, NULL) == 1;
        EVP_MD_CTX_free(context); /* clears what it hashed */
        if (done)
                for (size_t i = 0; i < MD5_SIZE; i++) {
                        out[2 * i] = digits[sum[i] >> 4];
                        out[2 * i + 1] = digits[sum[i] & 15];
                }
        out[done ? MD5_HEX : 0] = '\0';
        secret_wipe(sum, sizeof(sum));
        return done;
}

/* The hex digits of a stored md5 secret, or what they would be for a plain one. */
static enum status md5_inner(const char *secret, const char *user, char out[MD5_HEX + 1])
{
        switch (secret_kind(secret)) {
        case SECRET_MD5: memcpy(out, secret + 3, MD5_HEX + 1); return STATUS_OK;
        case SECRET_PLAIN: return md5_hex(sv_cstr(secret), sv_cstr(user), out) ? STATUS_OK : STATUS_DENIED;
        case SECRET_NONE:
        case SECRET_SCRAM: break;
        }
        return STATUS_INVALID;
}

enum status md5_answer(const char *secret, const char *user, const uint8_t salt[4], char out[MD5_ANSWER_SIZE])
{
        char inner[MD5_HEX + 1];
        enum status status = md5_inner(secret, user, inner);

        if (status == STATUS_OK && !md5_hex(sv_from(inner, MD5_HEX), sv_from(salt, 4), out + 3))
                status = STATUS_DENIED;
        if (status == STATUS_OK)
                memcpy(out, "md5", 3);
        else
                out[0] = '\0';
        secret_wipe(inner, sizeof(inner));
        return status;
}

bool md5_verify(const char *secret, const char *user, const uint8_t salt[4], const char *answer, size_t n)
{
        char right[MD5_ANSWER_SIZE];
        bool same;

        if (md5_answer(secret, user, salt, right) != STATUS_OK)
                return false;
        same = n == MD5_ANSWER_SIZE - 1 && secret_equal(right, answer, n);
        secret_wipe(right, sizeof(right));
        return same;
}

static bool md5_plain_verify(const char *secret, const char *user, struct sv password)
{
        char hex[MD5_HEX + 1];
        bool same;

        same = md5_hex(password, sv_cstr(user), hex) && secret_equal(hex, secret + 3, MD5_HEX);
        secret_wipe(hex, sizeof(hex));
        return same;
}

bool plain_verify(const char *secret, const char *user, const char *password, size_t n)
{
        if (n == 0 || memchr(password, '\0', n) != NULL)
                return false;
        switch (secret_kind(secret)) {
        case SECRET_PLAIN: return strlen(secret) == n && secret_equal(secret, password, n);
        case SECRET_MD5: return md5_plain_verify(secret, user, sv_from(password, n));
        case SECRET_NONE:
        case SECRET_SCRAM: break;
        }
        return false;
}

void secret_free(char *secret)
{
        if (secret != NULL)
                secret_wipe(secret, strlen(secret));
        free(secret);
}

bool secret_equal(const void *a, const void *b, size_t n)
{
        return CRYPTO_memcmp(a, b, n) == 0;
}

void secret_wipe(void *p, size_t n)
{
        explicit_bzero(p, n);
}

static void generate(void *out, size_t n)
{
        CHECK(n <= INT32_MAX);
        MEMORY_INSIST(RAND_bytes(out, (int)n) == 1);
}

/* OpenSSL takes some microseconds and a system call however little is wanted of it, and every login wants a
 * little: it is asked for plenty at once. What has been handed out is nowhere else. */
void secret_random(void *out, size_t n)
{
        static _Thread_local uint8_t stock[RANDOM_STOCK];
        static _Thread_local size_t left;

        if (n > sizeof(stock)) {
                generate(out, n);
                return;
        }
        if (n > left) {
                generate(stock, sizeof(stock));
                left = sizeof(stock);
        }
        left -= n;
        memcpy(out, stock + left, n);
        secret_wipe(stock + left, n);
}

void keyed_hash(const uint8_t key[KEYED_HASH_KEY_SIZE], const void *text, size_t n, uint64_t out[2])
{
        uint8_t mac[SCRAM_KEY_SIZE];

        scram_hmac(key, sv_from(text, n), mac);
        memcpy(out, mac, 2 * sizeof(out[0]));
}

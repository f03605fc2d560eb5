#include "hashes.h"

#include "base/check.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

struct hashes hashes;

/* The library's own, behind ours. */
static void *behind(const char *name)
{
        void *found = dlsym(RTLD_NEXT, name);

        CHECK(found != NULL);
        return found;
}

int PKCS5_PBKDF2_HMAC(const char *pass, int passlen, const unsigned char *salt, int saltlen, int iter,
                      const EVP_MD *digest, int keylen, unsigned char *out)
{
        __typeof__(PKCS5_PBKDF2_HMAC) *real = behind("PKCS5_PBKDF2_HMAC");

        hashes.derivations++;
        return real(pass, passlen, salt, saltlen, iter, digest, keylen, out);
}

unsigned char *HMAC(const EVP_MD *evp_md, const void *key, int key_len, const unsigned char *data,
                    size_t data_len, unsigned char *md, unsigned int *md_len)
{
        __typeof__(HMAC) *real = behind("HMAC");

        hashes.others++;
        return real(evp_md, key, key_len, data, data_len, md, md_len);
}

int EVP_Digest(const void *data, size_t count, unsigned char *md, unsigned int *size, const EVP_MD *type,
               ENGINE *impl)
{
        __typeof__(EVP_Digest) *real = behind("EVP_Digest");

        hashes.others++;
        return real(data, count, md, size, type, impl);
}

int EVP_DigestFinal_ex(EVP_MD_CTX *ctx, unsigned char *md, unsigned int *s)
{
        __typeof__(EVP_DigestFinal_ex) *real = behind("EVP_DigestFinal_ex");

        hashes.others++;
        return real(ctx, md, s);
}

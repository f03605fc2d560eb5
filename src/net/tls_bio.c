#include "net/tls_bio.h"

#include "base/check.h"
#include "base/memory.h"

#include <errno.h>
#include <openssl/bio.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static BIO_METHOD *method;
static int slot; /* of the BIO's extra data, where the tls_bio is: BIO_set_data is the socket BIO's own */
static int (*socket_read)(BIO *bio, char *out, int n);

static int give_early(struct tls_bio *b, char *out, int n)
{
        size_t left = b->early_size - b->early_at, take = left < (size_t)n ? left : (size_t)n;

        memcpy(out, b->early + b->early_at, take);
        b->early_at += take;
        if (b->early_at == b->early_size)
                tls_bio_release(b);
        return (int)take;
}

static int bounded_read(BIO *bio, char *out, int n)
{
        struct tls_bio *b = BIO_get_ex_data(bio, slot);
        int r;

        if (b->early != NULL && n > 0)
                return give_early(b, out, n);
        if (b->budget <= 0) {
                b->starved = true;
                BIO_clear_retry_flags(bio);
                BIO_set_retry_read(bio);
                return -1;
        }
        if (n > b->budget)
                n = b->budget;
        r = socket_read(bio, out, n);
        b->drained = r < n;
        if (r > 0)
                b->budget -= r;
        return r;
}

static void make_method(void)
{
        const BIO_METHOD *plain = BIO_s_socket();

        MEMORY_INSIST((slot = BIO_get_ex_new_index(0, NULL, NULL, NULL, NULL)) >= 0);
        MEMORY_INSIST((method = BIO_meth_new(BIO_TYPE_SOCKET, "bounded socket")) != NULL);
        socket_read = BIO_meth_get_read(plain);
        CHECK(BIO_meth_set_read(method, bounded_read) == 1 &&
              BIO_meth_set_write(method, BIO_meth_get_write(plain)) == 1 &&
              BIO_meth_set_puts(method, BIO_meth_get_puts(plain)) == 1 &&
              BIO_meth_set_ctrl(method, BIO_meth_get_ctrl(plain)) == 1 &&
              BIO_meth_set_create(method, BIO_meth_get_create(plain)) == 1 &&
              BIO_meth_set_destroy(method, BIO_meth_get_destroy(plain)) == 1);
}

struct bio_st *tls_bio_new(struct tls_bio *b, struct sv early)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        BIO *bio;

        pthread_once(&once, make_method);
        bio = BIO_new(method);
        if (bio == NULL)
                return NULL;
        if (early.n > 0 && (b->early = malloc(early.n)) == NULL) {
                BIO_free(bio);
                return NULL;
        }
        if (early.n > 0)
                memcpy(b->early, early.p, early.n);
        b->early_size = early.n;
        BIO_set_fd(bio, b->fd, BIO_NOCLOSE);
        if (BIO_set_ex_data(bio, slot, b) == 1)
                return bio;
        BIO_free(bio);
        tls_bio_release(b);
        return NULL;
}

void tls_bio_release(struct tls_bio *b)
{
        free(b->early);
        b->early = NULL;
}

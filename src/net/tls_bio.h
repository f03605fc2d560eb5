/* tls_bio: a socket as OpenSSL sees it: the bytes that were read before TLS began come first, and between two
 * calls of tls_bio_refill it gives only so many. What goes on inside of OpenSSL (key updates, renegotiations,
 * empty records) a peer can then not keep up for longer than that.
 *
 * Everything else is OpenSSL's own socket BIO, kernel TLS included. */
#pragma once

#include "base/sv.h"

#include <stdint.h>

struct bio_st;

/* Zeroed, but for fd. */
struct tls_bio {
        int fd;
        uint8_t *early;
        size_t early_size, early_at;
        int budget;   /* bytes it still gives */
        bool starved; /* it has held some back */
        bool drained; /* the socket had no more */
};

/* A BIO over `b`, which outlives it; `early` is copied. It gives nothing else before tls_bio_refill. NULL:
 * memory is out. */
struct bio_st *tls_bio_new(struct tls_bio *b, struct sv early);

static inline void tls_bio_refill(struct tls_bio *b, int bytes)
{
        b->budget = bytes;
        b->starved = b->drained = false;
}

void tls_bio_release(struct tls_bio *b);

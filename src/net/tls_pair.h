/* tls_pair: what one configuration makes of TLS, towards clients and towards servers. Immutable, counted;
 * every thread holds its own reference, as of the configuration itself. */
#pragma once

#include "net/tls.h"

struct tls_pair {
        struct tls_context *clients, *servers; /* NULL: sslmode disable */
};

/* Makes the contexts that `opt` asks for. STATUS_INVALID: `why` (size bytes) names the option and what is
 * wrong; *out is NULL. */
MUST_USE enum status tls_pair_new(const struct options *opt, struct tls_pair **out, char *why, size_t size);

/* Thread-safe; NULL is allowed. */
struct tls_pair *tls_pair_ref(struct tls_pair *pair);
void tls_pair_unref(struct tls_pair *pair);

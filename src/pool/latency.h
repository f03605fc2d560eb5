/* latency: how long the transactions, queries and waits of a pool took. Kept in its worker, and read by the
 * census. Microseconds. */
#pragma once

#include "base/check.h"
#include "base/histogram.h"
#include "base/memory.h"

enum latency_kind {
        LATENCY_TRANSACTION, /* from its first message to the ReadyForQuery that ends it */
        LATENCY_QUERY,       /* from a request to its ReadyForQuery */
        LATENCY_WAIT,        /* from a request to the server that serves it; often 0 */
        LATENCY_KINDS
};

struct latency {
        struct histogram of[LATENCY_KINDS];
};

/* Counts one; `*latency` is made by the first, and free() ends it. */
static inline void latency_add(struct latency **latency, enum latency_kind kind, int64_t us)
{
        if (*latency == NULL)
                *latency = xcalloc(1, sizeof(**latency));
        histogram_add(&(*latency)->of[kind], us);
}

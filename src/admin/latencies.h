/* latencies: the histograms of the census added up over the workers: one row for each pool, from which those
 * of databases and of nodes are made; and what of it is recent. Pure. */
#pragma once

#include "admin/pool_rows.h"
#include "session/census.h"

struct latency_row {
        const char *database, *user, *node; /* "" where it is summed over */
        struct latency n;
};

struct latencies {
        struct arena arena;
        struct latency_row *list; /* sorted by database, user, node */
        size_t count;
};

/* Sums the census (CENSUS_LATENCY), a row for each (database, user, node). */
void latencies_make(struct latencies *l, const struct census *census);

/* The same rows with what has come since `then`. */
void latencies_since(struct latencies *l, const struct latencies *now, const struct latencies *then);

/* Rows told apart by `key` alone (enum pool_key bits), sorted no more. Of two that have the same pools they
 * are the same in the same order. */
void latencies_by(struct latencies *l, const struct latencies *pools, unsigned key);
void latencies_fini(struct latencies *l);

/* Two snapshots, taken at each end of stats_period: "recent" is what has come since the older one, as with
 * averages. All zero: nothing has been seen. */
struct latency_history {
        struct latencies older, newer;
};

/* Takes over *now as the newest snapshot. */
void latency_history_shift(struct latency_history *h, struct latencies *now);
void latency_history_fini(struct latency_history *h);

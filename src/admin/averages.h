/* averages: counters of each database added up over the workers, and what they grew by a second, from
 * snapshots taken every stats_period. As in PgBouncer an average reaches from the snapshot before the newest
 * one until now, that is over one to two periods. Pure. */
#pragma once

#include "base/arena.h"
#include "session/census.h"

struct total {
        const char *database;
        struct counters n;
};

struct totals {
        struct arena arena;
        struct total *list; /* by database */
        size_t count;
        size_t cap;
};

/* Sums the census (CENSUS_STATS); `own` is added as the database "pgbouncer". */
void totals_make(struct totals *t, const struct census *census, const struct counters *own);
const struct counters *totals_find(const struct totals *t, const char *database); /* NULL: none */
/* All databases together. */
struct counters totals_sum(const struct totals *t);
void totals_fini(struct totals *t);

void counters_add(struct counters *sum, const struct counters *n);

struct averages {
        struct totals older, newer;
        int64_t older_us, newer_us;
};

void averages_init(struct averages *a, int64_t now_us);

/* Takes over *now as the newest snapshot. */
void averages_shift(struct averages *a, struct totals *now, int64_t now_us);

/* What `database` did a second since the older snapshot: counts and bytes a second; times per transaction,
 * query and assignment, microseconds. `current`: its counters now. NULL for `database`: all together. */
struct counters averages_of(const struct averages *a, const char *database, const struct counters *current,
                            int64_t now_us);

/* PgBouncer's line about all databases, without "stats: ". */
void averages_line(const struct counters *avg, char *out, size_t size);
void averages_fini(struct averages *a);

/* histogram: how many values fell where, log-linear: buckets as wide as an eighth of the power of two they
 * lie in, so that a percentile is never too low and at most an eighth too high, from a microsecond to 19
 * hours, in 2 KiB (the idea is HdrHistogram's, https://hdrhistogram.org). One writer, who adds in a few
 * nanoseconds and allocates nothing; others get copies. Pure. */
#pragma once

#include "base/arena.h"

#include <stdint.h>

enum {
        HISTOGRAM_FINE = 3,  /* bits behind the leading one that choose the bucket */
        HISTOGRAM_BITS = 36, /* what is longer counts as the longest */
        HISTOGRAM_BUCKETS = (HISTOGRAM_BITS - HISTOGRAM_FINE + 1) << HISTOGRAM_FINE
};

struct histogram {
        uint64_t sum; /* of the values as they were, not of buckets */
        uint64_t max; /* likewise */
        uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* The buckets that are in use. */
struct histogram_extract {
        uint64_t sum, max;
        const uint64_t *buckets; /* `count` from `first` on */
        unsigned first, count;
};

static inline unsigned histogram_bucket(uint64_t value)
{
        unsigned power;

        if (value >> HISTOGRAM_BITS != 0)
                return HISTOGRAM_BUCKETS - 1;
        if (value >> HISTOGRAM_FINE == 0)
                return (unsigned)value;
        power = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_FINE;
        return (power << HISTOGRAM_FINE) + (unsigned)(value >> power);
}

/* A negative value (a clock's step back) counts as 0. */
static inline void histogram_add(struct histogram *h, int64_t value)
{
        uint64_t v = value < 0 ? 0 : (uint64_t)value;

        h->buckets[histogram_bucket(v)]++;
        h->sum += v;
        if (v > h->max)
                h->max = v;
}

/* A small copy, in the arena. */
struct histogram_extract histogram_extract(const struct histogram *h, struct arena *arena);

/* No copy: all of `h` as it stands. */
static inline struct histogram_extract histogram_view(const struct histogram *h)
{
        return (struct histogram_extract){h->sum, h->max, h->buckets, 0, HISTOGRAM_BUCKETS};
}

/* Adds what was extracted. */
void histogram_fold(struct histogram *into, const struct histogram_extract *e);

/* What has been added since `then`, an earlier state of `now`; all of `now` when it is none, as after a
 * restart of the count. `max` is then the end of the highest bucket with something new. */
struct histogram histogram_since(const struct histogram *now, const struct histogram *then);

/* How many values there are; and of these, how many are below 2^power. */
uint64_t histogram_count(const struct histogram *h);
uint64_t histogram_count_below(const struct histogram *h, unsigned power);

/* The smallest value that at least `share` (0 to 1) of all do not exceed, rounded up to its bucket's end; 0
 * when there are none. */
uint64_t histogram_percentile(const struct histogram *h, double share);

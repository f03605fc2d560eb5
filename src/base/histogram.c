#include "base/histogram.h"

#include <math.h>
#include <string.h>

/* The largest value of a bucket. */
static uint64_t bucket_end(unsigned bucket)
{
        unsigned power;

        if (bucket < 2 << HISTOGRAM_FINE)
                return bucket;
        power = (bucket >> HISTOGRAM_FINE) - 1;
        return (((uint64_t)bucket - (power << HISTOGRAM_FINE) + 1) << power) - 1;
}

struct histogram_extract histogram_extract(const struct histogram *h, struct arena *arena)
{
        struct histogram_extract e = {.sum = h->sum, .max = h->max};
        unsigned end = HISTOGRAM_BUCKETS;
        uint64_t *copy;

        while (end > 0 && h->buckets[end - 1] == 0)
                end--;
        while (e.first < end && h->buckets[e.first] == 0)
                e.first++;
        e.count = end - e.first;
        copy = arena_alloc(arena, e.count * sizeof(*copy));
        e.buckets = memcpy(copy, h->buckets + e.first, e.count * sizeof(*copy));
        return e;
}

void histogram_fold(struct histogram *into, const struct histogram_extract *e)
{
        for (unsigned i = 0; i < e->count; i++)
                into->buckets[e->first + i] += e->buckets[i];
        into->sum += e->sum;
        if (e->max > into->max)
                into->max = e->max;
}

struct histogram histogram_since(const struct histogram *now, const struct histogram *then)
{
        struct histogram h = {.sum = now->sum - then->sum};
        unsigned highest = 0;

        for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
                if (now->buckets[i] < then->buckets[i])
                        return *now;
                h.buckets[i] = now->buckets[i] - then->buckets[i];
                if (h.buckets[i] > 0)
                        highest = i;
        }
        h.max = bucket_end(highest);
        if (h.max > now->max || highest == HISTOGRAM_BUCKETS - 1)
                h.max = now->max;
        return h;
}

uint64_t histogram_count(const struct histogram *h)
{
        return histogram_count_below(h, HISTOGRAM_BITS);
}

uint64_t histogram_count_below(const struct histogram *h, unsigned power)
{
        unsigned end = power >= HISTOGRAM_BITS ? HISTOGRAM_BUCKETS : histogram_bucket(UINT64_C(1) << power);
        uint64_t n = 0;

        for (unsigned i = 0; i < end; i++)
                n += h->buckets[i];
        return n;
}

uint64_t histogram_percentile(const struct histogram *h, double share)
{
        uint64_t count = histogram_count(h), rank, seen = 0, end;

        if (count == 0)
                return 0;
        rank = (uint64_t)ceil(share * (double)count);
        for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
                seen += h->buckets[i];
                if (seen < rank || seen == 0)
                        continue;
                end = bucket_end(i);
                return end < h->max && i < HISTOGRAM_BUCKETS - 1 ? end : h->max;
        }
        return h->max;
}

#include "base/histogram.h"

#include "unit.h"

#include <string.h>

static void each_bucket_holds_what_lies_in_it(void)
{
        struct histogram h;
        uint64_t v = 0;

        while (v >> HISTOGRAM_BITS == 0) {
                uint64_t top;

                memset(&h, 0, sizeof(h));
                h.max = UINT64_MAX;
                h.buckets[histogram_bucket(v)] = 1;
                top = histogram_percentile(&h, 1);
                unit_row("%llu", (unsigned long long)v);
                if (histogram_bucket(v) == HISTOGRAM_BUCKETS - 1)
                        break;
                /* Neither too low nor more than an eighth too high, and no gap behind it. */
                UNIT_ASSERT(top >= v && top - v <= v / 8);
                UNIT_ASSERT(histogram_bucket(top) == histogram_bucket(v));
                UNIT_ASSERT(histogram_bucket(top + 1) == histogram_bucket(v) + 1);
                v = top + 1;
        }
        UNIT_ASSERT(v > UINT64_C(1) << (HISTOGRAM_BITS - 1));
}

static void percentiles_of_known_values(void)
{
        static const struct {
                int from, to, step;
                double share;
                uint64_t least, most;
        } rows[] = {
            {1, 1000, 1, 0.5, 500, 562},
            {1, 1000, 1, 0.99, 990, 1000},
            {1, 1000, 1, 1, 1000, 1000},
            {1, 1000, 1, 0, 1, 1},
            {7, 7, 1, 0.5, 7, 7},
            {1000000, 1000000, 1, 0.999, 1000000, 1000000},
            {0, 100000, 10, 0.95, 95000, 106875},
            {-5, -5, 1, 0.5, 0, 0},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct histogram h = {0};
                uint64_t p;

                for (int v = rows[i].from; v <= rows[i].to; v += rows[i].step)
                        histogram_add(&h, v);
                p = histogram_percentile(&h, rows[i].share);
                unit_row("%d to %d, %g: %llu", rows[i].from, rows[i].to, rows[i].share,
                         (unsigned long long)p);
                UNIT_ASSERT(p >= rows[i].least && p <= rows[i].most);
        }
}

static void the_longest_are_counted(void)
{
        struct histogram h = {0};

        UNIT_ASSERT(histogram_percentile(&h, 0.5) == 0 && histogram_count(&h) == 0);
        histogram_add(&h, INT64_MAX);
        UNIT_ASSERT(histogram_count(&h) == 1 && h.buckets[HISTOGRAM_BUCKETS - 1] == 1);
        UNIT_ASSERT(histogram_percentile(&h, 0.5) == INT64_MAX && h.max == INT64_MAX);
}

static void counts_below_powers_of_two(void)
{
        struct histogram h = {0};

        for (int v = 0; v < 4096; v++)
                histogram_add(&h, v);
        for (unsigned power = 0; power <= 12; power++) {
                unit_row("2^%u", power);
                UNIT_ASSERT(histogram_count_below(&h, power) == UINT64_C(1) << power);
        }
        UNIT_ASSERT(histogram_count_below(&h, 30) == 4096 && histogram_count_below(&h, 64) == 4096);
        UNIT_ASSERT(h.sum == 4096 * 4095 / 2);
}

static void extracts_add_up(void)
{
        struct arena arena = {0};
        struct histogram a = {0}, b = {0}, both = {0}, sum = {0};
        struct histogram_extract e;

        e = histogram_extract(&a, &arena);
        histogram_fold(&sum, &e);
        UNIT_ASSERT(e.count == 0 && histogram_count(&sum) == 0);
        for (int v = 100; v < 300; v++) {
                histogram_add(v % 3 == 0 ? &a : &b, v * v);
                histogram_add(&both, v * v);
        }
        e = histogram_extract(&a, &arena);
        UNIT_ASSERT(e.count < HISTOGRAM_BUCKETS / 4);
        histogram_fold(&sum, &e);
        e = histogram_extract(&b, &arena);
        histogram_fold(&sum, &e);
        UNIT_ASSERT(memcmp(&sum, &both, sizeof(sum)) == 0);
        arena_release(&arena);
}

static void what_came_since(void)
{
        struct histogram then = {0}, now, since;

        for (int v = 0; v < 100; v++)
                histogram_add(&then, 1000000);
        now = then;
        for (int v = 0; v < 10; v++)
                histogram_add(&now, 500);
        since = histogram_since(&now, &then);
        UNIT_ASSERT(histogram_count(&since) == 10 && since.sum == 5000);
        UNIT_ASSERT(since.max >= 500 && since.max <= 562 && histogram_percentile(&since, 0.99) == since.max);
        since = histogram_since(&now, &now);
        UNIT_ASSERT(histogram_count(&since) == 0 && since.max == 0);
        /* Whoever counted has begun anew. */
        since = histogram_since(&then, &now);
        UNIT_ASSERT(memcmp(&since, &then, sizeof(since)) == 0);
}

UNIT_SUITE(base_histogram, UNIT_CASE(each_bucket_holds_what_lies_in_it),
           UNIT_CASE(percentiles_of_known_values), UNIT_CASE(the_longest_are_counted),
           UNIT_CASE(counts_below_powers_of_two), UNIT_CASE(extracts_add_up), UNIT_CASE(what_came_since))

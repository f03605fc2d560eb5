#include "base/clock.h"
#include "health/ring.h"

#include "unit.h"

static struct ring ring;

static void push(int64_t clock_us, uint64_t lsn, uint64_t flush_lsn)
{
        ring_push(&ring, (struct ring_sample){clock_us, lsn, flush_lsn});
}

static void an_empty_ring_knows_nothing(void)
{
        ring_reset(&ring, 1);
        UNIT_ASSERT(ring_fresh_us(&ring, 100) == 0);
        UNIT_ASSERT(ring_lag_us(&ring, 100, 5000) == -1 && ring_lag_bytes(&ring, 100) == -1);
}

static void replay_becomes_a_time(void)
{
        static const struct {
                const char *row;
                uint64_t replay;
                int64_t fresh, lag, bytes;
        } rows[] = {
            {"before the oldest sample", 50, 0, 9000, 250},
            {"at the oldest", 100, 1000, 9000, 200},
            {"between two", 150, 1000, 9000, 150},
            {"one byte short", 199, 1000, 9000, 101},
            {"at the second", 200, 2000, 8000, 100},
            {"all that is flushed, not all that is inserted", 300, 2000, 0, 0},
            {"everything", 333, 3000, 0, 0},
            {"beyond", 400, 3000, 0, 0},
        };

        ring_reset(&ring, 1);
        push(1000, 100, 100);
        push(2000, 200, 200);
        push(3000, 333, 300);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].row);
                UNIT_ASSERT(ring_fresh_us(&ring, rows[i].replay) == rows[i].fresh);
                UNIT_ASSERT(ring_lag_us(&ring, rows[i].replay, 10000) == rows[i].lag);
                UNIT_ASSERT(ring_lag_bytes(&ring, rows[i].replay) == rows[i].bytes);
        }
}

/* The stream is cut: the standby has replayed all it received and says so for ever, while the primary goes
 * on. */
static void a_cut_stream_grows_old(void)
{
        const uint64_t replayed = 1000;
        int64_t last = -1;

        ring_reset(&ring, 1);
        push(1, 1000, 1000);
        UNIT_ASSERT(ring_lag_us(&ring, replayed, 1) == 0);
        for (int64_t second = 1; second <= 20; second++) {
                int64_t now = second * US_PER_SEC, lag;

                push(now, 1000 + (uint64_t)second * 50, 1000 + (uint64_t)second * 50);
                lag = ring_lag_us(&ring, replayed, now + 1000);
                unit_row("second %d", (int)second);
                UNIT_ASSERT(lag == now + 999 && lag > last);
                UNIT_ASSERT(ring_fresh_us(&ring, replayed) == 1);
                last = lag;
        }
}

static void an_idle_primary_makes_no_lag(void)
{
        ring_reset(&ring, 1);
        for (int64_t second = 1; second <= 100; second++)
                push(second * US_PER_SEC, 1000, 1000);
        UNIT_ASSERT(ring.count == 1);
        UNIT_ASSERT(ring_lag_us(&ring, 1000, 200 * US_PER_SEC) == 0);
        UNIT_ASSERT(ring_fresh_us(&ring, 1000) == 100 * US_PER_SEC);
        /* the first write after it makes the standby old by its age, not by the idle time */
        push(101 * US_PER_SEC, 1100, 1100);
        UNIT_ASSERT(ring_lag_us(&ring, 1000, 101 * US_PER_SEC) == 1 * US_PER_SEC);
}

/* WAL that is inserted and stays unflushed can reach no standby: no lag, and no freshness either. */
static void unflushed_wal_is_no_lag_and_no_freshness(void)
{
        ring_reset(&ring, 1);
        push(1000, 500, 500);
        push(2000, 600, 500);
        push(9000, 600, 500);
        UNIT_ASSERT(ring_lag_us(&ring, 500, 9500) == 0);
        UNIT_ASSERT(ring_fresh_us(&ring, 500) == 1000);
}

/* Background flushing stops at a page's end, inside a record; replay stops in front of that record. */
static void a_flush_that_cuts_a_record_is_not_waited_for(void)
{
        const uint64_t page = 100 * 8192;

        ring_reset(&ring, 1);
        push(1000, page - 700, page - 700);
        push(2000, page + 300, page);
        UNIT_ASSERT(ring_lag_us(&ring, page - 700, 60 * US_PER_SEC) == 0);
        push(3000, page + 300, page + 300);
        UNIT_ASSERT(ring_lag_us(&ring, page - 700, 4000) == 4000 - 2000);
}

static void a_new_timeline_or_a_fall_starts_afresh(void)
{
        ring_reset(&ring, 1);
        push(1000, 100, 100);
        push(2000, 200, 200);
        push(3000, 150, 150); /* crash: 150 to 200 was never flushed */
        UNIT_ASSERT(ring.count == 1 && ring_fresh_us(&ring, 120) == 0 && ring_fresh_us(&ring, 150) == 3000);
        ring_reset(&ring, 2);
        UNIT_ASSERT(ring.timeline == 2 && ring_fresh_us(&ring, 150) == 0);
}

/* Far more samples than there is room: old times get coarser, never younger than the truth. */
static void overflow_only_makes_old_answers_older(void)
{
        const int64_t samples = 20 * RING_SAMPLES, step = 20 * US_PER_MS;

        ring_reset(&ring, 1);
        for (int64_t i = 1; i <= samples; i++)
                push(i * step, (uint64_t)i * 100, (uint64_t)i * 100);
        UNIT_ASSERT(ring.count <= RING_SAMPLES);
        for (int64_t i = 1; i <= samples; i += 37) {
                int64_t fresh = ring_fresh_us(&ring, (uint64_t)i * 100);

                unit_row("sample %d", (int)i);
                UNIT_ASSERT(fresh > 0 && fresh <= i * step);
                if (i > samples - RING_SAMPLES / 2)
                        UNIT_ASSERT(fresh == i * step);
        }
        for (int i = 1; i < ring.count; i++)
                UNIT_ASSERT(ring.samples[i - 1].clock_us < ring.samples[i].clock_us &&
                            ring.samples[i - 1].lsn < ring.samples[i].lsn);
        UNIT_ASSERT(ring.samples[0].clock_us == step);
}

UNIT_SUITE(health_ring, UNIT_CASE(an_empty_ring_knows_nothing), UNIT_CASE(replay_becomes_a_time),
           UNIT_CASE(a_cut_stream_grows_old), UNIT_CASE(an_idle_primary_makes_no_lag),
           UNIT_CASE(unflushed_wal_is_no_lag_and_no_freshness),
           UNIT_CASE(a_flush_that_cuts_a_record_is_not_waited_for),
           UNIT_CASE(a_new_timeline_or_a_fall_starts_afresh),
           UNIT_CASE(overflow_only_makes_old_answers_older))

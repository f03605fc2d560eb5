#include "health/ring.h"

#include <stddef.h>
#include <string.h>

enum { PAGE = 8192, CUT_RECORD = 4 * PAGE };

void ring_reset(struct ring *ring, uint32_t timeline)
{
        ring->timeline = timeline;
        ring->count = 0;
}

/* Every second of the older half goes; the oldest stays, it bounds what can be said at all. */
static void thin_out(struct ring *ring)
{
        int half = ring->count / 2, kept = 0;

        for (int i = 0; i < half; i += 2)
                ring->samples[kept++] = ring->samples[i];
        memmove(&ring->samples[kept], &ring->samples[half],
                sizeof(ring->samples[0]) * (size_t)(ring->count - half));
        ring->count = kept + ring->count - half;
}

/* WAL flushed in the background ends at a page's end, in the middle of a record as a rule: replay stops
 * before that record, and on a primary that waits in an open transaction it stays there. CUT_RECORD is ample
 * for one record. */
static uint64_t replayable(uint64_t flush_lsn, const struct ring_sample *newest)
{
        uint64_t least = newest != NULL ? newest->flush_lsn : 0;

        if (flush_lsn % PAGE == 0 && flush_lsn > CUT_RECORD)
                flush_lsn -= CUT_RECORD;
        return flush_lsn > least ? flush_lsn : least;
}

void ring_push(struct ring *ring, struct ring_sample sample)
{
        struct ring_sample *newest = ring->count > 0 ? &ring->samples[ring->count - 1] : NULL;

        if (newest != NULL && (sample.lsn < newest->lsn || sample.flush_lsn < newest->flush_lsn)) {
                ring->count = 0;
                newest = NULL;
        }
        sample.flush_lsn = replayable(sample.flush_lsn, newest);
        if (newest != NULL && newest->lsn == sample.lsn && newest->flush_lsn == sample.flush_lsn) {
                newest->clock_us = sample.clock_us;
                return;
        }
        if (ring->count == RING_SAMPLES)
                thin_out(ring);
        ring->samples[ring->count++] = sample;
}

/* The newest sample that `replay_lsn` has passed, by insert or by flush position; -1: none. */
static int newest_replayed(const struct ring *ring, uint64_t replay_lsn, bool by_flush)
{
        int low = 0, high = ring->count;

        while (low < high) {
                int middle = low + (high - low) / 2;
                const struct ring_sample *sample = &ring->samples[middle];

                if ((by_flush ? sample->flush_lsn : sample->lsn) <= replay_lsn)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low - 1;
}

int64_t ring_fresh_us(const struct ring *ring, uint64_t replay_lsn)
{
        int i = newest_replayed(ring, replay_lsn, false);

        return i < 0 ? 0 : ring->samples[i].clock_us;
}

int64_t ring_lag_us(const struct ring *ring, uint64_t replay_lsn, int64_t now_us)
{
        int i;

        if (ring->count == 0)
                return -1;
        i = newest_replayed(ring, replay_lsn, true);
        if (i == ring->count - 1)
                return 0;
        return now_us - ring->samples[i < 0 ? 0 : i].clock_us;
}

int64_t ring_lag_bytes(const struct ring *ring, uint64_t replay_lsn)
{
        uint64_t newest;

        if (ring->count == 0)
                return -1;
        newest = ring->samples[ring->count - 1].flush_lsn;
        return newest > replay_lsn ? (int64_t)(newest - replay_lsn) : 0;
}

/* ring: samples {clock, LSN} of the primary's WAL, by which a standby's replay position becomes a time.
 *
 * A sample says: all that was committed before `clock_us` lies before `lsn`. So a standby that has replayed
 * past a sample shows all that was committed before its clock: freshness and lag without comparing clocks of
 * hosts. The samples belong to one run of one timeline. When the ring is full, every second of its older half
 * is dropped: old times get coarser, and answers stay true (a missing sample only makes them older). Pure;
 * one owner. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { RING_SAMPLES = 2048 };

struct ring_sample {
        int64_t clock_us;   /* when the question left, so before the server looked */
        uint64_t lsn;       /* insert position, normalised: nothing committed later lies before it */
        uint64_t flush_lsn; /* flushed: more than this no standby can have (ring_push lowers one that cuts a
                               record) */
};

struct ring {
        uint32_t timeline; /* 0: no samples yet */
        int count;
        struct ring_sample samples[RING_SAMPLES]; /* by age, oldest first; lsn and flush_lsn never fall */
};

/* Forgets all samples. What comes next is of `timeline`. */
void ring_reset(struct ring *ring, uint32_t timeline);

/* Adds a sample, younger than all before. An LSN that fell (the primary crashed and lost what was not
 * flushed) makes the ring start afresh. Equal positions share a sample, which gets the younger clock. */
void ring_push(struct ring *ring, struct ring_sample sample);

/* The clock before which all commits are visible where `replay_lsn` is replayed; 0: unknown. */
int64_t ring_fresh_us(const struct ring *ring, uint64_t replay_lsn);

/* How far `replay_lsn` is behind at `now_us`: 0 when it has all that the newest sample says is flushed, else
 * the age of the newest sample it has replayed; at least the age of the oldest sample when it has none of
 * them. -1: no samples. What the primary has inserted but not yet flushed counts as no lag: no standby can
 * have it, and an idle primary may sit on it for long. */
int64_t ring_lag_us(const struct ring *ring, uint64_t replay_lsn, int64_t now_us);

/* Bytes between `replay_lsn` and the newest flushed position; -1: no samples. */
int64_t ring_lag_bytes(const struct ring *ring, uint64_t replay_lsn);

/* history: the failovers of one cluster: when its primary went, which node came, and what it cost the
 * clients. A bounded list; the oldest are forgotten. No clock: times are handed in. Owner and thread: the
 * monitor of the cluster, on the control thread. */
#pragma once

#include "cluster/cluster.h"

enum { HISTORY_MAX = 64, HISTORY_NAME_SIZE = 128 };

struct failover {
        char from[HISTORY_NAME_SIZE], to[HISTORY_NAME_SIZE]; /* names of nodes; `to` "" while there is none */
        char why[128];                                       /* what was seen on `from` */
        int64_t lost_wall_us, elected_wall_us;               /* 0: not yet */
        int64_t gap_us;    /* without a primary, as published; of one not yet over: so far */
        uint32_t timeline; /* the new one */
        uint64_t toll[TOLL_KINDS];
};

struct history {
        struct failover list[HISTORY_MAX]; /* a ring; toll: as it was before the primary went */
        size_t count;                      /* ever */
        int64_t lost_us;                   /* clock_us of the last loss */
};

/* The primary is gone, or replaced. `toll` is the cluster's before that. */
void history_lost(struct history *history, const char *from, const char *why, int64_t now_us,
                  int64_t now_wall_us, const uint64_t toll[TOLL_KINDS]);

/* There is a primary. Does nothing when none was ever lost. */
void history_elected(struct history *history, const char *to, uint32_t timeline, int64_t now_us,
                     int64_t now_wall_us);

/* The i-th that is still known, the oldest first, with what it cost up to the next one, or up to now: `toll`.
 * False: there is none. */
bool history_at(const struct history *history, size_t i, int64_t now_us, const uint64_t toll[TOLL_KINDS],
                struct failover *out);

/* The newest one. */
bool history_last(const struct history *history, int64_t now_us, const uint64_t toll[TOLL_KINDS],
                  struct failover *out);

/* gauge: how far the standbys of a cluster are, by the answers of its primary: their lag, and before which
 * moment all that was committed is to be seen on them. Decides nothing. Owner and thread: the monitor of the
 * cluster. */
#pragma once

#include "health/elect.h"
#include "health/ring.h"

struct gauge {
        struct ring ring;
        int node; /* the primary that the samples are from; -1: none yet */
};

/* What is known now. */
struct sight {
        const struct dossier *dossiers;
        const struct elect_memory *memory;
        const struct topology *view;
};

/* What node `i` has just answered is a sample, if it is the primary's. */
void gauge_take(struct gauge *gauge, const struct sight *sight, int i);

/* The lag of a standby by its last good answer, into its dossier. */
void gauge_lag(const struct gauge *gauge, struct dossier *dossier, int64_t now_us);

/* Tells workers what each node is known to have (struct node). Before they learn of a new view: whatever
 * loses certainty loses it before readers learn why. */
void gauge_publish(const struct gauge *gauge, const struct sight *sight);

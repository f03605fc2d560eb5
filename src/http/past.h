/* past: the last quarter of an hour as the page's curves show it: once a second, what each node has served
 * and how far it lags, who waits; and the last changes of roles. Of fixed size, whatever happens: a ring of
 * moments, a place for each node, and those seen longest ago make room.
 *
 * Knows tables and nothing of where they come from. One owner. */
#pragma once

#include "admin/reading.h"
#include "http/answer.h"

enum {
        PAST_MOMENTS = 900,
        PAST_EVERY_MS = 1000,
        PAST_NODES_MAX = 64,
        PAST_CHANGES = 50,
};

struct past;

struct past *past_new(void);
void past_free(struct past *past);

/* Wants the tables that past_take needs. */
void past_want(struct reading *r);

/* The next moment; at_ms: milliseconds since 1970. When that is not later than the last one was, the clock
 * has been set back, and the curves begin anew. */
void past_take(struct past *past, const struct reading *r, int64_t at_ms);

/* {"every_ms":1000,"times":[...],"waiting":[...],"nodes":[{"cluster":..,"node":..,"reads":[..],"writes":[..],
 * "lag_ms":[..]},...],"changes":[...]}: as many values as times, reads and writes a second, null: not known;
 * changes of roles and states, the oldest first. */
void past_put(struct writer *w, const struct past *past);

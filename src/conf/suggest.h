/* suggest: "did you mean X?": the known word that is nearest to a mistyped one. Pure. */
#pragma once

#include "base/sv.h"

/* The word looked for, and the nearest offered so far. Start with {.word = ...}. */
struct suggest {
        struct sv word;
        struct sv best; /* empty: nothing is near enough */
        unsigned distance;
};

/* Considers one known word. Case does not count, '-' for '_' counts half. */
void suggest_offer(struct suggest *s, struct sv known);

/* Writes ", did you mean BEST?" or, when nothing is near, "". Returns out. */
const char *suggest_text(const struct suggest *s, char *out, size_t size);

/* nameset: a few names, each once: what is paused, what is disabled. Looked through one by one, so for
 * dozens, not thousands. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct nameset {
        char **names; /* no order */
        size_t count;
};

bool nameset_has(const struct nameset *set, const char *name);
/* Harmless when it is there already. */
void nameset_add(struct nameset *set, const char *name);
/* False: it was not there. */
bool nameset_remove(struct nameset *set, const char *name);
void nameset_fini(struct nameset *set);

/* paused: what PAUSE and KILL have stopped and RESUME has not yet let go on: everything, or databases by
 * name. Only remembers; the workers are told by orders. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct paused {
        bool all;    /* PAUSE */
        bool killed; /* KILL without a name: every database is as if paused by name */
        char **names;
        size_t count;
};

/* Harmless when it is paused already. */
void paused_add(struct paused *p, const char *database);
/* False: it was not paused by name. */
bool paused_remove(struct paused *p, const char *database);
/* Whether it is paused by name (or by KILL of all). */
bool paused_has(const struct paused *p, const char *database);
void paused_fini(struct paused *p);

/* paused: what PAUSE, SUSPEND, KILL and DISABLE have stopped and RESUME and ENABLE have not yet let go on:
 * everything, or databases by name. Only remembers; the workers are told by orders. */
#pragma once

#include "base/nameset.h"

struct paused {
        bool all;       /* PAUSE */
        bool suspended; /* SUSPEND; not together with `all` */
        bool killed;    /* KILL without a name: every database is as if paused by name */
        struct nameset names;
        struct nameset disabled;
};

/* Whether a database is paused by name (or by KILL of all). */
static inline bool paused_has(const struct paused *p, const char *database)
{
        return p->killed || nameset_has(&p->names, database);
}

static inline void paused_fini(struct paused *p)
{
        nameset_fini(&p->names);
        nameset_fini(&p->disabled);
}

/* lists: the functions and texts that the configuration names (route_primary, route_standby), as classify
 * wants them. */
#pragma once

#include "conf/options.h"
#include "router/classify.h"

struct route_lists {
        const char **primary, **standby; /* NULL-terminated */
        struct patterns *patterns;       /* NULL: none */
};

/* Reads them; what was there before is freed. */
void lists_read(struct route_lists *lists, const struct options *opt);
void lists_free(struct route_lists *lists);

/* Rules that say what the lists say, and what `catalog` does (NULL: there is none). They borrow both. */
struct classify_rules lists_rules(const struct route_lists *lists, const struct catalog *catalog);

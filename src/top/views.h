/* views: what `pgsteer top` shows: each is one SELECT on the console (docs/console.md). */
#pragma once

#include <stdbool.h>

struct view {
        const char *name, *sql;
        const char *sort; /* a column's name */
        bool descending;
};

extern const struct view views[];
extern const int view_count;

/* What is wrong now: severity and text. */
extern const char *const alerts_sql;

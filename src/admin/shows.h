/* shows: the tables of the console, one row each in one list: name, columns, the parts of the census it
 * needs, and the function that fills it. SHOW finds them by name; whatever else wants live rows (SQL, HTTP)
 * uses the same list.
 *
 * Columns of PgBouncer's tables are PgBouncer's, in its order and types: programs read them by position, so
 * new data has tables of its own. */
#pragma once

#include "admin/table.h"
#include "base/sv.h"

struct scene;

struct show {
        const char *name;
        const struct column *columns;
        int column_count;
        unsigned parts; /* enum census_part bits; 0: no worker need be asked */
        void (*fill)(struct table *t, const struct scene *scene);
        const char *text; /* what it shows, for people */
};

/* Case is ignored. NULL: there is no such table. */
const struct show *show_find(struct sv name);

/* SHOW FDS, for administrators alone: found by show_find, and in no list. Filled by admin/descriptors.c. */
extern const struct show show_fds;

/* The i-th, NULL behind the last. */
const struct show *show_at(size_t i);

/* Makes *t its table, of now. */
void show_fill(const struct show *show, struct table *t, const struct scene *scene);

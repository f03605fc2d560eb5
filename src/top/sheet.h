/* sheet: an answer of the console as text in rows and columns: sorted, compared with the one before, and laid
 * out in lines of a terminal's width. Pure. */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum { SHEET_COLUMNS_MAX = 32 };

struct sheet {
        struct arena arena;
        int columns;
        const char *names[SHEET_COLUMNS_MAX];
        bool numeric[SHEET_COLUMNS_MAX]; /* to the right, and sorted as numbers */
        size_t rows;
        const char **cells; /* row after row, as they were asked; NULL: SQL's null */
        const char **shown; /* the same with rates, in order */
};

/* An empty sheet with room for `rows`, whose names and cells are filled in by the caller; then sheet_show. */
void sheet_init(struct sheet *s, int columns, size_t rows);
void sheet_fini(struct sheet *s);

/* Makes what is shown of the cells: in columns whose names end in "/s", which are counters, what they have
 * grown by in a second since `before` was asked, `seconds` ago; null in rows that were not there. Rows are
 * the same where all that is not numeric is. `before` NULL: there is none. */
void sheet_show(struct sheet *s, const struct sheet *before, double seconds);

/* What is shown by one column; nulls last. Rows that are equal stay as they are. */
void sheet_sort(struct sheet *s, int column, bool descending);

/* A cell of what is shown; NULL: null. */
static inline const char *sheet_shown(const struct sheet *s, size_t row, int column)
{
        return s->shown[row * (size_t)s->columns + (size_t)column];
}

/* Writes a line of at most `width` characters (UTF-8 is cut between characters): row -1 is the names, with
 * '<' or '>' behind `sorted` (-1: none). The last column has all that is left. `size` is that of `out`. */
void sheet_line(const struct sheet *s, long row, int width, int sorted, bool descending, char *out,
                size_t size);

#include "top/sheet.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sheet_init(struct sheet *s, int columns, size_t rows)
{
        *s = (struct sheet){.columns = columns < SHEET_COLUMNS_MAX ? columns : SHEET_COLUMNS_MAX,
                            .rows = rows};
        s->cells = arena_alloc(&s->arena, (rows * (size_t)s->columns + 1) * sizeof(*s->cells));
}

static const char *asked(const struct sheet *s, size_t row, int column)
{
        return s->cells[row * (size_t)s->columns + (size_t)column];
}

void sheet_fini(struct sheet *s)
{
        arena_release(&s->arena);
        *s = (struct sheet){0};
}

/* ---- order ---- */

struct order {
        const struct sheet *sheet;
        int column;
        bool descending;
};

static int compare_cells(const char *a, const char *b, bool numeric)
{
        double x, y;

        if (!numeric)
                return strcmp(a, b);
        x = strtod(a, NULL);
        y = strtod(b, NULL);
        return x < y ? -1 : x > y;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
        const struct order *o = arg;
        size_t i = *(const size_t *)a, k = *(const size_t *)b;
        const char *x = sheet_shown(o->sheet, i, o->column), *y = sheet_shown(o->sheet, k, o->column);
        int order;

        if (x == NULL || y == NULL)
                order = (x == NULL) - (y == NULL);
        else
                order = compare_cells(x, y, o->sheet->numeric[o->column]) * (o->descending ? -1 : 1);
        return order != 0 ? order : i < k ? -1 : 1;
}

void sheet_sort(struct sheet *s, int column, bool descending)
{
        struct order order = {s, column, descending};
        size_t width = (size_t)s->columns, *places = xcalloc(s->rows + 1, sizeof(*places));
        const char **cells = arena_alloc(&s->arena, (s->rows * width + 1) * sizeof(*cells));

        for (size_t i = 0; i < s->rows; i++)
                places[i] = i;
        if (column >= 0 && column < s->columns)
                qsort_r(places, s->rows, sizeof(*places), compare_rows, &order);
        for (size_t i = 0; i < s->rows; i++)
                memcpy(cells + i * width, s->shown + places[i] * width, width * sizeof(*cells));
        s->shown = cells;
        free(places);
}

/* ---- rates ---- */

static bool same_key(const struct sheet *a, size_t i, const struct sheet *b, size_t k)
{
        for (int c = 0; c < a->columns; c++) {
                const char *x = asked(a, i, c), *y = asked(b, k, c);

                if (!a->numeric[c] && ((x == NULL) != (y == NULL) || (x != NULL && strcmp(x, y) != 0)))
                        return false;
        }
        return true;
}

static bool is_rate(const char *name)
{
        size_t n = strlen(name);

        return n > 2 && strcmp(name + n - 2, "/s") == 0;
}

/* The row that is the same in `before`, as a rule near the place it has here; before->rows: none. */
static size_t find_before(const struct sheet *s, size_t row, const struct sheet *before)
{
        for (size_t i = 0; i < before->rows; i++) {
                size_t at = (row + i) % before->rows;

                if (same_key(s, row, before, at))
                        return at;
        }
        return before->rows;
}

/* What a counter has grown by; NULL: not known. */
static const char *rate(struct sheet *s, const char *now, const char *then, double seconds)
{
        if (now == NULL || then == NULL || seconds <= 0)
                return NULL;
        return arena_printf(&s->arena, "%.0f", (strtod(now, NULL) - strtod(then, NULL)) / seconds);
}

void sheet_show(struct sheet *s, const struct sheet *before, double seconds)
{
        size_t all = s->rows * (size_t)s->columns;

        s->shown = arena_alloc(&s->arena, (all + 1) * sizeof(*s->shown));
        memcpy(s->shown, s->cells, all * sizeof(*s->shown));
        for (size_t row = 0; row < s->rows; row++) {
                size_t old = before != NULL ? find_before(s, row, before) : 0;
                bool known = before != NULL && old < before->rows;

                for (int c = 0; c < s->columns; c++)
                        if (is_rate(s->names[c]))
                                s->shown[row * (size_t)s->columns + (size_t)c] =
                                    rate(s, asked(s, row, c), known ? asked(before, old, c) : NULL, seconds);
        }
}

/* ---- lines ---- */

/* Characters of UTF-8 text. */
static int width_of(const char *text)
{
        int n = 0;

        for (; *text != '\0'; text++)
                n += (*text & 0xc0) != 0x80;
        return n;
}

static const char *shown(const struct sheet *s, long row, int column)
{
        const char *text = row < 0 ? s->names[column] : sheet_shown(s, (size_t)row, column);

        return text != NULL ? text : "";
}

static int column_width(const struct sheet *s, int column)
{
        int widest = width_of(s->names[column]) + 1; /* for the mark of the order */

        for (size_t row = 0; row < s->rows; row++) {
                int w = width_of(shown(s, (long)row, column));

                widest = w > widest ? w : widest;
        }
        return widest;
}

/* Appends the first `width` characters of `text`. */
static void put(char *out, size_t size, const char *text, int width)
{
        size_t n = strlen(out);

        for (; *text != '\0' && n + 1 < size; text++) {
                if ((*text & 0xc0) != 0x80 && width-- == 0)
                        break;
                out[n++] = *text;
        }
        out[n] = '\0';
}

static void put_blanks(char *out, size_t size, int count)
{
        while (count-- > 0)
                put(out, size, " ", 1);
}

void sheet_line(const struct sheet *s, long row, int width, int sorted, bool descending, char *out,
                size_t size)
{
        int left = width;

        out[0] = '\0';
        for (int c = 0; c < s->columns && left > 0; c++) {
                bool last = c + 1 == s->columns, marked = row < 0 && c == sorted;
                int room = last ? left : column_width(s, c), n;
                const char *text = shown(s, row, c);

                room = room < left ? room : left;
                n = width_of(text) + marked;
                n = n < room ? n : room;
                if (s->numeric[c])
                        put_blanks(out, size, (last ? column_width(s, c) : room) - n);
                put(out, size, text, n - marked);
                if (marked && n > 0)
                        put(out, size, descending ? ">" : "<", 1);
                if (!s->numeric[c] && !last)
                        put_blanks(out, size, room - n);
                left -= room;
                if (!last && left > 0) {
                        put_blanks(out, size, left > 1 ? 2 : 1);
                        left -= 2;
                }
        }
}

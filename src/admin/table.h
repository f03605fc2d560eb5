/* table: one answer of the console: typed columns and rows of cells, built cell by cell, and its forms on the
 * wire (manual, "Message Formats": RowDescription, DataRow; text and binary).
 *
 * Knows no command and no socket: the same tables serve SHOW and SQL. Texts are copies;
 * bytes that are not UTF-8 become '?', since drivers refuse them. One thread. */
#pragma once

#include "base/arena.h"
#include "base/utf8.h"
#include "wire/writer.h"

#include <stdint.h>

enum cell_type { CELL_TEXT, CELL_BOOL, CELL_INT4, CELL_INT8, CELL_NUMERIC, CELL_FLOAT, CELL_BYTEA };

enum { TABLE_COLUMNS_MAX = 64 }; /* one bit each in a mask of formats */

struct column {
        const char *name;
        enum cell_type type;
};

struct cell {
        bool null;
        const char *text; /* CELL_TEXT */
        int64_t number;   /* CELL_BOOL (0, 1), CELL_INT4, CELL_INT8 */
        uint64_t counter; /* CELL_NUMERIC */
        double real;      /* CELL_FLOAT */
};

struct table {
        struct arena arena;
        const struct column *columns; /* static, or in the arena */
        int column_count;
        struct cell *cells; /* row after row */
        size_t used, cap;   /* cells */
};

/* An empty table; `columns` outlive it. */
void table_init(struct table *t, const struct column *columns, int count);
void table_fini(struct table *t);

/* The next cell, left to right, row after row. The type must be the column's. table_text with NULL gives
 * SQL's null; table_int fits its number into the column's type: too large a number becomes the largest. */
void table_text(struct table *t, const char *text);
void table_textf(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_int(struct table *t, int64_t number);       /* CELL_BOOL, CELL_INT4, CELL_INT8 */
void table_counter(struct table *t, uint64_t counter); /* CELL_NUMERIC */
void table_real(struct table *t, double real);         /* CELL_FLOAT */
void table_null(struct table *t);

/* Complete rows. */
size_t table_rows(const struct table *t);
const struct cell *table_cell(const struct table *t, size_t row, int column);

/* The column of this name, -1: there is none. */
int table_column(const struct table *t, const char *name);

/* A value as PostgreSQL writes it, and as JSON and others do, but for CELL_BOOL ("t", "f"); `room` is used
 * where it is no text itself. NULL: null. */
enum { CELL_ROOM = 32 };
const char *cell_text(const struct cell *cell, enum cell_type type, char room[CELL_ROOM]);

/* RowDescription of columns. Bit i of `binary`: column i in binary format. */
void write_row_description(struct writer *w, const struct column *columns, int count, uint64_t binary);

/* DataRow. */
void write_data_row(struct writer *w, const struct table *t, size_t row, uint64_t binary);

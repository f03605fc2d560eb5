/* sql_table: the virtual tables of sql.c, for sql.c alone: each shows one `struct show`, row by row, from a
 * struct table that is filled later (sqlite.org, "The Virtual Table Mechanism Of SQLite"). */
#pragma once

#include "admin/shows.h"

#include <sqlite3.h>

struct source {
        const struct show *show;
        bool used;          /* the statement names it */
        struct table table; /* its rows; table.columns NULL: not filled yet */
};

/* Makes `source` known to `db` under its show's name; it outlives the connection. An SQLite result code. */
int sql_table_declare(sqlite3 *db, struct source *source);

/* The cell type that a column of one of these tables was declared with; CELL_TEXT for what is none. */
enum cell_type sql_table_type(const char *declared);

/* From now on statements of `db` only read these tables. An SQLite result code. */
int sql_table_guard(sqlite3 *db);

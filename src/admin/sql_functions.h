/* sql_functions: what PostgreSQL has and SQLite has not, for sql.c alone: now(), ~ and ~* (POSIX regular
 * expressions), ILIKE, and the functions that psql and drivers call about the catalog. */
#pragma once

#include <sqlite3.h>

/* Makes them known to `db`. An SQLite result code. */
int sql_functions_declare(sqlite3 *db);

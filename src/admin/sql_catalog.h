/* sql_catalog: as much of PostgreSQL's system catalog as psql's \d and \dt and drivers look at: the console's
 * tables, their columns, one schema, one database. Shown to SQL alone (sql.c); SHOW does not know them. */
#pragma once

#include "admin/shows.h"

/* The i-th, NULL behind the last. */
const struct show *sql_catalog_at(size_t i);

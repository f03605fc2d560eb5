/* lookup: what a name in a statement means: the built-in tables and the database's catalog together.
 *
 * Names are taken as they are written, with quotes, but a function's; `schema` is empty where none is
 * written. `catalog` may be NULL. Pure; allocates nothing. */
#pragma once

#include "cluster/catalog.h"
#include "router/known.h"

/* A function; the names are folded (known_fold). In front of the catalog stand those that overlay.def decides
 * against: neither a schema nor an overload makes them a read. */
enum known lookup_function(const struct catalog *catalog, struct sv schema, struct sv name);

/* A relation that a query reads. KNOWN_NOT: there is none of that name, as far as is known. Without a loaded
 * catalog, KNOWN_READ as long as nothing speaks against it. */
enum known lookup_relation(const struct catalog *catalog, struct sv schema, struct sv name);

/* An operator, with the signs at its end that belong to what follows. */
enum known lookup_operator(const struct catalog *catalog, struct sv schema, struct sv name);

/* KNOWN_READ unless the catalog has a type of that name that is none, in whatever schema. */
enum known lookup_type(const struct catalog *catalog, struct sv name);

/* The same for a function that is called as a column: row.name. */
enum known lookup_field(const struct catalog *catalog, struct sv name);

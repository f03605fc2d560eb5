/* catalog_sql: what a catalog is read by: SQL that PostgreSQL 13 to 18 understand and everybody may run.
 *
 * First the transaction and a fingerprint of all that the other statements look at, by which nothing more
 * needs to be read as long as nothing has changed; then one statement for each kind of row
 * (cluster/catalog_maker.h). */
#pragma once

#include "cluster/catalog_maker.h"

#include <stddef.h>

struct catalog_sql {
        enum catalog_row kind;
        int columns;
        const char *text;
};

/* Begins a transaction that sees one state, and answers with one row: the fingerprint, a text. It takes the
 * number and the transaction of every row into account, so that no change leaves it as it was; temporary
 * objects, which come and go, are left out. */
extern const char *const catalog_sql_begin;

/* The statement at `index`, NULL behind the last one. Static. */
const struct catalog_sql *catalog_sql_at(size_t index);

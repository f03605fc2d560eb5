/* catalog_maker: how rows of PostgreSQL's system catalogs become a catalog. Who reads the rows (health) knows
 * nothing of their meaning, who knows the meaning (router) reads nothing; the roof introduces one to the
 * other.
 *
 * One making at a time belongs to one thread. Its work comes in small steps, so that who makes can do other
 * things in between. */
#pragma once

#include "cluster/catalog.h"

/* What a row is about, and its columns, in text form as the server gives them; booleans are "t" and "f", what
 * is missing is "". A class is one letter: f function, r relation, t type, o operator. */
enum catalog_row {
        ROW_SCHEMA,   /* oid, name */
        ROW_FUNCTION, /* oid, oid of its schema, name, volatile, callable as a column, extension */
        ROW_RELATION, /* oid, oid of its schema, name, relkind, relpersistence */
        ROW_TYPE,     /* oid, name */
        ROW_OPERATOR, /* oid, oid of its schema, name, oids of its function and its operands' types */
        ROW_CAST,     /* oids of source, target and function, castcontext */
        ROW_USE,      /* class, oid; class, oid: whoever uses the first one uses the second one as well */
        ROW_TREE,     /* class, oid, pg_node_tree: the same for all that is in an expression or a query */
        ROW_BODY,     /* oid, text of a function; comes when all functions and relations have come */
        ROW_KINDS,
};

enum { CATALOG_COLUMNS_MAX = 6 };

struct catalog_maker {
        void *(*begin)(void);
        void (*row)(void *making, enum catalog_row kind, const char *const columns[]);
        /* When all rows are in: a millisecond's work at most. False: there was nothing left to do. */
        bool (*step)(void *making);
        /* The catalog (CATALOG_LOADED), of which the caller has the reference. Ends the making. */
        struct catalog *(*finish)(void *making);
        /* Ends it without a result. NULL is allowed. */
        void (*drop)(void *making);
};

/* sql: one SELECT over the console's tables. Each `struct show`, and a little of PostgreSQL's catalog for
 * psql, is a read-only virtual table of SQLite over rows that were copied when the statement began.
 *
 *     sql_prepare --> sql_parts --> census --> sql_fill --> sql_run
 *     control thread .......................  control      a helper: bounded in time, rows and memory
 *
 * A struct sql is used by one thread at a time. */
#pragma once

#include "admin/table.h"
#include "base/refusal.h"
#include "base/sv.h"

#include <stdatomic.h>

struct scene;
struct sql;

enum {
        SQL_TIME_MAX_US = 5000000,  /* of one statement */
        SQL_ROWS_MAX = 100000,      /* of one answer */
        SQL_MEMORY_MAX = 128 << 20, /* of all that SQLite holds */
        SQL_PARAMETERS_MAX = 100,
};

/* Understands one statement. NULL: *refusal (ERROR, 42601 and others) says what is wrong with it. */
struct sql *sql_prepare(struct sv text, struct refusal *refusal);
void sql_free(struct sql *sql);

/* The highest $n in it; 0: none. */
int sql_parameter_count(const struct sql *sql);
/* Gives $n (from 1) a value: a text, copied. What is not given is null. */
void sql_bind_text(struct sql *sql, int n, struct sv value);
void sql_bind_int(struct sql *sql, int n, int64_t value);

/* What of the census its tables need: enum census_part bits. */
unsigned sql_parts(const struct sql *sql);

/* Copies the rows of its tables. Before the first run. */
void sql_fill(struct sql *sql, const struct scene *scene);

/* Runs it; `stop` may become true meanwhile, in another thread. False: *refusal says why there is no answer;
 * 57014 when it took too long or was stopped. *out is a table of the caller's, with columns in its own arena;
 * a column's type is that of the column shown, and of the values where it is an expression. */
bool sql_run(struct sql *sql, const _Atomic bool *stop, struct table *out, struct refusal *refusal);

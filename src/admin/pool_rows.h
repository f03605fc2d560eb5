/* pool_rows: the census of pools and endpoints added up over the workers: per (database, user, node), per
 * (database, user), or per database or user alone. Pure. */
#pragma once

#include "admin/scene.h"

struct pool_row {
        const char *database, *user, *node; /* borrowed from the census; "" where it is summed over */
        int clients;                        /* logged in */
        int cl_active, cl_waiting, cl_active_cancel_req, cl_waiting_cancel_req;
        int sv_active, sv_active_cancel, sv_being_canceled, sv_idle, sv_used, sv_tested, sv_login;
        int limit; /* of the largest pool */
        int64_t maxwait_us;
        int pool_mode;
};

/* What rows are told apart by; what is left out is "" in the rows. Bits. */
enum pool_key { BY_DATABASE = 1 << 0, BY_USER = 1 << 1, BY_NODE = 1 << 2 };

struct pool_rows {
        struct pool_row *list; /* sorted by database, user, node */
        size_t count;
};

/* Sums s->census (CENSUS_POOLS); the console is the pool (pgbouncer, pgbouncer). With BY_NODE the clients
 * that wait for no pool, and the console, are left out: they are at no node. */
void pool_rows_make(struct pool_rows *rows, const struct scene *s, unsigned key);
void pool_rows_fini(struct pool_rows *rows);

/* Connections to servers in a row, of every state. */
int pool_row_servers(const struct pool_row *row);

/* "session", "transaction", "statement"; NULL for another number (-1: not said). */
const char *pool_mode_text(int mode);

/* stats: what a worker counts for each database. One writer, the worker; read through the census. Times are
 * microseconds. */
#pragma once

#include "base/hash_table.h"
#include "router/classify.h"
#include "router/route.h"

struct counters {
        uint64_t server_assignment_count, xact_count, query_count;
        uint64_t received, sent; /* bytes from clients, bytes to clients */
        uint64_t xact_time, query_time, wait_time;
        uint64_t client_parse_count, server_parse_count, bind_count, client_login_count;
        uint64_t routes[2][REASON_COUNT]; /* by route_target and reason */
        uint64_t holds, held_us, lost;    /* what was retried or rerouted is in routes */
};

struct db_stats {
        UT_hash_handle hh;
        struct counters n;
        char database[];
};

/* The counters of a database; made when new; kept until the room ends. */
struct db_stats *stats_for(struct db_stats **all, const char *database);
void stats_free(struct db_stats **all);

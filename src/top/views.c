#include "top/views.h"

/* Of the console itself nobody wants to know. */
#define OTHERS "database <> 'pgbouncer'"

const struct view views[] = {
    {"databases",
     "SELECT s.database, total_xact_count AS \"xacts/s\", total_query_count AS \"queries/s\", "
     "total_received / 1024 AS \"in_kb/s\", total_sent / 1024 AS \"out_kb/s\", avg_xact_time AS xact_us, "
     "l.recent_p50_us AS p50_us, l.recent_p99_us AS p99_us, w.recent_p99_us AS wait_p99_us FROM stats s "
     "LEFT JOIN latency l ON l.level = 'database' AND l.database = s.database AND l.what = 'transaction' "
     "LEFT JOIN latency w ON w.level = 'database' AND w.database = s.database AND w.what = 'wait' WHERE "
     "s." OTHERS,
     "xacts/s", true},
    {"nodes",
     "SELECT cluster, n.node, role, state, lag_ms, lag_bytes, in_flight, reads AS \"reads/s\", writes AS "
     "\"writes/s\", "
     "l.recent_p50_us AS p50_us, l.recent_p99_us AS p99_us, why FROM nodes n "
     "LEFT JOIN latency l ON l.level = 'node' AND l.node = n.node AND l.what = 'query'",
     "role", false},
    {"pools",
     "SELECT database, user, node, cl_active, cl_waiting, sv_active, sv_idle, sv_used, sv_login, pool_size, "
     "maxwait_us / 1000 AS maxwait_ms, pool_mode FROM extended_pools",
     "cl_waiting", true},
    {"queries",
     "SELECT database, user, calls AS \"calls/s\", errors, p50_us, p99_us, total_us / 1000 AS total_ms, "
     "query FROM queries",
     "total_ms", true},
    {"routes", "SELECT database, target, reason, count AS \"count/s\", count FROM routes", "count/s", true},
    {"clients",
     "SELECT id, database, user, addr, port, state, node, pin, wait_us / 1000 AS wait_ms, application_name "
     "FROM sessions",
     "wait_ms", true},
    {"holds", "SELECT id, database, user, addr, waits_for, held_ms, left_ms, lost_node, why FROM holds",
     "held_ms", true},
    {"failovers",
     "SELECT database, lost_at, elected_at, from_node, to_node, timeline, gap_ms, held, refused, "
     "rolled_back, unknown, why "
     "FROM failovers",
     "lost_at", true},
};

const int view_count = sizeof(views) / sizeof(views[0]);

const char *const alerts_sql = "SELECT severity, coalesce(database, '') || coalesce('/' || user, '') || "
                               "coalesce(' ' || node, '') || ' ' || text "
                               "AS text FROM alerts ORDER BY severity, text";

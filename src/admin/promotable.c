#include "admin/promotable.h"

#include <string.h>

/* What must hold of the standby: it replays, we may promote it, it would not wait for standbys that it does
 * not have, and no cluster manager would take it amiss. */
const char promotable_sql[] =
    "SELECT pg_catalog.pg_is_in_recovery(),"
    " pg_catalog.has_function_privilege('pg_catalog.pg_promote(boolean,integer)', 'EXECUTE'),"
    " CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() END,"
    " pg_catalog.current_setting('synchronous_standby_names') <> ''"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_replication),"
    " EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE application_name LIKE 'Patroni%'),"
    " pg_catalog.pg_postmaster_start_time()";

static bool is_true(const char *column)
{
        return strcmp(column, "t") == 0;
}

const char *promotable_objection(const struct message *m, const char **hint)
{
        if (!is_true(m->columns[0])) {
                *hint = "SHOW NODES says what it is.";
                return "it is no standby";
        }
        if (is_true(m->columns[4])) {
                *hint = "Use patronictl switchover: pgsteer holds writes as long as it takes.";
                return "Patroni manages it";
        }
        if (!is_true(m->columns[1])) {
                *hint =
                    "GRANT EXECUTE ON FUNCTION pg_promote TO the user of health checks (health_check_user).";
                return "the user of health checks may not promote it";
        }
        if (is_true(m->columns[2])) {
                *hint = "SELECT pg_wal_replay_resume() there.";
                return "its replay is paused";
        }
        if (is_true(m->columns[3])) {
                *hint =
                    "No standby streams from it, and its synchronous_standby_names is set: point one at it "
                    "(primary_conninfo), or empty that setting there.";
                return "its commits would wait for standbys that it does not have";
        }
        return NULL;
}

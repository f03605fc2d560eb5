#include "session/testimony.h"

#include "base/check.h"
#include "cluster/position.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PG "pg_catalog."

/* A number that has not been given yet is none that pg_xact_status would take. */
void testimony_sql(uint64_t xid, char out[TESTIMONY_SQL_MAX])
{
        int n = snprintf(out, TESTIMONY_SQL_MAX,
                         "SELECT " PG "pg_walfile_name(" PG "pg_current_wal_insert_lsn()), " PG
                         "pg_last_wal_replay_lsn(), (EXTRACT(epoch FROM " PG
                         "pg_postmaster_start_time()) OPERATOR(" PG "*) 1000000)::" PG "int8, " PG
                         "current_setting('synchronous_standby_names'), CASE WHEN '%" PRIu64 "'::" PG
                         "xid8 OPERATOR(" PG "<) " PG "pg_snapshot_xmax(" PG "pg_current_snapshot()) THEN " PG
                         "pg_xact_status('%" PRIu64 "'::" PG "xid8) ELSE 'none' END",
                         xid, xid);

        CHECK(n < TESTIMONY_SQL_MAX);
}

static enum xact_status status_of(struct sv text)
{
        if (sv_is(text, "committed"))
                return XACT_COMMITTED;
        if (sv_is(text, "aborted"))
                return XACT_ABORTED;
        if (sv_is(text, "in progress"))
                return XACT_RUNNING;
        return sv_is(text, "none") ? XACT_NONE : XACT_FORGOTTEN;
}

bool testimony_read(const struct msg *row, struct xact_testimony *out)
{
        struct reader r = reader_of(row);
        uint16_t columns = take_u16(&r);
        struct sv walfile, recovered, started, synchronous, status;
        char digits[24];

        *out = (struct xact_testimony){0};
        if (columns != 5 || !take_column(&r, &walfile) || walfile.n != 24)
                return false;
        snprintf(digits, sizeof(digits), "%.8s", walfile.p);
        out->timeline = (uint32_t)strtoul(digits, NULL, 16);
        if (take_column(&r, &recovered) && !position_parse_lsn(recovered, &out->recovered_lsn))
                return false;
        if (!take_column(&r, &started) || started.n >= sizeof(digits))
                return false;
        snprintf(digits, sizeof(digits), "%.*s", SV_ARG(started));
        out->started_wall_us = strtoll(digits, NULL, 10);
        (void)take_column(&r, &synchronous);
        out->synchronous = synchronous.n > 0;
        (void)take_column(&r, &status);
        out->status = status_of(status);
        return !r.failed;
}

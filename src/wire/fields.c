#include "wire/fields.h"

void error_fields_read(const struct msg *m, struct error_fields *out)
{
        struct reader r = reader_of(m);
        struct sv localised = SV("");

        *out = (struct error_fields){SV(""), SV(""), SV(""), SV("")};
        for (;;) {
                uint8_t code = take_u8(&r);
                struct sv value;

                if (code == 0 || r.failed)
                        break;
                value = take_cstr(&r);
                if (r.failed)
                        break;
                if (code == 'V')
                        out->severity = value;
                else if (code == 'S')
                        localised = value;
                else if (code == 'C')
                        out->sqlstate = value;
                else if (code == 'M')
                        out->text = value;
                else if (code == 'R')
                        out->routine = value;
        }
        if (out->severity.n == 0)
                out->severity = localised;
}

bool sqlstate_is_shutdown(struct sv sqlstate)
{
        return sv_is(sqlstate, "57P01") || sv_is(sqlstate, "57P02") || sv_is(sqlstate, "57P03");
}

bool sqlstate_is_read_only(struct sv sqlstate)
{
        return sv_is(sqlstate, "25006");
}

bool error_is_abort(const struct error_fields *e)
{
        return sv_is(e->severity, "FATAL") && sv_is(e->sqlstate, "57P01");
}

bool notice_is_of_commit(const struct error_fields *e)
{
        return sv_is(e->routine, "SyncRepWaitForLSN");
}

bool error_is_last(const struct error_fields *e)
{
        return sv_is(e->severity, "FATAL") || sv_is(e->severity, "PANIC") || sv_is(e->routine, "quickdie");
}

/* What stands for 25006 where PostgreSQL has not thought of it: by the function of its source that says so,
 * because the words may be in any language. 0A000: an unlogged relation. 55000: WAL functions, and locks too
 * strong for a standby. XX000: numbers that only a primary hands out. */
static const struct {
        const char *sqlstate, *routine;
} refusals[] = {
    {"0A000", "get_relation_info"},
    {"55000", "LockAcquireExtended"},
    {"55000", "pg_switch_wal"},
    {"55000", "pg_create_restore_point"},
    {"55000", "pg_log_standby_snapshot"},
    {"55000", "pg_current_wal_lsn"},
    {"55000", "pg_current_wal_insert_lsn"},
    {"55000", "pg_current_wal_flush_lsn"},
    {"55000", "pg_walfile_name"},
    {"55000", "pg_walfile_name_offset"},
    {"XX000", "GetNewTransactionId"},
    {"XX000", "GetNewObjectId"},
    {"XX000", "GetNewMultiXactId"},
};

enum standby_error standby_error_of(const struct error_fields *e)
{
        if (sqlstate_is_read_only(e->sqlstate))
                return STANDBY_ERROR_REFUSAL;
        /* Serializable transactions, whose failures these are elsewhere, run on a primary only. */
        if (sv_is(e->sqlstate, "40001"))
                return STANDBY_ERROR_CONFLICT;
        for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
                if (sv_is(e->sqlstate, refusals[i].sqlstate) && sv_is(e->routine, refusals[i].routine))
                        return STANDBY_ERROR_REFUSAL;
        return STANDBY_ERROR_OTHER;
}

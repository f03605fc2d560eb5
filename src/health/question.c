#include "health/question.h"

#include "cluster/position.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        AT_RECOVERY,
        AT_LSN,
        AT_FLUSH_LSN,
        AT_WALFILE,
        AT_RECEIVED_TIMELINE,
        AT_READ_ONLY,
        AT_BLOCK_SIZE,
        AT_STARTED,
        AT_CHECKPOINT_TIMELINE,
        AT_RECOVERY_TIMELINE,
        AT_SYSTEM_ID,
        AT_RECOVERED,
        COLUMNS,
};

#define HEX "0123456789ABCDEFabcdef"
#define Q   "pg_catalog."

/* The recovery state is asked once: a standby that is promoted meanwhile may fail the question, never mix it.
 */
#define QUESTION(control)                                                                                    \
        "SELECT r,"                                                                                          \
        " CASE WHEN r THEN " Q "pg_last_wal_replay_lsn() ELSE " Q "pg_current_wal_insert_lsn() END,"         \
        " CASE WHEN r THEN " Q "pg_last_wal_receive_lsn() ELSE " Q "pg_current_wal_flush_lsn() END,"         \
        " CASE WHEN NOT r THEN " Q "pg_walfile_name(" Q "pg_current_wal_insert_lsn()) END,"                  \
        " (SELECT w.received_tli FROM " Q "pg_stat_wal_receiver w),"                                         \
        " " Q "current_setting('default_transaction_read_only')," Q "current_setting('wal_block_size'),"     \
        " (EXTRACT(epoch FROM " Q "pg_postmaster_start_time()) * 1000000)::" Q "int8, " control ","          \
        " CASE WHEN NOT r THEN " Q "pg_last_wal_replay_lsn() END"                                            \
        " FROM (SELECT " Q "pg_is_in_recovery() AS r OFFSET 0) x"

#define TIMELINES                                                                                            \
        "(SELECT c.timeline_id FROM " Q "pg_control_checkpoint() c),"                                        \
        " (SELECT m.min_recovery_end_timeline FROM " Q "pg_control_recovery() m),"

static const char *const forms[QUESTION_FORMS] = {
    [QUESTION_FULL] = QUESTION(TIMELINES " (SELECT s.system_identifier FROM " Q "pg_control_system() s)"),
    [QUESTION_WITHOUT_SYSTEM_ID] = QUESTION(TIMELINES " NULL"),
    [QUESTION_WITHOUT_CONTROL] = QUESTION("NULL, NULL, NULL"),
};

const char *question_sql(enum question_form form)
{
        return forms[form];
}

/* NULL in the result is 0, as everywhere in facts. */
static bool read_number(const PGresult *result, int column, int base, uint64_t *out)
{
        const char *text = PQgetvalue(result, 0, column);
        char *end;

        *out = 0;
        if (PQgetisnull(result, 0, column))
                return true;
        errno = 0;
        *out = strtoull(text, &end, base);
        return errno == 0 && end != text && *end == '\0';
}

static bool read_lsn(const PGresult *result, int column, uint64_t *out)
{
        *out = 0;
        return PQgetisnull(result, 0, column) ||
               position_parse_lsn(sv_cstr(PQgetvalue(result, 0, column)), out);
}

/* A WAL file's name is 24 hexadecimal digits, the first 8 are the timeline. */
static bool read_walfile(const PGresult *result, uint32_t *timeline)
{
        const char *name = PQgetvalue(result, 0, AT_WALFILE);
        char digits[9] = "";

        if (strspn(name, HEX) != 24)
                return false;
        memcpy(digits, name, 8);
        *timeline = (uint32_t)strtoul(digits, NULL, 16);
        return true;
}

static void settle_standby_timeline(struct facts *facts, uint64_t received, uint64_t checkpoint,
                                    uint64_t recovery)
{
        facts->timeline_sure = received != 0;
        facts->timeline = (uint32_t)(received != 0           ? received
                                     : checkpoint > recovery ? checkpoint
                                                             : recovery);
}

enum status question_read(const PGresult *result, struct facts *facts)
{
        uint64_t received, checkpoint, recovery, block, started, recovered;

        memset(facts, 0, sizeof(*facts));
        if (PQntuples(result) != 1 || PQnfields(result) != COLUMNS)
                return STATUS_INVALID;
        if (!read_lsn(result, AT_LSN, &facts->lsn) || !read_lsn(result, AT_FLUSH_LSN, &facts->flush_lsn) ||
            !read_number(result, AT_RECEIVED_TIMELINE, 10, &received) ||
            !read_number(result, AT_CHECKPOINT_TIMELINE, 10, &checkpoint) ||
            !read_number(result, AT_RECOVERY_TIMELINE, 10, &recovery) ||
            !read_number(result, AT_SYSTEM_ID, 10, &facts->system_id) ||
            !read_number(result, AT_BLOCK_SIZE, 10, &block) ||
            !read_number(result, AT_STARTED, 10, &started) || !read_lsn(result, AT_RECOVERED, &recovered))
                return STATUS_INVALID;
        facts->in_recovery = strcmp(PQgetvalue(result, 0, AT_RECOVERY), "t") == 0;
        facts->read_only = strcmp(PQgetvalue(result, 0, AT_READ_ONLY), "on") == 0;
        facts->wal_block_size = (uint32_t)block;
        facts->started_wall_us = (int64_t)started;
        if (facts->in_recovery) {
                settle_standby_timeline(facts, received, checkpoint, recovery);
                return STATUS_OK;
        }
        facts->timeline_sure = true;
        facts->recovered_lsn = recovered;
        facts->lsn = position_normalise(facts->lsn, facts->wal_block_size);
        return read_walfile(result, &facts->timeline) ? STATUS_OK : STATUS_INVALID;
}

enum answer_kind question_kind(const char *sqlstate)
{
        static const struct {
                const char *sqlstate;
                enum answer_kind kind;
        } kinds[] = {
            {"57P01", ANSWER_SHUTDOWN}, /* admin_shutdown */
            {"57P02", ANSWER_SHUTDOWN}, /* crash_shutdown */
            {"57P03", ANSWER_SHUTDOWN}, /* cannot_connect_now */
            {"57P05", ANSWER_LOST},     /* idle_session_timeout */
            {"57014", ANSWER_TIMEOUT},  /* query_canceled: our statement_timeout */
        };

        if (sqlstate == NULL || *sqlstate == '\0' || strncmp(sqlstate, "08", 2) == 0)
                return ANSWER_LOST;
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (strcmp(sqlstate, kinds[i].sqlstate) == 0)
                        return kinds[i].kind;
        return ANSWER_LOGIN;
}

enum answer_kind question_failure_kind(const char *message, bool connected)
{
        static const char *const ours[] = {"could not create socket", "Cannot assign requested address"};
        static const char *const broken[] = {"server closed the connection", "could not receive data",
                                             "could not send data", "SSL SYSCALL error",
                                             "connection not open"};

        for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
                if (strstr(message, ours[i]) != NULL)
                        return ANSWER_LOGIN;
        if (!connected)
                return ANSWER_REFUSED;
        for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
                if (strstr(message, broken[i]) != NULL)
                        return ANSWER_LOST;
        return ANSWER_LOGIN;
}

void question_sqlstate(const char *message, char out[6], const char **text)
{
        for (const char *at = strstr(message, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
                size_t n = strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");

                if (n != 5 || at[3 + n] != ':')
                        continue;
                memcpy(out, at + 3, 5);
                out[5] = '\0';
                *text = at + 3 + 5 + 1;
                *text += strspn(*text, " ");
                return;
        }
        out[0] = '\0';
        *text = message;
}

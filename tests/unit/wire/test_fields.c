#include "wire/fields.h"

#include "unit.h"

#include <stdlib.h>

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct row {
        const char *name;
        const char *body;
        size_t n;
        const char *severity, *sqlstate, *text;
} rows[] = {
    {"as PostgreSQL sends it", BYTES("SFEHLER\0VERROR\0C42601\0Msyntax\0P8\0Fscan.l\0\0"), "ERROR", "42601",
     "syntax"},
    {"the unlocalised severity wins from behind", BYTES("SFATAL\0C57P01\0Mgone\0VPANIC\0\0"), "PANIC",
     "57P01", "gone"},
    {"before 9.6 there was only one", BYTES("SFATAL\0C57P01\0Mgone\0\0"), "FATAL", "57P01", "gone"},
    {"nothing", BYTES("\0"), "", "", ""},
    {"no body at all", BYTES(""), "", "", ""},
    {"no closing NUL", BYTES("SERROR\0C42601\0"), "ERROR", "42601", ""},
    {"a value without its NUL", BYTES("SERROR\0C42601"), "ERROR", "", ""},
    {"a code without a value", BYTES("SERROR\0M"), "ERROR", "", ""},
    {"fields behind the closing NUL", BYTES("SERROR\0\0C42601\0"), "ERROR", "", ""},
    {"empty values", BYTES("S\0V\0C\0M\0\0"), "", "", ""},
};

static void reads_what_the_server_says(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t *bytes = malloc(MSG_HEAD + rows[i].n);
                struct error_fields e;
                struct msg m;

                unit_row("%s", rows[i].name);
                bytes[0] = BE_ERROR;
                put_u32(bytes + 1, (uint32_t)rows[i].n + 4);
                memcpy(bytes + MSG_HEAD, rows[i].body, rows[i].n);
                UNIT_ASSERT(msg_peek(bytes, MSG_HEAD + rows[i].n, &m) == STATUS_OK);
                error_fields_read(&m, &e);
                UNIT_ASSERT(sv_is(e.severity, rows[i].severity));
                UNIT_ASSERT(sv_is(e.sqlstate, rows[i].sqlstate));
                UNIT_ASSERT(sv_is(e.text, rows[i].text));
                free(bytes);
        }
}

/* However little of it is here, nothing behind it is looked at (the sanitizers watch). */
static void reads_an_incomplete_one(void)
{
        for (size_t k = 0; k <= rows[0].n; k++) {
                uint8_t *bytes = malloc(MSG_HEAD + k);
                struct error_fields e;
                struct msg m;

                unit_row("%zu bytes of the body", k);
                bytes[0] = BE_ERROR;
                put_u32(bytes + 1, (uint32_t)rows[0].n + 4);
                memcpy(bytes + MSG_HEAD, rows[0].body, k);
                UNIT_ASSERT(msg_peek(bytes, MSG_HEAD + k, &m) == STATUS_OK);
                error_fields_read(&m, &e);
                UNIT_ASSERT(sv_is(e.sqlstate, k >= 22 ? "42601" : ""));
                free(bytes);
        }
}

static void knows_what_tells_about_the_node(void)
{
        static const struct {
                const char *sqlstate;
                bool shutdown, read_only;
        } codes[] = {{"57P01", true, false},  {"57P02", true, false},  {"57P03", true, false},
                     {"57P04", false, false}, {"57P0", false, false},  {"57014", false, false},
                     {"25006", false, true},  {"25001", false, false}, {"55000", false, false},
                     {"", false, false}};

        for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
                struct sv code = sv_cstr(codes[i].sqlstate);

                unit_row("%s", codes[i].sqlstate);
                UNIT_ASSERT(sqlstate_is_shutdown(code) == codes[i].shutdown);
                UNIT_ASSERT(sqlstate_is_read_only(code) == codes[i].read_only);
        }
}

static void knows_what_is_last(void)
{
        static const struct {
                const char *severity, *sqlstate, *routine;
                bool last;
        } lasts[] = {{"FATAL", "57P01", "ProcessInterrupts", true},
                     {"FATAL", "25P03", "ProcessInterrupts", true},
                     {"PANIC", "XX000", "", true},
                     {"WARNING", "57P01", "quickdie", true},
                     {"WARNING", "57P02", "quickdie", true},
                     {"WARNING", "57P01", "SyncRepWaitForLSN", false},
                     {"WARNING", "57P01", "exec_stmt_raise", false},
                     {"ERROR", "57014", "ProcessInterrupts", false},
                     {"", "", "", false}};

        for (size_t i = 0; i < sizeof(lasts) / sizeof(lasts[0]); i++) {
                struct error_fields e = {.severity = sv_cstr(lasts[i].severity),
                                         .sqlstate = sv_cstr(lasts[i].sqlstate),
                                         .routine = sv_cstr(lasts[i].routine)};

                unit_row("%s %s by %s", lasts[i].severity, lasts[i].sqlstate, lasts[i].routine);
                UNIT_ASSERT(error_is_last(&e) == lasts[i].last);
        }
}

static void knows_what_a_standby_means(void)
{
        static const struct {
                const char *sqlstate, *routine;
                enum standby_error means;
        } errors[] = {
            {"25006", "PreventCommandIfReadOnly", STANDBY_ERROR_REFUSAL},
            {"25006", "", STANDBY_ERROR_REFUSAL},
            {"0A000", "get_relation_info", STANDBY_ERROR_REFUSAL},
            {"0A000", "RevalidateCachedQuery", STANDBY_ERROR_OTHER},
            {"0A000", "", STANDBY_ERROR_OTHER},
            {"55000", "pg_current_wal_lsn", STANDBY_ERROR_REFUSAL},
            {"55000", "LockAcquireExtended", STANDBY_ERROR_REFUSAL},
            {"55000", "currval_oid", STANDBY_ERROR_OTHER},
            {"XX000", "GetNewTransactionId", STANDBY_ERROR_REFUSAL},
            {"XX000", "elog", STANDBY_ERROR_OTHER},
            {"40001", "ProcessInterrupts", STANDBY_ERROR_CONFLICT},
            {"22012", "int4div", STANDBY_ERROR_OTHER},
            {"", "", STANDBY_ERROR_OTHER},
        };

        for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
                struct error_fields e = {.sqlstate = sv_cstr(errors[i].sqlstate),
                                         .routine = sv_cstr(errors[i].routine)};

                unit_row("%s by %s", errors[i].sqlstate, errors[i].routine);
                UNIT_ASSERT(standby_error_of(&e) == errors[i].means);
        }
}

UNIT_SUITE(wire_fields, UNIT_CASE(knows_what_a_standby_means), UNIT_CASE(knows_what_is_last),
           UNIT_CASE(reads_what_the_server_says), UNIT_CASE(reads_an_incomplete_one),
           UNIT_CASE(knows_what_tells_about_the_node))

#include "health/question.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 12 };

/* A result as a server would send it; NULL is SQL's. */
static PGresult *result_of(const char *const *values, int columns)
{
        PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
        PGresAttDesc attributes[COLUMNS] = {{0}};
        char name[] = "c";

        for (int i = 0; i < columns; i++)
                attributes[i].name = name;
        UNIT_ASSERT(PQsetResultAttrs(result, columns, attributes));
        for (int i = 0; i < columns; i++) {
                char *value = values[i] != NULL ? strdup(values[i]) : NULL;

                UNIT_ASSERT(PQsetvalue(result, 0, i, value, value != NULL ? (int)strlen(value) : -1));
                free(value);
        }
        return result;
}

static const struct {
        const char *row;
        const char *values[COLUMNS];
        enum status status;
        struct facts facts;
} answers[] = {
    {"a primary",
     {"f", "A/1000148", "A/1000100", "00000003000000000000000A", NULL, "off", "8192", "1795250817249390", "2",
      "0", "771", "A/50"},
     STATUS_OK,
     {.timeline = 3,
      .timeline_sure = true,
      .lsn = 0xA01000148,
      .flush_lsn = 0xA01000100,
      .recovered_lsn = 0xA00000050,
      .system_id = 771,
      .wal_block_size = 8192,
      .started_wall_us = 1795250817249390}},
    {"its position just past a page header",
     {"f", "0/1002018", "0/1002000", "0000000A0000000000000001", NULL, "on", "8192", "1", "10", "0", "771",
      NULL},
     STATUS_OK,
     {.timeline = 10,
      .timeline_sure = true,
      .lsn = 0x1002000,
      .flush_lsn = 0x1002000,
      .system_id = 771,
      .read_only = true,
      .wal_block_size = 8192,
      .started_wall_us = 1}},
    {"a standby whose receiver may be seen",
     {"t", "0/5", "0/6", NULL, "4", "off", "8192", "1", "2", "3", "771", NULL},
     STATUS_OK,
     {.in_recovery = true,
      .timeline = 4,
      .timeline_sure = true,
      .lsn = 5,
      .flush_lsn = 6,
      .system_id = 771,
      .wal_block_size = 8192,
      .started_wall_us = 1}},
    {"one whose receiver may not",
     {"t", "0/5", "0/6", NULL, NULL, "off", "8192", "1", "2", "3", "771", NULL},
     STATUS_OK,
     {.in_recovery = true,
      .timeline = 3,
      .lsn = 5,
      .flush_lsn = 6,
      .system_id = 771,
      .wal_block_size = 8192,
      .started_wall_us = 1}},
    {"without control functions, from an archive",
     {"t", NULL, NULL, NULL, NULL, "off", "8192", "1", NULL, NULL, NULL, NULL},
     STATUS_OK,
     {.in_recovery = true, .wal_block_size = 8192, .started_wall_us = 1}},
    {"an LSN that is none",
     {"t", "0-5", "0/6", NULL, NULL, "off", "8192", "1", "2", "3", "771", NULL},
     STATUS_INVALID,
     {0}},
    {"an LSN with a tail",
     {"t", "0/5x", "0/6", NULL, NULL, "off", "8192", "1", "2", "3", "771", NULL},
     STATUS_INVALID,
     {0}},
    {"a number that is none",
     {"t", "0/5", "0/6", NULL, NULL, "off", "8192", "1", "2", "3", "id", NULL},
     STATUS_INVALID,
     {0}},
    {"a file name that is none",
     {"f", "0/5", "0/6", "xyz", NULL, "off", "8192", "1", "2", "3", "7", NULL},
     STATUS_INVALID,
     {0}},
};

static void reads_answers(void)
{
        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
                PGresult *result = result_of(answers[i].values, COLUMNS);
                const struct facts *want = &answers[i].facts;
                struct facts got;

                unit_row("%s", answers[i].row);
                UNIT_ASSERT(question_read(result, &got) == answers[i].status);
                if (answers[i].status == STATUS_OK) {
                        UNIT_ASSERT(got.in_recovery == want->in_recovery && got.read_only == want->read_only);
                        UNIT_ASSERT(got.timeline == want->timeline &&
                                    got.timeline_sure == want->timeline_sure);
                        UNIT_ASSERT(got.lsn == want->lsn && got.flush_lsn == want->flush_lsn);
                        UNIT_ASSERT(got.system_id == want->system_id &&
                                    got.wal_block_size == want->wal_block_size);
                        UNIT_ASSERT(got.started_wall_us == want->started_wall_us &&
                                    got.recovered_lsn == want->recovered_lsn);
                }
                PQclear(result);
        }
}

static void refuses_other_shapes(void)
{
        PGresult *narrow = result_of(answers[0].values, COLUMNS - 1);
        PGresult *empty = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
        struct facts facts;

        UNIT_ASSERT(question_read(narrow, &facts) == STATUS_INVALID);
        UNIT_ASSERT(question_read(empty, &facts) == STATUS_INVALID);
        PQclear(narrow);
        PQclear(empty);
}

static void finds_the_sqlstate_in_a_message(void)
{
        static const struct {
                const char *row, *message, *sqlstate, *text;
        } rows[] = {
            {"a failed login",
             "connection to server at \"::1\", port 1 failed: FATAL:  28P01: password wrong\nLOCATION:  x",
             "28P01", "password wrong\nLOCATION:  x"},
            {"another language", "FATALER FEHLER:  57P03: das System", "57P03", "das System"},
            {"libpq's own words", "connection to server at \"h\" failed: Connection refused\n", "",
             "connection to server at \"h\" failed: Connection refused\n"},
            {"two blanks elsewhere", "note:  hello: FATAL:  53300: too many", "53300", "too many"},
            {"too long to be one", "X:  123456: no", "", "X:  123456: no"},
            {"cut off", "X:  12345", "", "X:  12345"},
            {"nothing", "", "", ""},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char sqlstate[6];
                const char *text;

                question_sqlstate(rows[i].message, sqlstate, &text);
                unit_row("%s", rows[i].row);
                UNIT_ASSERT(strcmp(sqlstate, rows[i].sqlstate) == 0 && strcmp(text, rows[i].text) == 0);
        }
}

static void knows_what_a_failure_says_of_the_server(void)
{
        static const struct {
                const char *sqlstate;
                enum answer_kind kind;
        } states[] = {
            {"57P01", ANSWER_SHUTDOWN}, {"57P02", ANSWER_SHUTDOWN}, {"57P03", ANSWER_SHUTDOWN},
            {"57P05", ANSWER_LOST},     {"08006", ANSWER_LOST},     {"", ANSWER_LOST},
            {NULL, ANSWER_LOST},        {"57014", ANSWER_TIMEOUT},  {"28P01", ANSWER_LOGIN},
            {"28000", ANSWER_LOGIN},    {"3D000", ANSWER_LOGIN},    {"53300", ANSWER_LOGIN},
            {"42501", ANSWER_LOGIN},    {"XX000", ANSWER_LOGIN},
        };
        static const struct {
                const char *message;
                bool connected;
                enum answer_kind kind;
        } words[] = {
            {"Connection refused", false, ANSWER_REFUSED},
            {"No route to host", false, ANSWER_REFUSED},
            {"could not create socket: Too many open files", false, ANSWER_LOGIN},
            {"Cannot assign requested address", false, ANSWER_LOGIN},
            {"server closed the connection unexpectedly", true, ANSWER_LOST},
            {"could not receive data from server: Connection reset by peer", true, ANSWER_LOST},
            {"SCRAM authentication requires libpq version 10", true, ANSWER_LOGIN},
            {"received invalid response to SSL negotiation: H", true, ANSWER_LOGIN},
        };

        for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
                unit_row("%s", states[i].sqlstate != NULL ? states[i].sqlstate : "none");
                UNIT_ASSERT(question_kind(states[i].sqlstate) == states[i].kind);
        }
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                unit_row("%s", words[i].message);
                UNIT_ASSERT(question_failure_kind(words[i].message, words[i].connected) == words[i].kind);
        }
}

UNIT_SUITE(health_question, UNIT_CASE(reads_answers), UNIT_CASE(refuses_other_shapes),
           UNIT_CASE(finds_the_sqlstate_in_a_message), UNIT_CASE(knows_what_a_failure_says_of_the_server))

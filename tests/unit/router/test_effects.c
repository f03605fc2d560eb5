/* What statements do to the transaction and to the session. */
#include "router/classify.h"

#include "unit.h"

static struct facts classified(const char *sql)
{
        struct facts facts;

        classify(sv_cstr(sql), NULL, 0, &facts);
        return facts;
}

static void transactions(void)
{
        static const struct {
                const char *sql;
                enum tx_effect tx;
                enum tx_access access;
                enum tx_isolation isolation;
                bool chain;
        } cases[] = {
            {"SELECT 1", TX_KEEP, 0, 0, false},
            {"BEGIN", TX_BEGIN, 0, 0, false},
            {"begin work", TX_BEGIN, 0, 0, false},
            {"BEGIN TRANSACTION", TX_BEGIN, 0, 0, false},
            {"BEGIN READ ONLY", TX_BEGIN, ACCESS_READ_ONLY, 0, false},
            {"BEGIN READ WRITE", TX_BEGIN, ACCESS_READ_WRITE, 0, false},
            {"BEGIN TRANSACTION READ ONLY DEFERRABLE", TX_BEGIN, ACCESS_READ_ONLY, 0, false},
            {"BEGIN ISOLATION LEVEL SERIALIZABLE", TX_BEGIN, 0, ISOLATION_SERIALIZABLE, false},
            {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", TX_BEGIN, ACCESS_READ_ONLY,
             ISOLATION_REPEATABLE_READ, false},
            {"START TRANSACTION", TX_BEGIN, 0, 0, false},
            {"START TRANSACTION READ ONLY, ISOLATION LEVEL READ COMMITTED", TX_BEGIN, ACCESS_READ_ONLY,
             ISOLATION_READ_COMMITTED, false},
            {"START TRANSACTION ISOLATION LEVEL READ UNCOMMITTED, READ WRITE", TX_BEGIN, ACCESS_READ_WRITE,
             ISOLATION_READ_COMMITTED, false},
            {"BEGIN NOT DEFERRABLE", TX_BEGIN, 0, 0, false},
            {"COMMIT", TX_END, 0, 0, false},
            {"COMMIT WORK", TX_END, 0, 0, false},
            {"END TRANSACTION", TX_END, 0, 0, false},
            {"ROLLBACK", TX_END, 0, 0, false},
            {"ABORT", TX_END, 0, 0, false},
            {"COMMIT AND CHAIN", TX_END, 0, 0, true},
            {"ROLLBACK AND CHAIN", TX_END, 0, 0, true},
            {"COMMIT AND NO CHAIN", TX_END, 0, 0, false},
            {"PREPARE TRANSACTION 'x'", TX_END, 0, 0, false},
            {"COMMIT PREPARED 'x'", TX_KEEP, 0, 0, false},
            {"ROLLBACK PREPARED 'x'", TX_KEEP, 0, 0, false},
            {"ROLLBACK TO x", TX_KEEP, 0, 0, false},
            {"ROLLBACK TRANSACTION TO SAVEPOINT x", TX_KEEP, 0, 0, false},
            {"SAVEPOINT x", TX_KEEP, 0, 0, false},
            {"RELEASE x", TX_KEEP, 0, 0, false},
            {"SET TRANSACTION READ ONLY", TX_SET_MODE, ACCESS_READ_ONLY, 0, false},
            {"SET LOCAL TRANSACTION READ ONLY", TX_SET_MODE, ACCESS_READ_ONLY, 0, false},
            {"SET SESSION TRANSACTION READ WRITE", TX_SET_MODE, ACCESS_READ_WRITE, 0, false},
            {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", TX_SET_MODE, 0, ISOLATION_SERIALIZABLE, false},
            {"SET TRANSACTION SNAPSHOT 'x'", TX_SET_MODE, 0, 0, false},
            {"SET transaction_read_only = on", TX_SET_MODE, ACCESS_READ_ONLY, 0, false},
            {"SET transaction_read_only TO 'off'", TX_SET_MODE, ACCESS_READ_WRITE, 0, false},
            {"SET LOCAL transaction_isolation = 'repeatable read'", TX_SET_MODE, 0, ISOLATION_REPEATABLE_READ,
             false},
            {"SELECT set_config('transaction_read_only', 'on', false)", TX_SET_MODE, ACCESS_READ_ONLY, 0,
             false},
            {"SET default_transaction_read_only = on", TX_KEEP, ACCESS_READ_ONLY, 0, false},
            {"SET default_transaction_isolation = 'serializable'", TX_KEEP, 0, ISOLATION_SERIALIZABLE, false},
            {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", TX_KEEP, ACCESS_READ_ONLY, 0, false},
            {"BEGIN; SELECT 1", TX_BEGIN, 0, 0, false},
            {"BEGIN READ ONLY; SELECT 1; COMMIT", TX_END, ACCESS_READ_ONLY, 0, false},
            {"BEGIN; SET TRANSACTION READ ONLY; SELECT 1", TX_SET_MODE, ACCESS_READ_ONLY, 0, false},
            {"BEGIN READ ONLY; COMMIT; BEGIN", TX_BEGIN, ACCESS_READ_WRITE, 0, false},
            {"BEGIN; COMMIT; BEGIN READ ONLY", TX_BEGIN, ACCESS_READ_WRITE, 0, false},
            {"COMMIT; BEGIN", TX_BEGIN, 0, 0, false},
            {"BEGIN READ ONLY; INSERT INTO t VALUES (1); COMMIT", TX_END, ACCESS_READ_ONLY, 0, false},
            {"BEGIN READ ONLY; COMMIT; INSERT INTO t VALUES (1)", TX_END, ACCESS_READ_WRITE, 0, false},
            {"BEGIN READ ONLY; COMMIT; SELECT 1", TX_END, ACCESS_READ_ONLY, 0, false},
            {"INSERT INTO t VALUES (1); SET TRANSACTION READ ONLY", TX_SET_MODE, ACCESS_READ_WRITE, 0, false},
            {"BEGIN; SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", TX_BEGIN, 0, 0, false},
            {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; BEGIN", TX_BEGIN, 0, 0, false},
            {"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END", TX_KEEP, 0, 0, false},
            {"CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t SELECT CASE a WHEN 1 THEN 2 END; "
             "END; "
             "BEGIN",
             TX_BEGIN, 0, 0, false},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct facts facts = classified(cases[i].sql);

                unit_row("%s", cases[i].sql);
                UNIT_ASSERT(facts.tx == cases[i].tx);
                UNIT_ASSERT(facts.access == cases[i].access);
                UNIT_ASSERT(facts.isolation == cases[i].isolation);
                UNIT_ASSERT(facts.chain == cases[i].chain);
        }
}

static void commits(void)
{
        static const char *const with[] = {"COMMIT",
                                           "END",
                                           "COMMIT AND CHAIN",
                                           "PREPARE TRANSACTION 'x'",
                                           "INSERT INTO t VALUES (1); COMMIT; BEGIN",
                                           "COMMIT; ROLLBACK",
                                           "FROBNICATE t",
                                           "INSERT INTO t VALUES ('"};
        static const char *const without[] = {"ROLLBACK",
                                              "ABORT AND CHAIN",
                                              "ROLLBACK TO x",
                                              "BEGIN; INSERT INTO t VALUES (1)",
                                              "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
                                              "SELECT CASE 1 WHEN 1 THEN 2 END"};

        for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
                unit_row("%s", with[i]);
                UNIT_ASSERT(classified(with[i]).commits);
        }
        for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
                unit_row("%s", without[i]);
                UNIT_ASSERT(!classified(without[i]).commits);
        }
}

/* How a large text begins: whether it is sure to commit nothing before it ends. */
static void heads(void)
{
        static const char *const rows[] = {"INSERT INTO t VALUES ('",
                                           "  /* x */ update t",
                                           "-- y\nWITH a AS (",
                                           "COPY t FROM",
                                           "select 1",
                                           "MERGE INTO",
                                           "VALUES ("};
        static const char *const others[] = {"CALL p(", "DO $$", "VACUUM ",   "COMMIT /*",
                                             "/* x",    "",      "(SELECT 1", "EXECUTE x"};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i]);
                UNIT_ASSERT(classify_head_is_rows(sv_cstr(rows[i]), 0));
        }
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                unit_row("%s", others[i]);
                UNIT_ASSERT(!classify_head_is_rows(sv_cstr(others[i]), 0));
        }
}

/* What PostgreSQL could find fault with is not exact. */
static void exact_control_and_savepoints(void)
{
        static const struct {
                const char *sql;
                bool exact;
                enum savepoint_effect savepoint;
                const char *name;
        } cases[] = {
            {"BEGIN", true, 0, ""},
            {"begin work;", true, 0, ""},
            {"/* hi */ START TRANSACTION", true, 0, ""},
            {"BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY NOT DEFERRABLE", true, 0, ""},
            {"START TRANSACTION READ WRITE, DEFERRABLE", true, 0, ""},
            {"START", false, 0, ""},
            {"START WORK", false, 0, ""},
            {"BEGIN WORK TRANSACTION", false, 0, ""},
            {"BEGIN READ", false, 0, ""},
            {"BEGIN READ ONLY,", false, 0, ""},
            {"BEGIN READ ONLY READ WRITE", false, 0, ""},
            {"BEGIN DEFERRABLE, NOT DEFERRABLE", false, 0, ""},
            {"BEGIN ISOLATION SERIALIZABLE", false, 0, ""},
            {"BEGIN ISOLATION LEVEL REPEATABLE", false, 0, ""},
            {"BEGIN nonsense", false, 0, ""},
            {"BEGIN 'unterminated", false, 0, ""},
            {"BEGIN; SELECT 1", false, 0, ""},
            {"COMMIT", true, 0, ""},
            {"END TRANSACTION", true, 0, ""},
            {"ROLLBACK WORK AND NO CHAIN", true, 0, ""},
            {"ABORT AND CHAIN", true, 0, ""},
            {"COMMIT AND", false, 0, ""},
            {"COMMIT AND NO", false, 0, ""},
            {"COMMIT 1", false, 0, ""},
            {"COMMIT PREPARED 'x'", false, 0, ""},
            {"PREPARE TRANSACTION 'x'", false, 0, ""},
            {"SET TRANSACTION READ ONLY", true, 0, ""},
            {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE", true, 0, ""},
            {"SET TRANSACTION", false, 0, ""},
            {"SET TRANSACTION SNAPSHOT 'x'", false, 0, ""},
            {"SAVEPOINT a", true, SAVEPOINT_DEFINE, "a"},
            {"SAVEPOINT \"A b\"", true, SAVEPOINT_DEFINE, "\"A b\""},
            {"SAVEPOINT savepoint", true, SAVEPOINT_DEFINE, "savepoint"},
            {"SAVEPOINT select", false, SAVEPOINT_DEFINE, ""},
            {"SAVEPOINT \"\"", false, SAVEPOINT_DEFINE, ""},
            {"SAVEPOINT a b", false, SAVEPOINT_DEFINE, "a"},
            {"SAVEPOINT 1", false, SAVEPOINT_DEFINE, ""},
            {"RELEASE a", true, SAVEPOINT_RELEASE, "a"},
            {"RELEASE SAVEPOINT a", true, SAVEPOINT_RELEASE, "a"},
            {"RELEASE savepoint", true, SAVEPOINT_RELEASE, "savepoint"},
            {"ROLLBACK TO a", true, SAVEPOINT_ROLLBACK_TO, "a"},
            {"ROLLBACK WORK TO SAVEPOINT \"A\"", true, SAVEPOINT_ROLLBACK_TO, "\"A\""},
            {"ROLLBACK TO", false, SAVEPOINT_ROLLBACK_TO, ""},
            {"ABORT TO a", false, 0, ""},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct facts facts = classified(cases[i].sql);

                unit_row("%s", cases[i].sql);
                UNIT_ASSERT(facts.exact == cases[i].exact);
                UNIT_ASSERT(facts.savepoint == cases[i].savepoint);
                UNIT_ASSERT(sv_is(facts.savepoint_name, cases[i].name));
        }
}

static void settings(void)
{
        static const struct {
                const char *sql;
                enum setting_effect setting;
                const char *name, *value;
        } cases[] = {
            {"SELECT 1", SETTING_NONE, "", ""},
            {"SET search_path = a, \"B\", 'c'", SETTING_SET, "search_path", "a, \"B\", 'c'"},
            {"SET search_path TO a", SETTING_SET, "search_path", "a"},
            {"set SESSION Work_Mem='64MB' ;", SETTING_SET, "Work_Mem", "'64MB'"},
            {"SET LOCAL work_mem = 1000", SETTING_SET_LOCAL, "work_mem", "1000"},
            {"SET x=-1", SETTING_SET, "x", "-1"},
            {"SET x = - 1.5", SETTING_SET, "x", "- 1.5"},
            {"SET a.b.c = on", SETTING_SET, "a.b.c", "on"},
            {"SET \"a\".\"B\" = 'c'", SETTING_SET, "\"a\".\"B\"", "'c'"},
            {"SET \"TimeZone\" TO 'UTC'", SETTING_SET, "\"TimeZone\"", "'UTC'"},
            {"SET pgsteer.route = 'primary'", SETTING_SET, "pgsteer.route", "'primary'"},
            {"SET session.x = 1", SETTING_SET, "session.x", "1"},
            {"SET local.x = 1", SETTING_SET, "local.x", "1"},
            {"SET role = joe", SETTING_SET, "role", "joe"},
            {"SET ROLE joe", SETTING_SET, "role", "joe"},
            {"SET ROLE NONE", SETTING_SET, "role", "NONE"},
            {"SET LOCAL ROLE 'joe'", SETTING_SET_LOCAL, "role", "'joe'"},
            {"SET SESSION ROLE joe", SETTING_SET, "role", "joe"},
            {"SET SESSION AUTHORIZATION joe", SETTING_SET, "session_authorization", "joe"},
            {"SET SESSION AUTHORIZATION DEFAULT", SETTING_RESET, "session_authorization", "DEFAULT"},
            {"SET LOCAL SESSION AUTHORIZATION joe", SETTING_SET_LOCAL, "session_authorization", "joe"},
            {"SET TIME ZONE 'UTC'", SETTING_SET, "TimeZone", "'UTC'"},
            {"SET TIME ZONE -8", SETTING_SET, "TimeZone", "-8"},
            {"SET TIME ZONE LOCAL", SETTING_RESET, "TimeZone", "DEFAULT"},
            {"SET TIME ZONE DEFAULT", SETTING_RESET, "TimeZone", "DEFAULT"},
            {"SET LOCAL TIME ZONE 'UTC'", SETTING_SET_LOCAL, "TimeZone", "'UTC'"},
            {"SET TIME ZONE INTERVAL '-8' HOUR TO MINUTE", SETTING_UNKNOWN, "", ""},
            {"SET NAMES 'utf8'", SETTING_SET, "client_encoding", "'utf8'"},
            {"SET NAMES", SETTING_RESET, "client_encoding", "DEFAULT"},
            {"SET SCHEMA 'x'", SETTING_SET, "search_path", "'x'"},
            {"SET XML OPTION DOCUMENT", SETTING_SET, "xmloption", "DOCUMENT"},
            {"SET work_mem TO DEFAULT", SETTING_RESET, "work_mem", "DEFAULT"},
            {"SET work_mem = default", SETTING_RESET, "work_mem", "default"},
            {"SET LOCAL work_mem TO DEFAULT", SETTING_SET_LOCAL, "work_mem", "DEFAULT"},
            {"SET /* a */ work_mem /* b */ = /* c */ '1MB' -- d", SETTING_SET, "work_mem", "/* c */ '1MB'"},
            {"SET default_transaction_read_only = on", SETTING_SET, "default_transaction_read_only", "on"},
            {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", SETTING_CHARACTERISTICS, "", ""},
            {"SET TRANSACTION READ ONLY", SETTING_NONE, "", ""},
            {"SET transaction_read_only = on", SETTING_NONE, "", ""},
            {"SET CONSTRAINTS ALL DEFERRED", SETTING_NONE, "", ""},
            {"SET x", SETTING_UNKNOWN, "", ""},
            {"SET x FROM CURRENT", SETTING_UNKNOWN, "", ""},
            {"RESET work_mem", SETTING_RESET, "work_mem", ""},
            {"RESET a.b", SETTING_RESET, "a.b", ""},
            {"RESET ROLE", SETTING_RESET, "ROLE", ""},
            {"RESET TIME ZONE", SETTING_RESET, "TimeZone", ""},
            {"RESET SESSION AUTHORIZATION", SETTING_RESET, "session_authorization", ""},
            {"RESET ALL", SETTING_RESET_ALL, "", ""},
            {"DISCARD ALL", SETTING_DISCARD_ALL, "", ""},
            {"DISCARD PLANS", SETTING_NONE, "", ""},
            {"SELECT set_config('a.b', 'c', false)", SETTING_SET, "a.b", "'c'"},
            {"SELECT pg_catalog.set_config('search_path', '', false);", SETTING_SET, "search_path", "''"},
            {"select Set_Config('work_mem', E'1\\n', TRUE)", SETTING_SET_LOCAL, "work_mem", "E'1\\n'"},
            {"SELECT set_config('a b', 'c', false)", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', 'c', $1)", SETTING_BOUND, "", ""},
            {"SELECT set_config('a.b', $1, false)", SETTING_BOUND, "", ""},
            {"SELECT pg_catalog.set_config($1::text, $2, $3::bool) AS x;", SETTING_BOUND, "", ""},
            {"SELECT set_config('a.b', $1, true)", SETTING_SET_LOCAL, "a.b", "$1"},
            {"SELECT set_config('a.b', NULL, false)", SETTING_RESET, "a.b", "NULL"},
            {"SELECT set_config('a.b', null, true)", SETTING_SET_LOCAL, "a.b", "null"},
            {"SELECT set_config('a.b', NULL, NULL)", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config(NULL, 'c', false)", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', $1 || 'x', false)", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', $1::, false)", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', $1, false), 1", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', 'c', false) AS x", SETTING_SET, "a.b", "'c'"},
            {"SELECT set_config('a.b', 'c', false) AS", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', f(1, 2), true), set_config('a', $1, TRUE)", SETTING_SET_LOCAL, "", ""},
            {"SELECT set_config('a.b', 'c', true), set_config('a', $1, false)", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', 'c', false), set_config('a', $1, true)", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', 'c', true OR false)", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', 'c', not true)", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', true)", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', 'c', false), 1", SETTING_UNKNOWN, "", ""},
            {"SELECT set_config('a.b', 'c', false) FROM t", SETTING_UNKNOWN, "", ""},
            {"SELECT x.set_config('a.b', 'c', false)", SETTING_UNKNOWN, "", ""},
            {"INSERT INTO t SELECT set_config('a.b', 'c', false)", SETTING_UNKNOWN, "", ""},
            {"CREATE TABLE t AS SELECT set_config('a.b', 'c', false)", SETTING_UNKNOWN, "", ""},
            {"EXPLAIN SELECT set_config('a.b', 'c', false)", SETTING_NONE, "", ""},
            {"PREPARE p AS SELECT set_config('a.b', 'c', false)", SETTING_NONE, "", ""},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct facts facts = classified(cases[i].sql);
                bool pinned = (facts.pins & PIN_SETTING) != 0;

                unit_row("%s -> %d %.*s=%.*s", cases[i].sql, (int)facts.setting, SV_ARG(facts.setting_name),
                         SV_ARG(facts.setting_value));
                UNIT_ASSERT(facts.setting == cases[i].setting);
                UNIT_ASSERT(sv_is(facts.setting_name, cases[i].name));
                UNIT_ASSERT(sv_is(facts.setting_value, cases[i].value));
                UNIT_ASSERT(pinned == (cases[i].setting == SETTING_UNKNOWN));
                UNIT_ASSERT(cases[i].setting == SETTING_NONE || facts.class == CLASS_WRITE);
        }
        UNIT_ASSERT(classified("SELECT set_config('a.b', 'c', false)").setting_by_call);
        UNIT_ASSERT(!classified("SET a.b = 'c'").setting_by_call);
}

static void pins(void)
{
        static const struct {
                const char *sql;
                unsigned pins, unpins;
        } cases[] = {
            {"SELECT 1", 0, 0},
            {"UPDATE pg_settings SET setting = '1' WHERE name = 'work_mem'", PIN_SETTING, 0},
            {"UPDATE ONLY pg_catalog.\"pg_settings\" AS s SET setting = '1'", PIN_SETTING, 0},
            {"UPDATE pg_settings.t SET setting = '1'", 0, 0},
            {"UPDATE", 0, 0},
            {"UPDATE pg_catalog.", 0, 0},
            {"LISTEN x", PIN_LISTEN, 0},
            {"UNLISTEN x", 0, PIN_LISTEN},
            {"UNLISTEN *", 0, PIN_LISTEN},
            {"NOTIFY x", 0, 0},
            {"CREATE TEMP TABLE t (a int)", PIN_TEMP, 0},
            {"CREATE TEMPORARY TABLE t AS SELECT 1", PIN_TEMP, 0},
            {"CREATE LOCAL TEMP TABLE t (a int)", PIN_TEMP, 0},
            {"CREATE GLOBAL TEMPORARY SEQUENCE s", PIN_TEMP, 0},
            {"CREATE OR REPLACE TEMP VIEW v AS SELECT 1", PIN_TEMP, 0},
            {"CREATE TABLE temp (a int)", 0, 0},
            {"CREATE UNLOGGED TABLE t (a int)", 0, 0},
            {"CREATE TABLE pg_temp.t (a int)", PIN_TEMP, 0},
            {"CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", PIN_TEMP, 0},
            {"CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = pg_catalog, pg_temp AS ''", 0,
             0},
            {"SELECT 1 INTO TEMP t", PIN_TEMP, 0},
            {"SELECT 1 INTO TEMPORARY TABLE t", PIN_TEMP, 0},
            {"SELECT 1 INTO LOCAL TEMP t", PIN_TEMP, 0},
            {"SELECT temp FROM t", 0, 0},
            {"SELECT * FROM pg_temp.t", PIN_TEMP, 0},
            {"INSERT INTO pg_temp.t VALUES (1)", PIN_TEMP, 0},
            {"COPY pg_temp.t FROM STDIN", PIN_TEMP, 0},
            {"DISCARD TEMP", 0, PIN_TEMP},
            {"PREPARE p AS SELECT 1", PIN_PREPARE, 0},
            {"PREPARE p (int, text) AS INSERT INTO t VALUES ($1, $2)", PIN_PREPARE, 0},
            {"PREPARE transaction AS SELECT 1", PIN_PREPARE, 0},
            {"PREPARE TRANSACTION 'x'", 0, 0},
            {"EXECUTE p", 0, 0},
            {"DEALLOCATE p", 0, 0},
            {"DEALLOCATE ALL", 0, PIN_PREPARE},
            {"DECLARE c CURSOR WITH HOLD FOR SELECT 1", PIN_HOLD, 0},
            {"DECLARE c BINARY NO SCROLL CURSOR WITH HOLD FOR SELECT 1", PIN_HOLD, 0},
            {"DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1", 0, 0},
            {"DECLARE c CURSOR FOR SELECT 1", 0, 0},
            {"FETCH ALL FROM c", 0, 0},
            {"CLOSE c", 0, PIN_HOLD},
            {"CLOSE ALL", 0, PIN_HOLD},
            {"SELECT pg_advisory_lock(1)", PIN_ADVISORY, 0},
            {"SELECT pg_try_advisory_lock_shared(1, 2)", PIN_ADVISORY, 0},
            {"SELECT pg_advisory_xact_lock(1)", 0, 0},
            {"SELECT pg_advisory_unlock(1)", 0, 0},
            {"SELECT pg_advisory_unlock_all()", 0, PIN_ADVISORY},
            {"INSERT INTO t SELECT pg_advisory_lock(1)", PIN_ADVISORY, 0},
            {"UPDATE t SET a = 1 WHERE pg_try_advisory_lock(b)", PIN_ADVISORY, 0},
            {"WITH a AS (SELECT pg_advisory_lock(1)) UPDATE t SET b = 1", PIN_ADVISORY, 0},
            {"CREATE TABLE t AS SELECT pg_advisory_lock(1)", PIN_ADVISORY, 0},
            {"EXPLAIN ANALYZE SELECT pg_advisory_lock(1)", PIN_ADVISORY, 0},
            {"EXPLAIN SELECT pg_advisory_lock(1)", 0, 0},
            {"DROP FUNCTION pg_advisory_lock(int)", 0, 0},
            {"GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO x", 0, 0},
            {"SELECT 'pg_advisory_lock(1)'", 0, 0},
            {"LOAD 'x'", PIN_LOAD, 0},
            {"DISCARD ALL", 0, ~0u},
            {"LISTEN a; SELECT pg_advisory_lock(1)", PIN_LISTEN | PIN_ADVISORY, 0},
            {"LISTEN a; UNLISTEN *", PIN_LISTEN, PIN_LISTEN},
            {"BEGIN; LISTEN a; UNLISTEN *; COMMIT", PIN_LISTEN, PIN_LISTEN},
            {"LISTEN a; COMMIT; UNLISTEN *", PIN_LISTEN, 0},
            {"UNLISTEN *; LISTEN a", PIN_LISTEN, 0},
            {"DISCARD ALL; LISTEN a", PIN_LISTEN, ~(unsigned)PIN_LISTEN},
            {"SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL", 0,
             PIN_ADVISORY | PIN_HOLD | PIN_LISTEN},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct facts facts = classified(cases[i].sql);

                unit_row("%s -> %x %x", cases[i].sql, facts.pins, facts.unpins);
                UNIT_ASSERT(facts.pins == cases[i].pins);
                UNIT_ASSERT(facts.unpins == cases[i].unpins);
        }
}

static void names_and_copies(void)
{
        static const struct {
                const char *sql, *deallocate, *show;
                bool copy;
        } cases[] = {
            {"DEALLOCATE pdo_stmt_1", "pdo_stmt_1", "", false},
            {"DEALLOCATE PREPARE \"S_2\"", "\"S_2\"", "", false},
            {"DEALLOCATE prepare", "prepare", "", false},
            {"deallocate all", "ALL", "", false},
            {"DEALLOCATE PREPARE ALL", "ALL", "", false},
            {"SHOW search_path;", "", "search_path", false},
            {"SHOW pgsteer . lsn", "", "pgsteer . lsn", false},
            {"SHOW TIME ZONE", "", "TimeZone", false},
            {"SHOW TRANSACTION ISOLATION LEVEL", "", "transaction_isolation", false},
            {"COPY t FROM STDIN", "", "", true},
            {"COPY t (a, b) FROM stdin CSV", "", "", true},
            {"COPY t FROM STDOUT", "", "", true},
            {"COPY t FROM '/x'", "", "", false},
            {"COPY t TO STDOUT", "", "", false},
            {"SELECT 1; COPY t FROM STDIN", "", "", true},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct facts facts = classified(cases[i].sql);

                unit_row("%s", cases[i].sql);
                UNIT_ASSERT(sv_is(facts.deallocate, cases[i].deallocate));
                UNIT_ASSERT(sv_is(facts.show, cases[i].show));
                UNIT_ASSERT(facts.copy_from_stdin == cases[i].copy);
        }
}

static void hints(void)
{
        static const struct {
                const char *sql;
                enum hint hint;
        } cases[] = {
            {"SELECT 1", HINT_NONE},
            {"/* pgsteer: primary */ SELECT 1", HINT_PRIMARY},
            {"/*pgsteer:standby*/SELECT 1", HINT_STANDBY},
            {"/* PgSteer: AUTO */ SELECT 1", HINT_AUTO},
            {" \n/* app */ /* pgsteer: primary */ -- x\n SELECT 1", HINT_PRIMARY},
            {"-- pgsteer: standby\nSELECT 1", HINT_STANDBY},
            {"/* pgsteer: nowhere */ SELECT 1", HINT_NONE},
            {"/* pgsteer: primary", HINT_NONE},
            {"SELECT 1 /* pgsteer: primary */", HINT_NONE},
            {"SELECT /* pgsteer: primary */ 1", HINT_NONE},
            {"SELECT 1; /* pgsteer: standby */ SELECT 2", HINT_STANDBY},
            {"/* pgsteer: standby */ SELECT 1; /* pgsteer: primary */ SELECT 2", HINT_PRIMARY},
            {"/* pgsteer: primary */ SELECT 1; /* pgsteer: standby */ SELECT 2", HINT_PRIMARY},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                unit_row("%s", cases[i].sql);
                UNIT_ASSERT(classified(cases[i].sql).hint == cases[i].hint);
        }
}

static void one_by_one(void)
{
        struct sv rest = SV(" ; SET a = 1; ; SELECT f(';') /* ; */; COMMIT ; -- end");
        struct facts facts;

        UNIT_ASSERT(classify_next(&rest, NULL, 0, &facts));
        UNIT_ASSERT(facts.setting == SETTING_SET && sv_is(facts.setting_value, "1") && facts.statements == 1);
        UNIT_ASSERT(classify_next(&rest, NULL, 0, &facts));
        UNIT_ASSERT(facts.reason == REASON_FUNCTION && facts.setting == SETTING_NONE);
        UNIT_ASSERT(classify_next(&rest, NULL, 0, &facts));
        UNIT_ASSERT(facts.tx == TX_END);
        UNIT_ASSERT(!classify_next(&rest, NULL, 0, &facts));
        UNIT_ASSERT(facts.class == CLASS_NONE && rest.n == 0);
        UNIT_ASSERT(!classify_next(&rest, NULL, 0, &facts));
}

static void together(void)
{
        struct facts facts = classified("SELECT 1; SET a = 1; SELECT 2");

        UNIT_ASSERT(facts.statements == 3 && facts.setting == SETTING_UNKNOWN);
        UNIT_ASSERT((facts.pins & PIN_SETTING) == 0);
        facts = classified("SET a = 1;");
        UNIT_ASSERT(facts.statements == 1 && facts.setting == SETTING_SET);
        facts = classified("SELECT 1; SELECT 'x");
        UNIT_ASSERT(facts.statements == 2 && facts.reason == REASON_UNLEXABLE);
        facts = classified("BEGIN; SELECT 1; SELECT pg_cancel_backend(1); INSERT INTO t VALUES (1)");
        UNIT_ASSERT(facts.reason == REASON_EFFECT);
        facts = classified(
            "CREATE RULE r AS ON INSERT TO t DO (INSERT INTO u VALUES (1); DELETE FROM v); SELECT 1");
        UNIT_ASSERT(facts.statements == 2);
        facts = classified(
            "CREATE PROCEDURE p() BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END; SELECT 1");
        UNIT_ASSERT(facts.statements == 2);
}

/* What a lost server means for a statement: whether it changes data, and whether it may commit before it
 * ends. */
static void data(void)
{
        static const struct {
                const char *sql;
                bool writes, piecewise;
        } cases[] = {
            {"SELECT 1", false, false},
            {"SELECT * FROM pg_class FOR UPDATE", true, false},
            {"SELECT mine()", true, false},
            {"SELECT pg_is_in_recovery()", false, false},
            {"SELECT pg_is_in_recovery() FROM mine()", true, false},
            {"INSERT INTO t VALUES (1); SELECT pg_is_in_recovery()", true, false},
            {"SELECT pg_is_in_recovery(); INSERT INTO t VALUES (1)", true, false},
            {"SET a = 1; INSERT INTO t VALUES (1)", true, false},
            {"EXPLAIN INSERT INTO t VALUES (1)", false, false},
            {"EXPLAIN ANALYZE INSERT INTO t VALUES (1)", true, false},
            {"EXPLAIN (ANALYZE) WITH a AS (DELETE FROM t RETURNING 1) SELECT 1 FROM a", true, false},
            {"EXPLAIN ANALYZE SELECT 1", false, false},
            {"EXECUTE p(1)", true, true},
            {"SET a = 1", false, false},
            {"BEGIN", false, false},
            {"COMMIT", false, false},
            {"COMMIT PREPARED 'x'", true, true},
            {"ROLLBACK PREPARED 'x'", true, true},
            {"CALL p()", true, true},
            {"DO 'BEGIN COMMIT; END'", true, true},
            {"INSERT INTO t VALUES (1); CALL p()", true, true},
            {"VACUUM t", true, true},
            {"ANALYZE", true, true},
            {"CLUSTER", true, true},
            {"REINDEX TABLE t", true, true},
            {"CREATE TABLE t(i int) TABLESPACE s", true, false},
            {"CREATE UNIQUE INDEX CONCURRENTLY ON t(i)", true, true},
            {"CREATE INDEX ON t(i)", true, false},
            {"create Database d", true, true},
            {"DROP INDEX CONCURRENTLY i", true, true},
            {"DROP TABLE t", true, false},
            {"ALTER TABLE t DETACH PARTITION p CONCURRENTLY", true, true},
            {"ALTER TABLE t SET TABLESPACE s", true, false},
            {"ALTER SYSTEM SET a = 1", true, true},
            {"REFRESH MATERIALIZED VIEW CONCURRENTLY v", true, false},
            {"TRUNCATE t", true, false},
            {"COPY t FROM STDIN", true, false},
            {"NOTIFY a", true, false},
            {"FLY ME TO THE MOON", true, true},
            {"INSERT INTO t VALUES ('x", true, true},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct facts facts = classified(cases[i].sql);

                unit_row("%s", cases[i].sql);
                UNIT_ASSERT(facts.writes == cases[i].writes);
                UNIT_ASSERT(facts.piecewise == cases[i].piecewise);
        }
}

UNIT_SUITE(router_effects, UNIT_CASE(transactions), UNIT_CASE(exact_control_and_savepoints),
           UNIT_CASE(settings), UNIT_CASE(pins), UNIT_CASE(names_and_copies), UNIT_CASE(hints),
           UNIT_CASE(one_by_one), UNIT_CASE(together), UNIT_CASE(data), UNIT_CASE(commits), UNIT_CASE(heads))

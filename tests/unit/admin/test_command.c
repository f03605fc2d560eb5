#include "admin/command.h"

#include "unit.h"

#include <string.h>

static void understands_commands(void)
{
        static const struct {
                const char *text;
                enum verb verb;
                const char *tag, *name, *value;
        } rows[] = {
            {"", VERB_NOTHING, "", "", ""},
            {" ; ", VERB_NOTHING, "", "", ""},
            {"-- ping", VERB_NOTHING, "", "", ""},
            {"/* a /* b */ c */", VERB_NOTHING, "", "", ""},
            {"show help", VERB_HELP, "SHOW", "", ""},
            {"SHOW POOLS;", VERB_SHOW, "SHOW", "", ""},
            {"sElEcT pools", VERB_SHOW, "SHOW", "", ""},
            {"show \"pools\"", VERB_SHOW, "SHOW", "", ""},
            {"SHOW EXTENDED POOLS", VERB_SHOW, "SHOW", "", ""},
            {"/* app */ show /* x */ stats -- y", VERB_SHOW, "SHOW", "", ""},
            {"SHOW client_encoding", VERB_PARAM, "SHOW", "", ""},
            {"show transaction isolation level", VERB_PARAM, "SHOW", "", ""},
            {"SHOW TIME ZONE", VERB_PARAM, "SHOW", "", ""},
            {"SWITCHOVER app TO pg2:5432", VERB_SWITCHOVER, "SWITCHOVER", "app", "pg2:5432"},
            {"switchover \"my db\" to \"pg2:5432\";", VERB_SWITCHOVER, "SWITCHOVER", "my db", "pg2:5432"},
            {"SWITCHOVER app TO pg2:5432 force ;", VERB_SWITCHOVER, "SWITCHOVER", "app", "pg2:5432"},
            {"SWITCHOVER app TO force", VERB_SWITCHOVER, "SWITCHOVER", "app", "force"},
            {"FENCE pg2:5432;", VERB_FENCE, "FENCE", "", "pg2:5432"},
            {"SELECT 1", VERB_NUMBER, "SELECT 1", "", ""},
            {"SELECT 1 AS one;", VERB_SQL, "SELECT", "", ""},
            {"SELECT * FROM pools", VERB_SQL, "SELECT", "", ""},
            {"SELECT user FROM pools", VERB_SQL, "SELECT", "", ""},
            {"SELECT version() || 'x'", VERB_SQL, "SELECT", "", ""},
            {"WITH t AS (SELECT 1) SELECT * FROM t", VERB_SQL, "SELECT", "", ""},
            {"VALUES (1)", VERB_SQL, "SELECT", "", ""},
            {"SELECT version()", VERB_PARAM, "SELECT 1", "", ""},
            {"SELECT version", VERB_SHOW, "SHOW", "", ""},
            {"select pg_catalog.pg_is_in_recovery()", VERB_PARAM, "SELECT 1", "", ""},
            {"SELECT pg_advisory_unlock_all();", VERB_PARAM, "SELECT 1", "", ""},
            {"SET client_encoding TO 'UTF8'", VERB_SET_IGNORED, "SET", "", ""},
            {"SET datestyle TO 'ISO, MDY'", VERB_SET_IGNORED, "SET", "", ""},
            {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", VERB_SET_IGNORED, "SET", "", ""},
            {"set names 'utf8'", VERB_SET_IGNORED, "SET", "", ""},
            {"SET TIME ZONE 'UTC'", VERB_SET_IGNORED, "SET", "", ""},
            {"SET search_path = a, b", VERB_SET_IGNORED, "SET", "", ""},
            {"set default_pool_size=7", VERB_SET, "SET", "default_pool_size", "7"},
            {"SET server_lifetime TO 3.5 ;", VERB_SET, "SET", "server_lifetime", "3.5"},
            {"SET admin_users = 'a, b''c'", VERB_SET, "SET", "admin_users", "a, b'c"},
            {"SET \"verbose\" = \"1\"", VERB_SET, "SET", "verbose", "1"},
            {"BEGIN", VERB_BEGIN, "BEGIN", "", ""},
            {"start transaction read only", VERB_BEGIN, "START TRANSACTION", "", ""},
            {"COMMIT", VERB_END, "COMMIT", "", ""},
            {"END", VERB_END, "COMMIT", "", ""},
            {"ROLLBACK", VERB_END, "ROLLBACK", "", ""},
            {"abort", VERB_END, "ROLLBACK", "", ""},
            {"ROLLBACK WORK TO SAVEPOINT a", VERB_IGNORED, "ROLLBACK", "", ""},
            {"SAVEPOINT a", VERB_IGNORED, "SAVEPOINT", "", ""},
            {"UNLISTEN *", VERB_IGNORED, "UNLISTEN", "", ""},
            {"CLOSE ALL", VERB_IGNORED, "CLOSE CURSOR ALL", "", ""},
            {"RESET ALL", VERB_IGNORED, "RESET", "", ""},
            {"DISCARD ALL", VERB_IGNORED, "DISCARD ALL", "", ""},
            {"DEALLOCATE ALL", VERB_DEALLOCATE, "DEALLOCATE ALL", "", ""},
            {"DEALLOCATE PREPARE \"_pg3_0\"", VERB_DEALLOCATE, "DEALLOCATE", "_pg3_0", ""},
            {"RELOAD", VERB_RELOAD, "RELOAD", "", ""},
            {"PAUSE", VERB_PAUSE, "PAUSE", "", ""},
            {"pause app;", VERB_PAUSE, "PAUSE", "app", ""},
            {"PAUSE \"my \"\"db\"\"\"", VERB_PAUSE, "PAUSE", "my \"db\"", ""},
            {"PAUSE my-db--really", VERB_PAUSE, "PAUSE", "my-db", ""},
            {"\"pause\" app", VERB_PAUSE, "PAUSE", "app", ""},
            {"RESUME app", VERB_RESUME, "RESUME", "app", ""},
            {"explain route for app: SELECT ';'; x", VERB_EXPLAIN, "EXPLAIN", "app", ""},
            {"EXPLAIN ROUTE FOR \"my db\" :", VERB_EXPLAIN, "EXPLAIN", "my db", ""},
            {"EXPLAIN ROUTE (user \"a)b\", pgsteer.route 'standby') FOR app: (", VERB_EXPLAIN, "EXPLAIN",
             "app", ""},
            {"RECONNECT", VERB_RECONNECT, "RECONNECT", "", ""},
            {"KILL app", VERB_KILL, "KILL", "app", ""},
            {"WAIT_CLOSE", VERB_WAIT_CLOSE, "WAIT_CLOSE", "", ""},
            {"SUSPEND", VERB_SUSPEND, "SUSPEND", "", ""},
            {"DISABLE app", VERB_DISABLE, "DISABLE", "app", ""},
            {"enable app;", VERB_ENABLE, "ENABLE", "app", ""},
            {"KILL_CLIENT 7;", VERB_KILL_CLIENT, "KILL_CLIENT", "7", ""},
            {"SHUTDOWN", VERB_SHUTDOWN, "SHUTDOWN", "", ""},
            {"shutdown wait_for_clients", VERB_SHUTDOWN, "SHUTDOWN", "wait_for_clients", ""},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct command c;
                struct refusal r;
                bool ok;

                unit_row("%s", rows[i].text);
                ok = command_parse(sv_cstr(rows[i].text), &c, &r);
                UNIT_ASSERT(ok);
                if (!ok)
                        continue;
                UNIT_ASSERT(c.verb == rows[i].verb);
                UNIT_ASSERT(strcmp(c.tag, rows[i].tag) == 0);
                UNIT_ASSERT(strcmp(c.name, rows[i].name) == 0);
                UNIT_ASSERT(strcmp(c.value, rows[i].value) == 0);
        }
}

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10

static void refuses_with_pgbouncers_words(void)
{
        static const struct {
                const char *text, *message, *sqlstate;
        } rows[] = {
            {"foo", "invalid command 'foo', use SHOW HELP;", "08P01"},
            {" foo bar; ", "invalid command ' foo bar; ', use SHOW HELP;", "08P01"},
            {"abcdefghijklmnop", "bad arguments", "08P01"},
            {"abcdefghijklmno", "invalid command 'abcdefghijklmno', use SHOW HELP;", "08P01"},
            {"abcdefghijklmnop a b", "invalid command 'abcdefghijklmnop a b', use SHOW HELP;", "08P01"},
            {"SHOW", "invalid command 'SHOW', use SHOW HELP;", "08P01"},
            {"SHOW nonsense", "invalid command 'SHOW nonsense', use SHOW HELP;", "08P01"},
            {"SELECT nonsense", "invalid command 'SELECT nonsense', use SHOW HELP;", "08P01"},
            {"RELOAD now", "invalid command 'RELOAD now', use SHOW HELP;", "08P01"},
            {"PAUSE a b", "invalid command 'PAUSE a b', use SHOW HELP;", "08P01"},
            {"PAUSE 'a'", "invalid command 'PAUSE 'a'', use SHOW HELP;", "08P01"},
            {"PAUSE \"\"", "bad arguments", "08P01"},
            {"PAUSE \"a", "invalid command 'PAUSE \"a', use SHOW HELP;", "08P01"},
            {"PAUSE " X60 "1234", "bad arguments", "08P01"},
            {"SET verbose", "invalid command 'SET verbose', use SHOW HELP;", "08P01"},
            {"SET verbose 1", "invalid command 'SET verbose 1', use SHOW HELP;", "08P01"},
            {"SET a = b, c", "invalid command 'SET a = b, c', use SHOW HELP;", "08P01"},
            {"SET a = '" X60 X60 X60 X60 X10 "123456'", "bad arguments", "08P01"},
            {"EXPLAIN SELECT 1", "invalid command 'EXPLAIN SELECT 1', use SHOW HELP;", "08P01"},
            {"EXPLAIN ROUTE () FOR a:", "invalid command 'EXPLAIN ROUTE () FOR a:', use SHOW HELP;", "08P01"},
            {"EXPLAIN ROUTE (user) FOR a:", "invalid command 'EXPLAIN ROUTE (user) FOR a:', use SHOW HELP;",
             "08P01"},
            {"EXPLAIN ROUTE (user a FOR b:", "invalid command 'EXPLAIN ROUTE (user a FOR b:', use SHOW HELP;",
             "08P01"},
            {"EXPLAIN ROUTE (user a,) FOR b:",
             "invalid command 'EXPLAIN ROUTE (user a,) FOR b:', use SHOW HELP;", "08P01"},
            {"EXPLAIN ROUTE FOR a b", "invalid command 'EXPLAIN ROUTE FOR a b', use SHOW HELP;", "08P01"},
            {"SHUTDOWN NOW", "invalid command 'SHUTDOWN NOW', use SHOW HELP;", "08P01"},
            {"SUSPEND app", "invalid command 'SUSPEND app', use SHOW HELP;", "08P01"},
            {"caf\xe9", "invalid command 'caf?', use SHOW HELP;", "08P01"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct command c;
                struct refusal r = {0};

                unit_row("%s", rows[i].text);
                UNIT_ASSERT(!command_parse(sv_cstr(rows[i].text), &c, &r));
                UNIT_ASSERT(strcmp(r.text, rows[i].message) == 0);
                UNIT_ASSERT(r.sqlstate != NULL && strcmp(r.sqlstate, rows[i].sqlstate) == 0);
                UNIT_ASSERT(r.severity != NULL && strcmp(r.severity, "ERROR") == 0);
        }
}

static void takes_names_up_to_63_bytes(void)
{
        struct command c;
        struct refusal r;

        UNIT_ASSERT(command_parse(sv_cstr("PAUSE " X60 "123"), &c, &r));
        UNIT_ASSERT(strlen(c.name) == 63);
}

static void cuts_at_semicolons_outside_quotes(void)
{
        static const struct {
                const char *text;
                const char *parts[4];
        } rows[] = {
            {"a", {"a"}},
            {"a;", {"a;"}},
            {"a; b ;c", {"a;", " b ;", "c"}},
            {"a 'x;y'; b", {"a 'x;y';", " b"}},
            {"a \"x;y\"; b", {"a \"x;y\";", " b"}},
            {"a /* ; */ -- ;\n; b", {"a /* ; */ -- ;\n;", " b"}},
            {"a 'open; b", {"a 'open; b"}},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct sv text = sv_cstr(rows[i].text), one;
                size_t n = 0;

                unit_row("%s", rows[i].text);
                while (command_cut(&text, &one)) {
                        UNIT_ASSERT(n < 4 && rows[i].parts[n] != NULL && sv_is(one, rows[i].parts[n]));
                        n++;
                }
                UNIT_ASSERT(n == 4 || rows[i].parts[n] == NULL);
        }
}

static void changes_need_an_admin(void)
{
        static const struct {
                const char *text;
                bool needs;
        } rows[] = {
            {"SHOW POOLS", false},  {"SHOW HELP", false}, {"SELECT 1", false},  {"SET datestyle=ISO", false},
            {"BEGIN", false},       {"RELOAD", true},     {"PAUSE", true},      {"RESUME", true},
            {"RECONNECT", true},    {"KILL", true},       {"WAIT_CLOSE", true}, {"SHUTDOWN", true},
            {"SUSPEND", true},      {"DISABLE a", true},  {"ENABLE a", true},   {"KILL_CLIENT 1", true},
            {"SET verbose=1", true}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct command c;
                struct refusal r;

                unit_row("%s", rows[i].text);
                UNIT_ASSERT(command_parse(sv_cstr(rows[i].text), &c, &r));
                UNIT_ASSERT(command_needs_admin(&c) == rows[i].needs);
        }
}

/* Any bytes at all: no answer is checked, that it ends within the text is (under ASan). */
static void survives_any_bytes(void)
{
        uint64_t x = 88172645463325252u;
        static const char alphabet[] = "show pools;'\"/*-- set=a.\n\x80\xff";

        for (int i = 0; i < 20000; i++) {
                char text[24];
                size_t n = 0, length;
                struct sv rest, one;
                struct command c;
                struct refusal r;

                x ^= x << 13, x ^= x >> 7, x ^= x << 17;
                length = x % sizeof(text);
                for (size_t j = 0; j < length; j++) {
                        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
                        text[j] = alphabet[x % (sizeof(alphabet) - 1)];
                }
                rest = sv_from(text, length);
                while (command_cut(&rest, &one)) {
                        (void)command_parse(one, &c, &r);
                        n += one.n;
                }
                UNIT_ASSERT(n == length);
        }
}

UNIT_SUITE(admin_command, UNIT_CASE(understands_commands), UNIT_CASE(refuses_with_pgbouncers_words),
           UNIT_CASE(takes_names_up_to_63_bytes), UNIT_CASE(cuts_at_semicolons_outside_quotes),
           UNIT_CASE(changes_need_an_admin), UNIT_CASE(survives_any_bytes))

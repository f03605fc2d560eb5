#include "admin/bench.h"

#include "unit.h"

#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void greets(void)
{
        struct bench *b = bench_new(true);

        UNIT_ASSERT(strcmp(b->types, "RSSSSSSSKZ") == 0);
        UNIT_ASSERT(bench_contains(b, 'S', "server_version|1.25.2/bouncer|"));
        bench_free(b);
}

static void answers_queries(void)
{
        static const struct {
                const char *sql, *types, *tag;
        } rows[] = {
            {"SHOW VERSION", "TDCZ", "SHOW"},
            {"", "IZ", NULL},
            {" ;; -- nothing", "IZ", NULL},
            {"SHOW HELP", "NCZ", "SHOW"},
            {"SHOW STATE; SHOW VERSION;", "TDDDCTDCZ", "SHOW"},
            {"SHOW STATS", "TDDCZ", "SHOW"},
            {"SHOW DNS_HOSTS", "TCZ", "SHOW"},
            {"SELECT 1", "TDCZ", "SELECT 1"},
            {"SET client_encoding = 'UTF8'", "NCZ", "SET"},
            {"SET verbose = 2", "CZ", "SET verbose=2"},
            {"SET client_tls13_ciphers = x", "NCZ", "SET client_tls13_ciphers=x"},
            {"SET nonsense = 2", "EZ", NULL},
            {"BEGIN", "CZ", "BEGIN"},
            {"ROLLBACK", "CZ", "ROLLBACK"},
            {"RELOAD", "CZ", "RELOAD"},
            {"NONSENSE", "EZ", NULL},
            {"SHOW VERSION; NONSENSE; SHOW VERSION", "EZ", NULL}, /* nothing ran */
            {"SHOW VERSION; PAUSE nowhere; SHOW VERSION", "TDCEZ", "SHOW"},
            {"RECONNECT app", "CZ", "RECONNECT"},
            {"RESUME", "EZ", NULL},
            {"WAIT_CLOSE", "CZ", "WAIT_CLOSE"},
            {"SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;", "TDCCCCZ", "SELECT 1"},
        };
        struct bench *b = bench_new(true);

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].sql);
                bench_forget(b);
                bench_send_query(b, rows[i].sql);
                UNIT_ASSERT(strcmp(b->types, rows[i].types) == 0);
                UNIT_ASSERT(rows[i].tag == NULL || bench_contains(b, 'C', rows[i].tag));
        }
        UNIT_ASSERT(bench_contains(b, 'Z', "I"));
        bench_free(b);
}

static void tells_errors_as_pgbouncer(void)
{
        static const struct {
                const char *sql, *fields;
        } rows[] = {
            {"NONSENSE", "SERROR|VERROR|C08P01|Minvalid command 'NONSENSE', use SHOW HELP;|"},
            {"PAUSE nowhere", "SERROR|VERROR|C08P01|Mno such database: nowhere|"},
            {"PAUSE pgbouncer", "SERROR|VERROR|C08P01|Mcannot pause admin db: pgbouncer|"},
            {"KILL pgsteer", "SERROR|VERROR|C08P01|Mcannot kill admin db: pgsteer|"},
            {"RESUME app", "SERROR|VERROR|C08P01|Mdatabase app is not paused|"},
            {"RESUME", "SERROR|VERROR|C08P01|Mpooler is not paused/suspended|"},
            {"SET nonsense = 1", "SERROR|VERROR|C08P01|MSET failed|Hno such option|"},
            {"RELOAD",
             "SERROR|VERROR|CF0000|MRELOAD failed, see logs for additional details|Hline 7 is wrong|"},
        };
        struct bench *b = bench_new(true);

        b->reload_fails = true;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].sql);
                bench_forget(b);
                bench_send_query(b, rows[i].sql);
                UNIT_ASSERT(bench_contains(b, 'E', rows[i].fields));
        }
        UNIT_ASSERT(b->orders[0] == 0);
        bench_free(b);
}

static void stats_users_only_look(void)
{
        static const char *const refused[] = {"RELOAD",   "PAUSE",           "KILL",       "RECONNECT",
                                              "SHUTDOWN", "SET verbose = 1", "WAIT_CLOSE", "RESUME"};
        struct bench *b = bench_new(false);

        for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
                unit_row("%s", refused[i]);
                bench_forget(b);
                bench_send_query(b, refused[i]);
                UNIT_ASSERT(bench_contains(b, 'E', "admin access needed"));
        }
        UNIT_ASSERT(b->orders[0] == 0 && b->shutdowns == 0 && b->set[0] == 0);
        bench_forget(b);
        bench_send_query(b, "SHOW STATE");
        UNIT_ASSERT(strcmp(b->types, "TDDDCZ") == 0);
        bench_free(b);
}

static void transactions_are_played(void)
{
        struct bench *b = bench_new(true);

        bench_forget(b);
        bench_send_query(b, "BEGIN");
        UNIT_ASSERT(bench_contains(b, 'Z', "T"));
        bench_forget(b);
        bench_send_query(b, "NONSENSE");
        UNIT_ASSERT(bench_contains(b, 'Z', "T")); /* nothing was rolled back: nothing is a transaction */
        bench_forget(b);
        bench_send_query(b, "COMMIT");
        UNIT_ASSERT(bench_contains(b, 'Z', "I") && bench_contains(b, 'C', "COMMIT"));
        bench_free(b);
}

/* A message: its letter, then parts: s a string with its NUL, h an int16, i an int32. */
static void put_message(struct writer *w, char type, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        msg_begin(w, type);
        for (const char *f = format; *f != 0; f++) {
                if (*f == 's')
                        put_cstr(w, va_arg(ap, const char *));
                else if (*f == 'h')
                        put_i16(w, (uint16_t)va_arg(ap, int));
                else if (*f == 'i')
                        put_i32(w, (uint32_t)va_arg(ap, int));
                else if (*f == 'c')
                        put_byte(w, (uint8_t)va_arg(ap, int));
        }
        msg_end(w);
        va_end(ap);
}

static void send_writer(struct bench *b, struct buf *out)
{
        bench_forget(b);
        bench_send_bytes(b, buf_data(out), buf_len(out));
        buf_release(out);
}

#define PARSE(name, sql)      put_message(&w, 'P', "ssh", name, sql, 0)
#define BIND(portal, name)    put_message(&w, 'B', "sshhh", portal, name, 0, 0, 0)
#define BINARY(portal, name)  put_message(&w, 'B', "sshhhh", portal, name, 0, 0, 1, 1)
#define DESCRIBE(kind, name)  put_message(&w, 'D', "cs", kind, name)
#define EXECUTE(portal, most) put_message(&w, 'E', "si", portal, most)
#define CLOSE(kind, name)     put_message(&w, 'C', "cs", kind, name)
#define SYNC()                put_message(&w, 'S', "")
#define FLUSH()               put_message(&w, 'H', "")

static void speaks_the_extended_protocol(void)
{
        struct bench *b = bench_new(true);
        struct buf out = {0};
        struct writer w = writer_to(&out, 1 << 20);

        unit_row("unnamed, described as a portal");
        PARSE("", "SHOW STATE"), BIND("", ""), DESCRIBE('P', ""), EXECUTE("", 0), SYNC();
        send_writer(b, &out);
        UNIT_ASSERT(strcmp(b->types, "12TDDDCZ") == 0);

        unit_row("prepared and described first, as asyncpg does");
        PARSE("one", "SHOW STATS"), DESCRIBE('S', "one"), FLUSH();
        send_writer(b, &out);
        UNIT_ASSERT(strcmp(b->types, "1tT") == 0);
        SYNC();
        send_writer(b, &out);
        UNIT_ASSERT(strcmp(b->types, "Z") == 0);
        BINARY("", "one"), EXECUTE("", 0), SYNC();
        send_writer(b, &out);
        UNIT_ASSERT(strcmp(b->types, "2DDCZ") == 0);

        unit_row("rows in two parts");
        BIND("p", "one"), EXECUTE("p", 1), EXECUTE("p", 1), EXECUTE("p", 1), SYNC();
        send_writer(b, &out);
        UNIT_ASSERT(strcmp(b->types, "2DsDCCZ") == 0);

        unit_row("portals end with Sync");
        EXECUTE("p", 0), SYNC();
        send_writer(b, &out);
        UNIT_ASSERT(strcmp(b->types, "EZ") == 0 && bench_contains(b, 'E', "C34000|"));

        unit_row("closed");
        CLOSE('S', "one"), CLOSE('S', "never was"), BIND("", "one"), EXECUTE("", 0), SYNC();
        send_writer(b, &out);
        UNIT_ASSERT(strcmp(b->types, "33EZ") == 0 && bench_contains(b, 'E', "C26000|"));

        unit_row("a command without rows, and an empty one");
        PARSE("", "RECONNECT"), DESCRIBE('S', ""), BIND("", ""), EXECUTE("", 0), PARSE("", ""), BIND("", ""),
            DESCRIBE('P', ""), EXECUTE("", 0), SYNC();
        send_writer(b, &out);
        UNIT_ASSERT(strcmp(b->types, "1tn2C12nIZ") == 0);

        unit_row("an error skips to Sync, the next segment goes on");
        PARSE("", "NONSENSE"), BIND("", ""), EXECUTE("", 0), SYNC(), PARSE("", "SHOW VERSION"), BIND("", ""),
            EXECUTE("", 0), SYNC();
        send_writer(b, &out);
        UNIT_ASSERT(strcmp(b->types, "EZ12DCZ") == 0);
        bench_free(b);
}

static void refuses_wrong_extended_messages(void)
{
        static const struct {
                const char *name, *sqlstate;
                char type;
                const char *format;
                const char *a, *b;
                int n[4];
        } rows[] = {
            {"two commands", "C42601|", 'P', "ssh", "", "SHOW STATE; SHOW STATE", {0}},
            {"name taken", "C42P05|", 'P', "ssh", "s", "SHOW STATE", {0}},
            {"parameters", "C08P01|", 'B', "sshhih", "", "s", {0, 1, -1, 0}},
            {"unknown statement", "C26000|", 'B', "sshhh", "", "nobody", {0}},
            {"format code 2", "C22023|", 'B', "sshhhh", "", "s", {0, 0, 1, 2}},
            {"too many formats", "C08P01|", 'B', "sshhh", "", "s", {0, 0, 3, 0}},
            {"cut short", "C08P01|", 'B', "ss", "", "s", {0}},
            {"too long", "C08P01|", 'P', "sshh", "", "SHOW STATE", {0}},
        };
        struct bench *b = bench_new(true);
        struct buf out = {0};
        struct writer w = writer_to(&out, 1 << 20);

        PARSE("s", "SHOW STATE"), SYNC();
        send_writer(b, &out);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                put_message(&w, rows[i].type, rows[i].format, rows[i].a, rows[i].b, rows[i].n[0],
                            rows[i].n[1], rows[i].n[2], rows[i].n[3]);
                EXECUTE("", 0), SYNC();
                send_writer(b, &out);
                UNIT_ASSERT(strcmp(b->types, "EZ") == 0 && bench_contains(b, 'E', rows[i].sqlstate));
        }
        bench_free(b);
}

static void describes_what_it_executes(void)
{
        struct bench *b = bench_new(true);
        struct buf out = {0};

        for (size_t i = 0; show_at(i) != NULL; i++) {
                struct writer w = writer_to(&out, 1 << 20);
                char sql[64], described[4096], answered[4096];

                if (strcmp(show_at(i)->name, "config") == 0 || strcmp(show_at(i)->name, "all") == 0)
                        continue; /* need a configuration that was read */
                unit_row("%s", show_at(i)->name);
                snprintf(sql, sizeof(sql), "SHOW %s", show_at(i)->name);
                PARSE("", sql), DESCRIBE('S', ""), SYNC();
                send_writer(b, &out);
                UNIT_ASSERT(strcmp(b->types, "1tTZ") == 0);
                bench_body_of(b, 'T', described, sizeof(described));
                bench_forget(b);
                bench_send_query(b, sql);
                UNIT_ASSERT(bench_body_of(b, 'T', answered, sizeof(answered)));
                UNIT_ASSERT(strcmp(described, answered) == 0);
        }
        bench_free(b);
}

static void closes_those_who_break_the_protocol(void)
{
        static const struct {
                const char *name;
                uint8_t bytes[8];
                size_t n;
                const char *sqlstate; /* NULL: closed without a word */
        } rows[] = {
            {"length below 4", {'Q', 0, 0, 0, 3}, 5, "C08P01|"},
            {"length beyond the limit", {'Q', 0, 1, 0, 0}, 5, "C54000|"},
            {"negative length", {'Q', 0xff, 0xff, 0xff, 0xff}, 5, "C08P01|"},
            {"unknown letter", {'!', 0, 0, 0, 4}, 5, "C08P01|"},
            {"a password", {'p', 0, 0, 0, 5, 0}, 6, "C08P01|"},
            {"terminate", {'X', 0, 0, 0, 4}, 5, NULL},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct bench *b = bench_new(true);
                char byte;

                unit_row("%s", rows[i].name);
                bench_forget(b);
                bench_send_bytes(b, rows[i].bytes, rows[i].n);
                UNIT_ASSERT(b->admin->console_count == 0);
                UNIT_ASSERT(strcmp(b->types, rows[i].sqlstate == NULL ? "" : "E") == 0);
                UNIT_ASSERT(rows[i].sqlstate == NULL || bench_contains(b, 'E', rows[i].sqlstate));
                UNIT_ASSERT(rows[i].sqlstate == NULL || bench_contains(b, 'E', "SFATAL|"));
                UNIT_ASSERT(recv(b->fd, &byte, 1, MSG_DONTWAIT) == 0);
                bench_free(b);
        }
}

static void takes_bytes_one_by_one(void)
{
        struct bench *b = bench_new(true);
        struct buf out = {0};
        struct writer w = writer_to(&out, 1 << 20);

        PARSE("", "SHOW STATE"), BIND("", ""), DESCRIBE('P', ""), EXECUTE("", 0), SYNC();
        write_query(&w, "SHOW VERSION");
        bench_forget(b);
        for (size_t i = 0; i < buf_len(&out); i++)
                bench_send_bytes(b, buf_data(&out) + i, 1);
        buf_release(&out);
        UNIT_ASSERT(strcmp(b->types, "12TDDDCZTDCZ") == 0);
        bench_free(b);
}

/* Random messages never end the process, and the console still serves the next client. */
static void survives_any_message(void)
{
        static const char letters[] = "PBDECSHQXFdcfp!";
        struct bench *b = bench_new(false);
        uint64_t x = 88172645463325252u;

        for (int i = 0; i < 300; i++) {
                struct buf out = {0};
                struct writer w = writer_to(&out, 1 << 20);

                for (int j = 0; j < 20; j++) {
                        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
                        msg_begin(&w, letters[x % (sizeof(letters) - 1)]);
                        for (unsigned k = 0; k < (x >> 32) % 12; k++)
                                put_byte(&w, (uint8_t)((x >> (k * 5)) % 3 == 0 ? 0 : "SHOWSTATE;PS"[k]));
                        msg_end(&w);
                }
                (void)!write(b->fd, buf_data(&out), buf_len(&out));
                buf_release(&out);
                bench_forget(b);
                bench_pump(b);
                close(b->fd);
                bench_forget(b);
                bench_connect_client(b, false);
                UNIT_ASSERT(strcmp(b->types, "RSSSSSSSKZ") == 0);
        }
        UNIT_ASSERT(b->admin->console_count == 1);
        bench_free(b);
}

static void shutdown_answers_when_it_waits(void)
{
        struct bench *b = bench_new(true);

        bench_forget(b);
        bench_send_query(b, "SHUTDOWN WAIT_FOR_CLIENTS");
        UNIT_ASSERT(strcmp(b->types, "CZ") == 0 && b->shutdowns == 1);
        bench_forget(b);
        bench_send_query(b, "SHUTDOWN");
        UNIT_ASSERT(b->types[0] == 0 && b->shutdowns == 2);
        bench_free(b);
}

UNIT_SUITE(admin_console, UNIT_CASE(greets), UNIT_CASE(answers_queries), UNIT_CASE(tells_errors_as_pgbouncer),
           UNIT_CASE(stats_users_only_look), UNIT_CASE(transactions_are_played),
           UNIT_CASE(speaks_the_extended_protocol), UNIT_CASE(refuses_wrong_extended_messages),
           UNIT_CASE(describes_what_it_executes), UNIT_CASE(closes_those_who_break_the_protocol),
           UNIT_CASE(takes_bytes_one_by_one), UNIT_CASE(survives_any_message),
           UNIT_CASE(shutdown_answers_when_it_waits))

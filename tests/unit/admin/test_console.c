#include "admin/console.h"
#include "admin/inner.h"

#include "base/log.h"
#include "unit.h"

#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A console between a socket pair, with one made-up worker that answers by letters as real ones do. */
struct bench {
        struct crowd crowd; /* nobody is in it */
        struct loop loop;
        struct admin *admin;
        struct conf conf;
        struct conf_database databases[2];
        int fd; /* the client's end */
        uint8_t got[1 << 20];
        size_t n;
        char types[4096]; /* of the messages in got, in order */
        char orders[256]; /* "PAUSE app; ..." */
        int busy;         /* what PAUSE finds busy, one less each time it is asked */
        char set[128];    /* key=value of the last SET */
        bool reload_fails;
        int shutdowns;
};

static struct bench *bench; /* the one that runs; workers' functions have no argument of ours */

/* ---- the workers ---- */

static struct census *fake_census(struct crowd *crowd, unsigned parts, struct mailbox *home, void *arg,
                                  void (*done)(struct letter *letter, void *owner))
{
        struct census *census = xcalloc(1, sizeof(*census) + sizeof(census->worker[0]));
        struct census_worker *w = &census->worker[0];

        (void)crowd;
        census->letter.open = done;
        census->parts = parts;
        census->arg = arg;
        census->workers = 1;
        if (parts & CENSUS_STATS) {
                w->stats = arena_alloc(&w->arena, sizeof(*w->stats));
                w->stats_count = 1;
                w->stats[0].database = "app";
                w->stats[0].n.query_count = 70007;
                w->stats[0].n.routes[1][REASON_READ] = 5;
        }
        mailbox_post(home, &census->letter);
        return census;
}

static void fake_census_free(struct census *census)
{
        arena_release(&census->worker[0].arena);
        free(census);
}

struct fake_order {
        struct letter letter;
        void (*done)(void *arg, int busy);
        void *arg;
        int busy;
};

static void on_fake_order(struct letter *letter, void *owner)
{
        struct fake_order *order = (struct fake_order *)(void *)letter;

        (void)owner;
        if (order->done != NULL)
                order->done(order->arg, order->busy);
        free(order);
}

static void fake_orders(struct crowd *crowd, enum order_kind kind, const char *database, struct conf *conf,
                        struct mailbox *home, void (*done)(void *arg, int busy), void *arg)
{
        static const char *const names[] = {
            [ORDER_PAUSE] = "PAUSE",     [ORDER_RESUME] = "RESUME", [ORDER_RECONNECT] = "RECONNECT",
            [ORDER_NOTHING] = "NOTHING", [ORDER_KILL] = "KILL",     [ORDER_STOP] = NULL};
        struct fake_order *order = xcalloc(1, sizeof(*order));
        size_t n = strlen(bench->orders);

        (void)crowd;
        (void)conf;
        snprintf(bench->orders + n, sizeof(bench->orders) - n, "%s %s;", names[kind], database);
        order->letter.open = on_fake_order;
        order->done = done;
        order->arg = arg;
        order->busy = kind == ORDER_PAUSE && bench->busy > 0 ? bench->busy-- : 0;
        mailbox_post(home, &order->letter);
}

static const struct admin_workers workers = {fake_census, fake_census_free, fake_orders};

/* ---- the roof ---- */

static struct conf *conf_of(void *arg)
{
        return &((struct bench *)arg)->conf;
}

static bool reload(void *arg, char *message, size_t size)
{
        snprintf(message, size, "line 7 is wrong");
        return !((struct bench *)arg)->reload_fails;
}

static bool set(void *arg, const char *key, const char *value, char *message, size_t size)
{
        struct bench *b = arg;

        snprintf(b->set, sizeof(b->set), "%s=%s", key, value);
        snprintf(message, size, "no such option");
        return strcmp(key, "verbose") == 0;
}

static void shut_down(void *arg, enum shutdown_mode mode)
{
        (void)mode;
        ((struct bench *)arg)->shutdowns++;
}

static const struct admin_ops ops = {conf_of, reload, set, shut_down, NULL};

/* ---- driving it ---- */

/* Lets the loop run until it has nothing more to do, and takes what came. */
static void pump(struct bench *b)
{
        struct msg m = {0};
        size_t at = 0, types = 0;
        ssize_t r;

        for (int i = 0; i < 20; i++) {
                event_base_loop(b->loop.base, EVLOOP_NONBLOCK);
                while ((r = recv(b->fd, b->got + b->n, sizeof(b->got) - b->n, MSG_DONTWAIT)) > 0)
                        b->n += (size_t)r;
        }
        while (msg_peek(b->got + at, b->n - at, &m) == STATUS_OK && m.have == m.size &&
               types + 1 < sizeof(b->types)) {
                b->types[types++] = m.type;
                at += m.size;
        }
        b->types[types] = 0;
}

static void forget(struct bench *b)
{
        b->n = 0;
        b->types[0] = 0;
}

static void connect_client(struct bench *b, bool allowed)
{
        struct stream stream;
        struct buf in = {0};
        int fds[2];

        UNIT_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
        b->fd = fds[0];
        stream_open(&stream, &b->loop, fds[1], NULL);
        admin_adopt(b->admin, &(struct visitor){.stream = &stream,
                                                .in = &in,
                                                .user = "ann",
                                                .admin = allowed,
                                                .address = "127.0.0.1",
                                                .port = 4711,
                                                .application_name = ""});
        pump(b);
}

static struct bench *bench_new(bool allowed)
{
        struct bench *b = xcalloc(1, sizeof(*b));

        bench = b;
        loop_init(&b->loop, b);
        b->databases[0] = (struct conf_database){.name = "app", .dbname = "app", .pool_mode = -1};
        b->databases[1] = (struct conf_database){.name = "other", .dbname = "other", .pool_mode = -1};
        b->conf.databases = b->databases;
        b->conf.database_count = 2;
        b->conf.opt.stats_period_us = 60000000;
        b->admin = admin_new_with(&b->loop, &b->crowd, &ops, b, &workers);
        log_set_level(LOG_FATAL_);
        connect_client(b, allowed);
        return b;
}

static void bench_free(struct bench *b)
{
        if (b->fd >= 0)
                close(b->fd);
        admin_free(b->admin);
        loop_fini(&b->loop);
        free(b);
        bench = NULL;
}

static void send_bytes(struct bench *b, const void *bytes, size_t n)
{
        UNIT_ASSERT(write(b->fd, bytes, n) == (ssize_t)n);
        pump(b);
}

static void send_query(struct bench *b, const char *sql)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, 1 << 20);

        write_query(&w, sql);
        send_bytes(b, buf_data(&out), buf_len(&out));
        buf_release(&out);
}

/* The i-th message of what came, of that type; its body as a string of `size`. */
static bool body_of(const struct bench *b, char type, char *out, size_t size)
{
        struct msg m = {0};
        size_t at = 0;

        while (msg_peek(b->got + at, b->n - at, &m) == STATUS_OK && m.have == m.size) {
                if (m.type == type) {
                        size_t n = m.body_size < size - 1 ? m.body_size : size - 1;

                        memcpy(out, m.body, n);
                        out[n] = 0;
                        for (size_t i = 0; i < n; i++)
                                if (out[i] == 0)
                                        out[i] = '|';
                        return true;
                }
                at += m.size;
        }
        out[0] = 0;
        return false;
}

static bool contains(const struct bench *b, char type, const char *text)
{
        char body[2048];

        return body_of(b, type, body, sizeof(body)) && strstr(body, text) != NULL;
}

/* ---- the tests ---- */

static void greets(void)
{
        struct bench *b = bench_new(true);

        UNIT_ASSERT(strcmp(b->types, "RSSSSSSSKZ") == 0);
        UNIT_ASSERT(contains(b, 'S', "server_version|1.25.2/bouncer|"));
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
                forget(b);
                send_query(b, rows[i].sql);
                UNIT_ASSERT(strcmp(b->types, rows[i].types) == 0);
                UNIT_ASSERT(rows[i].tag == NULL || contains(b, 'C', rows[i].tag));
        }
        UNIT_ASSERT(contains(b, 'Z', "I"));
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
            {"SET nonsense = 1", "SERROR|VERROR|C08P01|MSET failed: no such option|"},
            {"RELOAD",
             "SERROR|VERROR|CF0000|MRELOAD failed, see logs for additional details|Hline 7 is wrong|"},
        };
        struct bench *b = bench_new(true);

        b->reload_fails = true;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].sql);
                forget(b);
                send_query(b, rows[i].sql);
                UNIT_ASSERT(contains(b, 'E', rows[i].fields));
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
                forget(b);
                send_query(b, refused[i]);
                UNIT_ASSERT(contains(b, 'E', "admin access needed"));
        }
        UNIT_ASSERT(b->orders[0] == 0 && b->shutdowns == 0 && b->set[0] == 0);
        forget(b);
        send_query(b, "SHOW STATE");
        UNIT_ASSERT(strcmp(b->types, "TDDDCZ") == 0);
        bench_free(b);
}

static void transactions_are_played(void)
{
        struct bench *b = bench_new(true);

        forget(b);
        send_query(b, "BEGIN");
        UNIT_ASSERT(contains(b, 'Z', "T"));
        forget(b);
        send_query(b, "NONSENSE");
        UNIT_ASSERT(contains(b, 'Z', "T")); /* nothing was rolled back: nothing is a transaction */
        forget(b);
        send_query(b, "COMMIT");
        UNIT_ASSERT(contains(b, 'Z', "I") && contains(b, 'C', "COMMIT"));
        bench_free(b);
}

/* Waits a little more than one poll. */
static void wait_poll(struct bench *b)
{
        usleep(ADMIN_POLL_US + 10000);
        pump(b);
}

static void pause_waits_for_the_busy(void)
{
        struct bench *b = bench_new(true);
        int waiting = b->fd;

        b->busy = 2;
        forget(b);
        send_query(b, "PAUSE app; SHOW VERSION");
        UNIT_ASSERT(b->types[0] == 0);

        unit_row("another console meanwhile");
        connect_client(b, true);
        forget(b);
        send_query(b, "SHOW STATE");
        UNIT_ASSERT(strcmp(b->types, "TDDDCZ") == 0);
        close(b->fd);
        b->fd = waiting;
        unit_row("still waiting");
        forget(b);
        wait_poll(b);
        UNIT_ASSERT(b->types[0] == 0);
        unit_row("done");
        wait_poll(b);
        UNIT_ASSERT(strcmp(b->types, "CTDCZ") == 0 && contains(b, 'C', "PAUSE"));
        UNIT_ASSERT(strcmp(b->orders, "PAUSE app;PAUSE app;PAUSE app;") == 0);
        UNIT_ASSERT(paused_has(&b->admin->paused, "app") && !paused_has(&b->admin->paused, "other"));
        bench_free(b);
}

static void resume_ends_a_waiting_pause(void)
{
        struct bench *b = bench_new(true);
        int waiting = b->fd;

        b->busy = 1000;
        forget(b);
        send_query(b, "PAUSE");
        UNIT_ASSERT(b->types[0] == 0);
        connect_client(b, true);
        forget(b);
        send_query(b, "PAUSE");
        UNIT_ASSERT(contains(b, 'E', "already suspended/paused"));
        forget(b);
        send_query(b, "RESUME");
        UNIT_ASSERT(strcmp(b->types, "CZ") == 0);
        close(b->fd);
        b->fd = waiting;
        forget(b);
        wait_poll(b);
        UNIT_ASSERT(strcmp(b->types, "EZ") == 0 && contains(b, 'E', "PAUSE was ended by RESUME"));
        bench_free(b);
}

static void resume_of_all_leaves_named_ones_paused(void)
{
        struct bench *b = bench_new(true);

        send_query(b, "PAUSE app");
        send_query(b, "PAUSE");
        b->orders[0] = 0;
        send_query(b, "RESUME");
        UNIT_ASSERT(strcmp(b->orders, "RESUME ;PAUSE app;") == 0);
        UNIT_ASSERT(!b->admin->paused.all && paused_has(&b->admin->paused, "app"));
        send_query(b, "RESUME app");
        UNIT_ASSERT(strcmp(b->orders, "RESUME ;PAUSE app;RESUME app;") == 0);
        UNIT_ASSERT(!paused_has(&b->admin->paused, "app"));
        send_query(b, "KILL");
        UNIT_ASSERT(!b->admin->paused.all && paused_has(&b->admin->paused, "other"));
        forget(b);
        send_query(b, "RESUME");
        UNIT_ASSERT(strcmp(b->types, "CZ") == 0 && !paused_has(&b->admin->paused, "other"));
        bench_free(b);
}

static void a_client_that_leaves_ends_its_waiting(void)
{
        struct bench *b = bench_new(true);

        b->busy = 1000;
        send_query(b, "PAUSE app");
        close(b->fd);
        b->fd = -1;
        for (int i = 0; i < 3; i++)
                event_base_loop(b->loop.base, EVLOOP_NONBLOCK);
        UNIT_ASSERT(b->admin->console_count == 0);
        b->orders[0] = 0;
        usleep(ADMIN_POLL_US + 10000);
        event_base_loop(b->loop.base, EVLOOP_NONBLOCK);
        UNIT_ASSERT(b->orders[0] == 0);
        UNIT_ASSERT(paused_has(&b->admin->paused, "app")); /* as in PgBouncer the database stays paused */
        bench_free(b);
}

static void note_found(void *arg, bool found)
{
        *(int *)arg = found;
}

static void cancel_undoes_a_waiting_pause(void)
{
        struct bench *b = bench_new(true);
        struct console *c = list_item(list_first(&b->admin->consoles), struct console, in_admin);
        struct cancel_key wrong;
        int found = -1;

        b->busy = 1000;
        forget(b);
        send_query(b, "PAUSE app");
        b->orders[0] = 0;
        wrong = c->key;
        wrong.secret[3] ^= 1;
        admin_cancel(b->admin, &wrong, note_found, &found);
        pump(b);
        UNIT_ASSERT(b->orders[0] == 0 && found == 0);
        admin_cancel(b->admin, &c->key, note_found, &found);
        wait_poll(b);
        UNIT_ASSERT(found == 1);
        UNIT_ASSERT(strcmp(b->orders, "RESUME app;") == 0 && !paused_has(&b->admin->paused, "app"));
        UNIT_ASSERT(strcmp(b->types, "EZ") == 0 && contains(b, 'E', "C57014|"));
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
        forget(b);
        send_bytes(b, buf_data(out), buf_len(out));
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
        UNIT_ASSERT(strcmp(b->types, "EZ") == 0 && contains(b, 'E', "C34000|"));

        unit_row("closed");
        CLOSE('S', "one"), CLOSE('S', "never was"), BIND("", "one"), EXECUTE("", 0), SYNC();
        send_writer(b, &out);
        UNIT_ASSERT(strcmp(b->types, "33EZ") == 0 && contains(b, 'E', "C26000|"));

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
                UNIT_ASSERT(strcmp(b->types, "EZ") == 0 && contains(b, 'E', rows[i].sqlstate));
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
                body_of(b, 'T', described, sizeof(described));
                forget(b);
                send_query(b, sql);
                UNIT_ASSERT(body_of(b, 'T', answered, sizeof(answered)));
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
                forget(b);
                send_bytes(b, rows[i].bytes, rows[i].n);
                UNIT_ASSERT(b->admin->console_count == 0);
                UNIT_ASSERT(strcmp(b->types, rows[i].sqlstate == NULL ? "" : "E") == 0);
                UNIT_ASSERT(rows[i].sqlstate == NULL || contains(b, 'E', rows[i].sqlstate));
                UNIT_ASSERT(rows[i].sqlstate == NULL || contains(b, 'E', "SFATAL|"));
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
        forget(b);
        for (size_t i = 0; i < buf_len(&out); i++)
                send_bytes(b, buf_data(&out) + i, 1);
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
                forget(b);
                pump(b);
                close(b->fd);
                forget(b);
                connect_client(b, false);
                UNIT_ASSERT(strcmp(b->types, "RSSSSSSSKZ") == 0);
        }
        UNIT_ASSERT(b->admin->console_count == 1);
        bench_free(b);
}

static void shutdown_answers_when_it_waits(void)
{
        struct bench *b = bench_new(true);

        forget(b);
        send_query(b, "SHUTDOWN WAIT_FOR_CLIENTS");
        UNIT_ASSERT(strcmp(b->types, "CZ") == 0 && b->shutdowns == 1);
        forget(b);
        send_query(b, "SHUTDOWN");
        UNIT_ASSERT(b->types[0] == 0 && b->shutdowns == 2);
        bench_free(b);
}

UNIT_SUITE(admin_console, UNIT_CASE(greets), UNIT_CASE(answers_queries), UNIT_CASE(tells_errors_as_pgbouncer),
           UNIT_CASE(stats_users_only_look), UNIT_CASE(transactions_are_played),
           UNIT_CASE(pause_waits_for_the_busy), UNIT_CASE(resume_ends_a_waiting_pause),
           UNIT_CASE(resume_of_all_leaves_named_ones_paused),
           UNIT_CASE(a_client_that_leaves_ends_its_waiting), UNIT_CASE(cancel_undoes_a_waiting_pause),
           UNIT_CASE(speaks_the_extended_protocol), UNIT_CASE(refuses_wrong_extended_messages),
           UNIT_CASE(describes_what_it_executes), UNIT_CASE(closes_those_who_break_the_protocol),
           UNIT_CASE(takes_bytes_one_by_one), UNIT_CASE(survives_any_message),
           UNIT_CASE(shutdown_answers_when_it_waits))

#include "admin/bench.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/helpers.h"

#include "unit.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void fake_orders(struct crowd *crowd, enum order_kind kind, const char *database, struct mailbox *home,
                        void (*done)(void *arg, int busy), void *arg)
{
        static const char *const names[] = {[ORDER_PAUSE] = "PAUSE",
                                            [ORDER_RESUME] = "RESUME",
                                            [ORDER_RECONNECT] = "RECONNECT",
                                            [ORDER_KILL] = "KILL",
                                            [ORDER_KILL_CLIENT] = "KILL_CLIENT",
                                            [ORDER_DISABLE] = "DISABLE",
                                            [ORDER_ENABLE] = "ENABLE",
                                            [ORDER_SUSPEND] = "SUSPEND",
                                            [ORDER_SUSPEND_FORCED] = "SUSPEND_FORCED",
                                            [ORDER_WAKE] = "WAKE",
                                            [ORDER_NOTHING] = "NOTHING",
                                            [ORDER_STOP] = NULL};
        struct fake_order *order = xcalloc(1, sizeof(*order));
        size_t n = strlen(bench->orders);

        (void)crowd;
        snprintf(bench->orders + n, sizeof(bench->orders) - n, "%s %s;", names[kind], database);
        order->letter.open = on_fake_order;
        order->done = done;
        order->arg = arg;
        order->busy = (kind == ORDER_PAUSE || kind == ORDER_SUSPEND) && bench->busy > 0 ? bench->busy-- : 0;
        if (kind == ORDER_KILL_CLIENT)
                order->busy = strcmp(database, "17") == 0;
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
        if (strcmp(key, "verbose") == 0)
                return true;
        snprintf(message, size, "no such option");
        return strcmp(key, "client_tls13_ciphers") == 0; /* it goes on with what it had */
}

static void shut_down(void *arg, enum shutdown_mode mode)
{
        (void)mode;
        ((struct bench *)arg)->shutdowns++;
}

static const struct admin_ops ops = {conf_of, reload, set, shut_down, NULL};

/* ---- driving it ---- */

/* Lets the loop run until it has nothing more to do, and takes what came. */
void bench_pump(struct bench *b)
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

void bench_forget(struct bench *b)
{
        b->n = 0;
        b->types[0] = 0;
}

void bench_connect_client(struct bench *b, bool allowed)
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
        bench_pump(b);
}

struct bench *bench_new(bool allowed)
{
        struct bench *b = xcalloc(1, sizeof(*b));

        bench = b;
        loop_init(&b->loop, b);
        b->databases[0] = (struct conf_database){.name = "app", .dbname = "app", .pool_mode = -1};
        b->databases[1] = (struct conf_database){.name = "other", .dbname = "other", .pool_mode = -1};
        b->conf.databases = b->databases;
        b->conf.database_count = 2;
        b->conf.opt.stats_period_us = 60000000;
        b->crowd.helpers = helpers_new();
        b->admin = admin_new_with(&b->loop, &b->crowd, &ops, b, &workers);
        log_set_level(LOG_FATAL_);
        bench_connect_client(b, allowed);
        return b;
}

void bench_free(struct bench *b)
{
        if (b->fd >= 0)
                close(b->fd);
        admin_stop_statements(b->admin);
        UNIT_ASSERT(helpers_stop(b->crowd.helpers, 10000));
        event_base_loop(b->loop.base, EVLOOP_NONBLOCK);
        admin_free(b->admin);
        helpers_free(b->crowd.helpers);
        loop_fini(&b->loop);
        free(b);
        bench = NULL;
}

void bench_send_bytes(struct bench *b, const void *bytes, size_t n)
{
        UNIT_ASSERT(write(b->fd, bytes, n) == (ssize_t)n);
        bench_pump(b);
}

void bench_send_query(struct bench *b, const char *sql)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, 1 << 20);

        write_query(&w, sql);
        bench_send_bytes(b, buf_data(&out), buf_len(&out));
        buf_release(&out);
}

/* The i-th message of what came, of that type; its body as a string of `size`. */
bool bench_body_of(const struct bench *b, char type, char *out, size_t size)
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

bool bench_contains(const struct bench *b, char type, const char *text)
{
        char body[2048];

        return bench_body_of(b, type, body, sizeof(body)) && strstr(body, text) != NULL;
}

/* Waits a little more than one poll. */
void bench_wait_poll(struct bench *b)
{
        usleep(ADMIN_POLL_US + 10000);
        bench_pump(b);
}

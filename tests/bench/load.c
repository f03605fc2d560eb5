/* A load of many clients on one thread, for what pgbench cannot do or would spend more on than the pooler
 * that is measured: it says what pgbench would say, byte for byte, reads the clocks of the pooler's threads
 * at the beginning and the end of the very seconds whose transactions it counts, and keeps every single
 * latency. Prints one line of JSON.
 *
 *     load PORT [OPTION VALUE]...
 *         clients N    seconds S    warm S
 *         mode simple|extended|prepared    pipeline K    select-only, K queries up to one Sync
 *         sql TEXT     kib N               another Query instead; a COPY FROM STDIN gets so much data
 *         idle N       clients that run one query and then wait, for the whole time
 *         watch PIDS   whose processor time and memory (of the idle) to tell
 *         tls 1        user NAME    database NAME */
#include "channel.h"
#include "request.h"
#include "watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
        EVENTS = 512,
        ROOM = 1 << 17,
        FROM_ADDRESS = 20000, /* connections that come from one address: it has 28,000 ports */
};

static struct {
        struct target target;
        unsigned clients, idle, pipeline, kib;
        double seconds, warm;
        const char *mode, *sql;
        bool tls;
        struct watch watch;
} opt = {.target = {.user = "app", .database = "app"},
         .clients = 1,
         .pipeline = 1,
         .kib = 16384,
         .seconds = 2,
         .warm = 0.3,
         .mode = "simple"};

struct client {
        struct channel channel;
        struct frames frames;
        uint64_t began;  /* ns */
        size_t turn;     /* answers that all had got by then */
        unsigned chunks; /* of CopyData still to be sent */
        size_t rest;     /* of the piece at hand, to be sent */
        bool waits_to_write, working;
};

static int loop;
static struct client *clients;
static bool running, measuring;

static struct buf request, chunk, copy_done;

/* What was measured. Latencies in units of 100 ns; turns: how many answers others got meanwhile, which tells
 * who is passed over, however fast the servers are at that moment. */
static struct {
        uint32_t *latencies, *turns;
        size_t count, room, answers;
        uint64_t bytes;
} seen;

static uint64_t now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- one client ---- */

static void watch_writes(struct client *c, bool wanted)
{
        struct epoll_event event = {.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};

        if (c->waits_to_write != wanted)
                epoll_ctl(loop, EPOLL_CTL_MOD, c->channel.fd, &event);
        c->waits_to_write = wanted;
}

/* Sends what is left of a piece that ends at its buffer's end; whether all went. */
static bool send_rest(struct client *c, const struct buf *piece)
{
        ssize_t n = channel_write(&c->channel, buf_data(piece) + buf_len(piece) - c->rest, c->rest);

        if (n == 0)
                die("a connection broke");
        c->rest -= n > 0 ? (size_t)n : 0;
        return c->rest == 0;
}

static void copy_on(struct client *c)
{
        while (c->chunks > 0) {
                if (!send_rest(c, &chunk)) {
                        watch_writes(c, true);
                        return;
                }
                if (measuring)
                        seen.bytes += buf_len(&chunk);
                c->rest = buf_len(&chunk);
                c->chunks--;
        }
        watch_writes(c, false);
        c->rest = buf_len(&copy_done);
        if (!send_rest(c, &copy_done))
                die("a socket that took all data has no room for its end");
}

static void begin(struct client *c)
{
        request_draw(&request);
        c->working = true;
        c->began = now_ns();
        c->turn = seen.answers;
        c->rest = buf_len(&request);
        if (!send_rest(c, &request))
                die("a request does not fit an empty socket");
}

static uint32_t *more_room(uint32_t *values)
{
        values = realloc(values, seen.room * sizeof *values);
        if (values == NULL)
                die("no memory");
        return values;
}

static void finish(struct client *c)
{
        if (measuring) {
                if (seen.count == seen.room) {
                        seen.room = seen.room * 2 + 65536;
                        seen.latencies = more_room(seen.latencies);
                        seen.turns = more_room(seen.turns);
                }
                seen.turns[seen.count] = (uint32_t)(seen.answers - c->turn);
                seen.latencies[seen.count++] = (uint32_t)((now_ns() - c->began) / 100);
        }
        seen.answers++;
        c->working = false;
        if (running)
                begin(c);
}

static void on_readable(struct client *c)
{
        static uint8_t bytes[ROOM];

        do {
                ssize_t n = channel_read(&c->channel, bytes, sizeof bytes);
                const uint8_t *at = bytes, *end = bytes + n;
                char type;

                if (n == 0)
                        die("a connection broke");
                if (n < 0)
                        return;
                if (measuring)
                        seen.bytes += (uint64_t)n;
                while ((type = frames_step(&c->frames, &at, end)) != 0) {
                        if (type == 'E')
                                die("an error: %.*s", (int)(end - bytes), (const char *)bytes);
                        if (type == 'G') {
                                c->chunks = opt.kib * 1024 / (unsigned)buf_len(&chunk);
                                c->rest = buf_len(&chunk);
                                copy_on(c);
                        } else if (type == 'Z') {
                                finish(c);
                        }
                }
        } while (channel_has_more(&c->channel));
}

/* ---- all of them ---- */

/* Runs the loop until `deadline`, or until nobody works. */
static void run_until(uint64_t deadline, bool drain)
{
        struct epoll_event events[EVENTS];
        uint64_t now;

        while ((now = now_ns()) < deadline) {
                int n = epoll_wait(loop, events, EVENTS, (int)((deadline - now) / 1000000) + 1);
                bool working = false;

                for (int i = 0; i < n; i++) {
                        struct client *c = events[i].data.ptr;

                        if (events[i].events & EPOLLOUT)
                                copy_on(c);
                        if (events[i].events & ~(uint32_t)EPOLLOUT)
                                on_readable(c);
                }
                for (unsigned i = 0; drain && !working && i < opt.clients; i++)
                        working = clients[i].working;
                if (drain && !working)
                        return;
        }
        if (drain)
                die("clients still waited for an answer when all was over");
}

static struct channel connect_one(unsigned number)
{
        opt.target.from.s_addr = number < FROM_ADDRESS ? 0 : htonl(INADDR_LOOPBACK + number / FROM_ADDRESS);
        return channel_open(&opt.target, NULL);
}

/* Says something and reads up to ReadyForQuery, blocking. */
static void ask(struct channel *c, const struct buf *what)
{
        uint8_t bytes[4096];
        struct frames frames = {0};

        if (channel_write(c, buf_data(what), buf_len(what)) != (ssize_t)buf_len(what))
                die("a connection broke");
        for (;;) {
                ssize_t n = channel_read(c, bytes, sizeof bytes);
                const uint8_t *at = bytes, *end = bytes + n;
                char type;

                if (n <= 0)
                        die("a connection broke");
                while ((type = frames_step(&frames, &at, end)) != 0) {
                        if (type == 'E')
                                die("an error: %.*s", (int)(end - bytes), (const char *)bytes);
                        if (type == 'Z')
                                return;
                }
        }
}

static void connect_clients(void)
{
        struct buf prepare = request_prepare();

        clients = calloc(opt.clients, sizeof *clients);
        if (clients == NULL)
                die("no memory");
        for (unsigned i = 0; i < opt.clients; i++) {
                struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};

                clients[i].channel = connect_one(i);
                if (strcmp(opt.mode, "prepared") == 0)
                        ask(&clients[i].channel, &prepare);
                channel_unblock(&clients[i].channel);
                epoll_ctl(loop, EPOLL_CTL_ADD, clients[i].channel.fd, &event);
        }
        buf_release(&prepare);
}

/* Returns the bytes that the watched have grown by for each of the idle. */
static double connect_idle(void)
{
        struct buf one = request_query("SELECT 1");
        uint64_t before = watch_memory(&opt.watch);
        struct channel *idle = calloc(opt.idle + 1, sizeof *idle);

        if (idle == NULL)
                die("no memory");
        for (unsigned i = 0; i < opt.idle; i++) {
                idle[i] = connect_one(opt.clients + i);
                ask(&idle[i], &one);
        }
        free(idle); /* their sockets stay */
        buf_release(&one);
        if (opt.idle == 0)
                return 0;
        sleep(2); /* some free their buffers a little later */
        return ((double)watch_memory(&opt.watch) - (double)before) / opt.idle;
}

/* ---- what is told ---- */

static int by_size(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

/* Of sorted values. */
static double percentile(const uint32_t *values, double share)
{
        size_t at = (size_t)(share * (double)seen.count);

        if (seen.count == 0)
                return 0;
        return values[at < seen.count ? at : seen.count - 1];
}

static double latency_us(double share)
{
        return percentile(seen.latencies, share) / 10.0;
}

static void report(double seconds, uint64_t cpu_ns, double idle_bytes)
{
        double queries = (double)seen.count * (opt.sql == NULL ? opt.pipeline : 1);

        qsort(seen.latencies, seen.count, sizeof *seen.latencies, by_size);
        qsort(seen.turns, seen.count, sizeof *seen.turns, by_size);
        printf(
            "{\"seconds\": %.3f, \"transactions\": %zu, \"queries\": %.0f, \"bytes\": %" PRIu64
            ", \"cpu_s\": %.6f, \"idle_bytes\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, "
            "\"max_us\": %.1f, \"p50_turns\": %.0f, \"max_turns\": %.0f}\n",
            seconds, seen.count, queries, seen.bytes, (double)cpu_ns / 1e9, idle_bytes, latency_us(0.5),
            latency_us(0.99), latency_us(0.999), latency_us(1), percentile(seen.turns, 0.5),
            percentile(seen.turns, 1));
}

static void set_option(const char *name, const char *value)
{
        if (strcmp(name, "clients") == 0)
                opt.clients = (unsigned)atoi(value);
        else if (strcmp(name, "seconds") == 0)
                opt.seconds = atof(value);
        else if (strcmp(name, "warm") == 0)
                opt.warm = atof(value);
        else if (strcmp(name, "mode") == 0)
                opt.mode = value;
        else if (strcmp(name, "pipeline") == 0)
                opt.pipeline = (unsigned)atoi(value);
        else if (strcmp(name, "sql") == 0)
                opt.sql = value;
        else if (strcmp(name, "kib") == 0)
                opt.kib = (unsigned)atoi(value);
        else if (strcmp(name, "idle") == 0)
                opt.idle = (unsigned)atoi(value);
        else if (strcmp(name, "watch") == 0)
                opt.watch = watch_parse(value);
        else if (strcmp(name, "tls") == 0)
                opt.tls = atoi(value) != 0;
        else if (strcmp(name, "user") == 0)
                opt.target.user = value;
        else if (strcmp(name, "database") == 0)
                opt.target.database = value;
        else
                die("there is no option %s", name);
}

int main(int argc, char **argv)
{
        uint64_t start, cpu;
        double idle_bytes;

        if (argc < 2 || argc % 2 != 0)
                die("usage: load PORT [OPTION VALUE]...");
        opt.target.port = (uint16_t)atoi(argv[1]);
        for (int i = 2; i < argc; i += 2)
                set_option(argv[i], argv[i + 1]);
        if (opt.pipeline < 1 || opt.pipeline > PIPELINE_MAX)
                die("a pipeline has 1 to %d queries", PIPELINE_MAX);
        if (!files_allow(opt.clients + opt.idle + 100))
                die("too few files may be open for %u clients", opt.clients + opt.idle);
        if (opt.tls) {
                opt.target.tls = SSL_CTX_new(TLS_client_method());
                SSL_CTX_set_read_ahead(opt.target.tls, 1);
        }
        loop = epoll_create1(EPOLL_CLOEXEC);
        request = request_new(opt.mode, opt.sql, opt.pipeline);
        chunk = request_chunk();
        copy_done = request_copy_done();
        connect_clients();
        idle_bytes = connect_idle();
        running = true;
        for (unsigned i = 0; i < opt.clients; i++)
                begin(&clients[i]);
        run_until(now_ns() + (uint64_t)(opt.warm * 1e9), false);
        measuring = true;
        start = now_ns();
        cpu = watch_cpu_ns(&opt.watch);
        run_until(start + (uint64_t)(opt.seconds * 1e9), false);
        cpu = watch_cpu_ns(&opt.watch) - cpu;
        start = now_ns() - start;
        running = measuring = false;
        run_until(now_ns() + 30000000000, true);
        report((double)start / 1e9, cpu, idle_bytes);
        return 0;
}

#include "net/stream.h"

#include "base/check.h"
#include "net/no_room.h"
#include "net/traces.h"
#include "net/turns.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BULK = 3 << 20 };

struct end {
        struct stream stream;
        struct loop loop, other;
        int peer;
        int readable, drained, broken, on_other;
        bool close_when_drained, read_all;
        uint8_t *got; /* what the peer has read */
        size_t got_n;
};

static void on_event(struct stream *s, enum stream_event event)
{
        struct end *e = list_item(s, struct end, stream);
        char scrap[4096];
        size_t n;

        switch (event) {
        case STREAM_READABLE:
                e->readable++;
                if (e->read_all)
                        (void)!stream_read(s, scrap, sizeof(scrap), &n);
                return;
        case STREAM_DRAINED:
                e->drained++;
                if (e->close_when_drained)
                        stream_close(s);
                return;
        case STREAM_BROKEN: e->broken++; return;
        case STREAM_SECURED: UNIT_ASSERT(!"no TLS here"); return;
        }
}

static void on_other(struct stream *s, enum stream_event event)
{
        list_item(s, struct end, stream)->on_other++;
        on_event(s, event);
}

static void end_init(struct end *e)
{
        int fds[2], small = 8192;

        *e = (struct end){.read_all = true};
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
        loop_init(&e->loop, NULL);
        loop_init(&e->other, NULL);
        e->peer = fds[1];
        e->got = malloc(2 * BULK);
        stream_open(&e->stream, &e->loop, fds[0], on_event);
}

static void end_fini(struct end *e)
{
        stream_close(&e->stream);
        stream_close(&e->stream); /* harmless */
        if (e->peer >= 0)
                close(e->peer);
        free(e->got);
        loop_fini(&e->loop);
        loop_fini(&e->other);
}

/* The peer takes what there is; true when the stream has nothing left. */
static bool peer_reads(void *arg)
{
        struct end *e = arg;
        ssize_t n;

        while (e->got_n < 2 * BULK && (n = recv(e->peer, e->got + e->got_n, 2 * BULK - e->got_n, 0)) > 0)
                e->got_n += (size_t)n;
        return e->drained > 0;
}

static uint8_t *pattern(size_t n)
{
        uint8_t *p = malloc(n);

        for (size_t i = 0; i < n; i++)
                p[i] = (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
        return p;
}

static void sends_at_once_what_fits(void)
{
        struct end e;
        char got[16] = {0};
        struct iovec parts[] = {{"one ", 4}, {"", 0}, {"two", 3}};

        end_init(&e);
        UNIT_ASSERT(stream_sendv(&e.stream, parts, 3) == STATUS_OK);
        UNIT_ASSERT(stream_send(&e.stream, "!", 1) == STATUS_OK);
        UNIT_ASSERT(recv(e.peer, got, sizeof(got), 0) == 8 && memcmp(got, "one two!", 8) == 0);
        UNIT_ASSERT(stream_unsent(&e.stream) == 0 && e.stream.out.bytes == NULL && !e.stream.writing);
        turns_for(&e.loop, 20);
        UNIT_ASSERT(e.drained == 0);
        end_fini(&e);
}

/* Sent in pieces of many sizes through a small socket: all arrives, in order, and DRAINED comes once. */
static void queues_the_rest_in_order(void)
{
        struct end e;
        uint8_t *bytes = pattern(BULK);
        size_t at = 0, piece = 1;

        end_init(&e);
        while (at < BULK) {
                struct iovec parts[3];
                int count = 0;

                for (; count < 3 && at < BULK; count++) {
                        size_t n = BULK - at < piece ? BULK - at : piece;

                        parts[count] = (struct iovec){bytes + at, n};
                        at += n;
                        piece = piece * 5 % 30011 + 1;
                }
                UNIT_ASSERT(stream_sendv(&e.stream, parts, count) == STATUS_OK);
                /* Room in the kernel again: what is queued goes first all the same. */
                if (at > BULK / 2 && e.got_n == 0)
                        (void)peer_reads(&e);
        }
        UNIT_ASSERT(stream_unsent(&e.stream) > BULK / 2 && e.stream.writing);
        UNIT_ASSERT(turns_till(&e.loop, peer_reads, &e));
        (void)peer_reads(&e);
        UNIT_ASSERT(e.got_n == BULK && memcmp(e.got, bytes, BULK) == 0);
        UNIT_ASSERT(e.drained == 1 && e.broken == 0 && stream_unsent(&e.stream) == 0);
        UNIT_ASSERT(e.stream.out.bytes == NULL && !e.stream.writing);
        turns_for(&e.loop, 20);
        UNIT_ASSERT(e.drained == 1);
        free(bytes);
        end_fini(&e);
}

static void sends_and_frees_a_buf(void)
{
        struct end e;
        struct buf b = {0};
        char got[16];

        end_init(&e);
        UNIT_ASSERT(stream_send_buf(&e.stream, &b) == STATUS_OK);
        UNIT_ASSERT(buf_append(&b, "xhello", 6, 100) == STATUS_OK);
        buf_consume(&b, 1);
        UNIT_ASSERT(stream_send_buf(&e.stream, &b) == STATUS_OK && b.bytes == NULL);
        UNIT_ASSERT(recv(e.peer, got, sizeof(got), 0) == 5 && memcmp(got, "hello", 5) == 0);
        end_fini(&e);
}

/* What has come is not kept. */
static bool peer_forgets(void *arg)
{
        struct end *e = arg;
        static uint8_t scrap[65536];
        ssize_t n;

        while ((n = recv(e->peer, scrap, sizeof(scrap), 0)) > 0)
                explicit_bzero(scrap, (size_t)n);
        return buf_len(&e->stream.out) == 0;
}

/* A password leaves no copy in our memory, whether the kernel takes it at once or it has to wait, and whether
 * or not the buf has grown meanwhile. */
static void leaves_no_secret_behind(void)
{
        static const struct {
                const char *name;
                bool secret, waits, grows;
        } rows[] = {
            {"one that is none", false, false, false},  {"at once", true, false, false},
            {"in two buffers", true, false, true},      {"after waiting", true, true, false},
            {"grown, after waiting", true, true, true},
        };
        static uint8_t filling[1 << 20];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct trace trace = trace_new();
                struct buf b = {.secret = rows[i].secret};
                uint8_t secret[TRACE_SIZE];
                struct end e;

                unit_row("%s", rows[i].name);
                end_init(&e);
                if (rows[i].waits)
                        UNIT_ASSERT(stream_send(&e.stream, filling, sizeof(filling)) == STATUS_OK);
                trace_open(&trace, secret);
                UNIT_ASSERT(buf_append(&b, secret, sizeof(secret), 1 << 20) == STATUS_OK);
                explicit_bzero(secret, sizeof(secret));
                if (rows[i].grows)
                        UNIT_ASSERT(buf_append(&b, filling, 4000, 1 << 20) == STATUS_OK);
                UNIT_ASSERT(stream_send_buf(&e.stream, &b) == STATUS_OK);
                UNIT_ASSERT((stream_unsent(&e.stream) > 0) == rows[i].waits);
                UNIT_ASSERT(turns_till(&e.loop, peer_forgets, &e));
                UNIT_ASSERT(trace_is_left(&trace) == !rows[i].secret);
                UNIT_ASSERT(!e.stream.out.secret);
                end_fini(&e);
        }
}

static void reads_what_is_there(void)
{
        struct end e;
        char got[4];
        size_t n = 9;

        end_init(&e);
        UNIT_ASSERT(stream_read(&e.stream, got, sizeof(got), &n) == STATUS_AGAIN && n == 0);
        UNIT_ASSERT(send(e.peer, "abcdef", 6, 0) == 6);
        UNIT_ASSERT(stream_read(&e.stream, got, sizeof(got), &n) == STATUS_OK && n == 4);
        UNIT_ASSERT(stream_read(&e.stream, got, sizeof(got), &n) == STATUS_OK && n == 2);
        close(e.peer);
        e.peer = -1;
        UNIT_ASSERT(stream_read(&e.stream, got, sizeof(got), &n) == STATUS_EOF && n == 0);
        stream_close(&e.stream);
        UNIT_ASSERT(stream_read(&e.stream, got, sizeof(got), &n) == STATUS_EOF);
        end_fini(&e);
}

static void a_gone_peer_breaks_it_once(void)
{
        struct end e;

        end_init(&e);
        close(e.peer);
        e.peer = -1;
        UNIT_ASSERT(stream_send(&e.stream, "x", 1) == STATUS_IO && e.stream.broken);
        UNIT_ASSERT(stream_send(&e.stream, "x", 1) == STATUS_IO);
        UNIT_ASSERT(stream_unsent(&e.stream) == 0 && e.broken == 0); /* the caller knows already */
        end_fini(&e);
}

static bool is_broken(void *arg)
{
        return ((struct end *)arg)->broken > 0;
}

static void a_peer_that_goes_while_bytes_wait_is_told(void)
{
        struct end e;
        uint8_t *bytes = pattern(BULK);

        end_init(&e);
        e.read_all = false;
        stream_want_read(&e.stream, false);
        UNIT_ASSERT(stream_send(&e.stream, bytes, BULK) == STATUS_OK);
        close(e.peer);
        e.peer = -1;
        UNIT_ASSERT(turns_till(&e.loop, is_broken, &e));
        turns_for(&e.loop, 20);
        UNIT_ASSERT(e.broken == 1 && e.drained == 0 && e.stream.broken);
        UNIT_ASSERT(stream_unsent(&e.stream) == 0 && stream_send(&e.stream, "x", 1) == STATUS_IO);
        free(bytes);
        end_fini(&e);
}

static bool is_readable(void *arg)
{
        return ((struct end *)arg)->readable > 0;
}

static void is_told_of_bytes_only_when_it_wants(void)
{
        struct end e;

        end_init(&e);
        stream_want_read(&e.stream, false);
        UNIT_ASSERT(send(e.peer, "x", 1, 0) == 1);
        turns_for(&e.loop, 30);
        UNIT_ASSERT(e.readable == 0);
        stream_want_read(&e.stream, true);
        UNIT_ASSERT(turns_till(&e.loop, is_readable, &e));
        stream_close(&e.stream);
        stream_want_read(&e.stream, false);
        stream_want_read(&e.stream, true);
        UNIT_ASSERT(e.stream.fd == -1);
        end_fini(&e);
}

static void nothing_comes_after_closing_in_a_callback(void)
{
        struct end e;
        uint8_t *bytes = pattern(BULK);

        end_init(&e);
        e.close_when_drained = true;
        UNIT_ASSERT(stream_send(&e.stream, bytes, BULK) == STATUS_OK);
        stream_want_read(&e.stream, false);
        UNIT_ASSERT(send(e.peer, "x", 1, 0) == 1);
        /* Everything is taken before the loop turns, so that it is writable and readable in one turn. */
        while (stream_unsent(&e.stream) > 65536) {
                (void)peer_reads(&e);
                turns_for(&e.loop, 1);
        }
        stream_want_read(&e.stream, true);
        UNIT_ASSERT(turns_till(&e.loop, peer_reads, &e));
        UNIT_ASSERT(e.stream.fd == -1);
        e.readable = 0;
        turns_for(&e.loop, 20);
        UNIT_ASSERT(e.readable == 0 && e.drained == 1);
        free(bytes);
        end_fini(&e);
}

static void moves_to_another_loop_with_what_is_unsent(void)
{
        struct end e;
        uint8_t *bytes = pattern(BULK);

        end_init(&e);
        UNIT_ASSERT(stream_send(&e.stream, bytes, BULK) == STATUS_OK);
        stream_detach(&e.stream);
        UNIT_ASSERT(send(e.peer, "x", 1, 0) == 1);
        (void)peer_reads(&e);
        turns_for(&e.loop, 20);
        UNIT_ASSERT(e.readable == 0 && e.drained == 0 && e.got_n < BULK);
        stream_attach(&e.stream, &e.other, on_other);
        turns_for(&e.loop, 20);
        UNIT_ASSERT(e.on_other == 0);
        UNIT_ASSERT(turns_till(&e.other, peer_reads, &e));
        (void)peer_reads(&e);
        UNIT_ASSERT(turns_till(&e.other, is_readable, &e));
        UNIT_ASSERT(e.got_n == BULK && memcmp(e.got, bytes, BULK) == 0 && e.on_other >= 2);
        free(bytes);
        end_fini(&e);
}

/* Who reads is given all that came, then the end, as if the peer had gone; the peer meets the end too. */
static void ends_when_it_cannot_be_watched(void)
{
        struct end e;
        char got[4];
        size_t n;

        end_init(&e);
        e.read_all = false;
        stream_want_read(&e.stream, false);
        UNIT_ASSERT(send(e.peer, "abcdef", 6, 0) == 6);
        no_room = true;
        stream_want_read(&e.stream, true);
        UNIT_ASSERT(e.readable == 0); /* not from inside of the call */
        UNIT_ASSERT(turns_till(&e.loop, is_readable, &e));
        UNIT_ASSERT(stream_read(&e.stream, got, sizeof(got), &n) == STATUS_OK && n == 4);
        e.readable = 0;
        UNIT_ASSERT(turns_till(&e.loop, is_readable, &e));
        UNIT_ASSERT(stream_read(&e.stream, got, sizeof(got), &n) == STATUS_OK && n == 2);
        e.readable = 0;
        UNIT_ASSERT(turns_till(&e.loop, is_readable, &e));
        UNIT_ASSERT(stream_read(&e.stream, got, sizeof(got), &n) == STATUS_EOF);
        UNIT_ASSERT(stream_send(&e.stream, "x", 1) == STATUS_IO && recv(e.peer, got, sizeof(got), 0) == 0);
        stream_close(&e.stream);
        e.readable = 0;
        turns_for(&e.loop, 20);
        UNIT_ASSERT(e.readable == 0 && e.broken == 0);
        no_room = false;
        end_fini(&e);
}

/* Who only writes hears that it is broken. */
static void breaks_when_it_cannot_be_watched_for_writing(void)
{
        struct end e;
        uint8_t *bytes = pattern(BULK);

        end_init(&e);
        stream_want_read(&e.stream, false);
        no_room = true;
        UNIT_ASSERT(stream_send(&e.stream, bytes, BULK) == STATUS_OK);
        UNIT_ASSERT(turns_till(&e.loop, is_broken, &e));
        no_room = false;
        turns_for(&e.loop, 20);
        UNIT_ASSERT(e.broken == 1 && e.drained == 0 && stream_unsent(&e.stream) == 0);
        free(bytes);
        end_fini(&e);
}

UNIT_SUITE(net_stream, UNIT_CASE(sends_at_once_what_fits), UNIT_CASE(queues_the_rest_in_order),
           UNIT_CASE(sends_and_frees_a_buf), UNIT_CASE(leaves_no_secret_behind),
           UNIT_CASE(reads_what_is_there), UNIT_CASE(a_gone_peer_breaks_it_once),
           UNIT_CASE(a_peer_that_goes_while_bytes_wait_is_told),
           UNIT_CASE(is_told_of_bytes_only_when_it_wants),
           UNIT_CASE(nothing_comes_after_closing_in_a_callback),
           UNIT_CASE(moves_to_another_loop_with_what_is_unsent), UNIT_CASE(ends_when_it_cannot_be_watched),
           UNIT_CASE(breaks_when_it_cannot_be_watched_for_writing))

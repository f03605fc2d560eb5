#include "net/stream.h"

#include "base/check.h"

#include <errno.h>
#include <event2/event.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

/* Callers stop reading from one side while the other side's bytes are unsent, so this is never met by a peer
 * that is slow, only by a bug or by one huge batch. */
enum { STREAM_OUT_LIMIT = 64 << 20 };

static enum status plain_read(struct stream *s, void *out, size_t n, size_t *done)
{
        ssize_t r;

        do
                r = recv(s->fd, out, n, 0);
        while (r < 0 && errno == EINTR);
        if (r > 0) {
                *done = (size_t)r;
                return STATUS_OK;
        }
        if (r == 0)
                return STATUS_EOF;
        return errno == EAGAIN ? STATUS_AGAIN : STATUS_IO;
}

static ssize_t send_parts(int fd, const struct iovec *parts, int count)
{
        struct msghdr head = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)count};

        return sendmsg(fd, &head, MSG_NOSIGNAL);
}

static enum status plain_writev(struct stream *s, const struct iovec *parts, int count, size_t *done)
{
        ssize_t r;

        do
                r = count == 1 ? send(s->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL)
                               : send_parts(s->fd, parts, count);
        while (r < 0 && errno == EINTR);
        if (r >= 0) {
                *done = (size_t)r;
                return STATUS_OK;
        }
        return errno == EAGAIN ? STATUS_AGAIN : STATUS_IO;
}

static void plain_close(struct stream *s)
{
        (void)s;
}

static bool plain_pending(const struct stream *s)
{
        (void)s;
        return false;
}

static const struct transport plain = {
    .read = plain_read, .writev = plain_writev, .pending = plain_pending, .close = plain_close};

static void on_ready(evutil_socket_t fd, short what, void *arg);

static short wanted(const struct stream *s)
{
        bool read = s->reading && !s->held && !s->read_blocked, write = s->writing || s->read_blocked;

        return (short)((read ? EV_READ : 0) | (write ? EV_WRITE : 0));
}

static void on_unwatched(evutil_socket_t fd, short what, void *arg)
{
        struct timeval next_turn = {0, 0};
        struct stream *s = arg;

        (void)fd;
        (void)what;
        s->broken = true;
        (void)shutdown(s->fd, SHUT_RDWR);
        CHECK(event_add(&s->event, &next_turn) == 0); /* until the owner has read all that came */
        on_ready(s->fd, wanted(s), s);
}

/* One libevent event per stream, re-made only when the interest changes. The kernel may have no memory for
 * it: then the connection is ended, and its owner meets that where it meets a peer's end. */
static void watch(struct stream *s)
{
        struct timeval next_turn = {0, 0};
        short what = wanted(s);

        if (event_initialized(&s->event))
                event_del(&s->event);
        if (what == 0)
                return;
        CHECK(event_assign(&s->event, s->loop->base, s->fd, (short)(what | EV_PERSIST), on_ready, s) == 0);
        if (event_add(&s->event, NULL) != 0) {
                CHECK(event_assign(&s->event, s->loop->base, -1, EV_TIMEOUT, on_unwatched, s) == 0);
                CHECK(event_add(&s->event, &next_turn) == 0);
                return;
        }
        stream_look(s);
}

static bool reads(const struct stream *s)
{
        return s->reading && !s->held && !s->read_blocked && event_initialized(&s->event);
}

static void on_nudge(struct nudge *nudge)
{
        struct stream *s = list_item(nudge, struct stream_look, nudge)->stream;

        if (reads(s))
                event_active(&s->event, EV_READ, 0);
}

void stream_look(struct stream *s)
{
        /* In a handshake who connects speaks first, and who accepts may hold bytes that were read before. */
        if (!reads(s) || !(s->securing || s->transport->pending(s)))
                return;
        s->look->stream = s;
        loop_nudge(s->loop, &s->look->nudge, on_nudge);
}

static void set_writing(struct stream *s, bool writing)
{
        if (s->writing != writing) {
                s->writing = writing;
                watch(s);
        }
}

/* The socket may live on (ENOBUFS, or memory was out): its owner hears of the end where he reads, after what
 * is still to be read, and the peer does too. */
static enum status mark_broken(struct stream *s)
{
        s->broken = true;
        (void)shutdown(s->fd, SHUT_RDWR);
        buf_release(&s->out);
        set_writing(s, false);
        return STATUS_IO;
}

static void flush(struct stream *s)
{
        while (buf_len(&s->out) > 0) {
                struct iovec part = {s->out.bytes + s->out.head, buf_len(&s->out)};
                size_t done = 0;
                enum status status = s->transport->writev(s, &part, 1, &done);

                if (status == STATUS_AGAIN)
                        return;
                if (status != STATUS_OK) {
                        mark_broken(s);
                        s->on_event(s, STREAM_BROKEN);
                        return;
                }
                buf_consume(&s->out, done);
        }
        buf_release(&s->out);
        set_writing(s, false);
        s->on_event(s, STREAM_DRAINED);
}

static void set_read_blocked(struct stream *s, bool blocked)
{
        if (s->read_blocked != blocked) {
                s->read_blocked = blocked;
                watch(s);
        }
}

static void shake_hands(struct stream *s)
{
        bool was_blocked = s->read_blocked;
        enum status status;

        s->read_blocked = false;
        status = s->transport->handshake(s);
        if (s->read_blocked != was_blocked)
                watch(s);
        if (status == STATUS_AGAIN)
                return;
        s->securing = false;
        if (status == STATUS_OK) {
                stream_look(s);
                s->on_event(s, STREAM_SECURED);
                return;
        }
        mark_broken(s);
        s->on_event(s, STREAM_BROKEN);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
        struct stream *s = arg;

        (void)fd;
        if (s->securing) {
                shake_hands(s);
                return;
        }
        if ((what & EV_WRITE) != 0 && s->read_blocked) {
                set_read_blocked(s, false);
                if (s->reading) {
                        s->on_event(s, STREAM_READABLE);
                        return;
                }
        }
        if ((what & EV_WRITE) != 0 && s->writing)
                flush(s); /* its callback may have closed the stream, or sent it to another thread */
        else if ((what & EV_READ) != 0)
                s->on_event(s, STREAM_READABLE);
}

void stream_open(struct stream *s, struct loop *loop, int fd,
                 void (*on_event)(struct stream *s, enum stream_event event))
{
        *s = (struct stream){.fd = fd, .transport = &plain};
        s->reading = true;
        stream_attach(s, loop, on_event);
}

void stream_close(struct stream *s)
{
        if (s->fd < 0)
                return;
        stream_detach(s);
        s->transport->close(s);
        s->look = NULL;
        close(s->fd);
        s->fd = -1;
        s->broken = true;
        buf_release(&s->out);
}

void stream_detach(struct stream *s)
{
        if (s->look != NULL)
                loop_unnudge(&s->look->nudge);
        if (event_initialized(&s->event))
                event_del(&s->event);
        s->event = (struct event){0}; /* it knows its old loop, which the next owner must not touch */
        s->loop = NULL;
}

void stream_attach(struct stream *s, struct loop *loop,
                   void (*on_event)(struct stream *s, enum stream_event event))
{
        s->loop = loop;
        s->on_event = on_event;
        watch(s);
}

void stream_want_read(struct stream *s, bool wanted)
{
        if (s->fd >= 0 && s->reading != wanted) {
                s->reading = wanted;
                watch(s);
        }
}

void stream_hold(struct stream *s, bool held)
{
        if (s->fd >= 0 && s->held != held) {
                s->held = held;
                if (s->reading && s->loop != NULL)
                        watch(s);
        }
}

uint64_t stream_next_id(void)
{
        static _Atomic uint64_t last;

        return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

enum status stream_read(struct stream *s, void *out, size_t n, size_t *done)
{
        enum status status;

        *done = 0;
        if (s->fd < 0)
                return STATUS_EOF;
        status = s->transport->read(s, out, n, done);
        if (s->read_blocked)
                watch(s);
        return status;
}

void stream_secure(struct stream *s, const struct transport *transport, struct stream_look *look)
{
        CHECK(buf_len(&s->out) == 0 && !s->securing);
        s->transport = transport;
        s->look = look;
        s->securing = true;
        if (s->reading)
                stream_look(s);
        else
                stream_want_read(s, true);
}

static enum status queue_rest(struct stream *s, const struct iovec *parts, int count, size_t skip)
{
        for (int i = 0; i < count; i++) {
                size_t n = parts[i].iov_len;

                if (skip >= n) {
                        skip -= n;
                        continue;
                }
                if (buf_append(&s->out, (const uint8_t *)parts[i].iov_base + skip, n - skip,
                               STREAM_OUT_LIMIT) != STATUS_OK)
                        return mark_broken(s);
                skip = 0;
        }
        if (buf_len(&s->out) > 0)
                set_writing(s, true);
        return STATUS_OK;
}

enum status stream_sendv(struct stream *s, const struct iovec *parts, int count)
{
        size_t done = 0;

        if (s->broken || s->securing)
                return STATUS_IO; /* nothing can be said in the middle of a handshake */
        if (buf_len(&s->out) == 0) {
                enum status status = s->transport->writev(s, parts, count, &done);

                if (status == STATUS_IO)
                        return mark_broken(s);
        }
        return queue_rest(s, parts, count, done);
}

enum status stream_send(struct stream *s, const void *bytes, size_t n)
{
        struct iovec part = {(void *)(uintptr_t)bytes, n};

        return stream_sendv(s, &part, 1);
}

enum status stream_send_buf(struct stream *s, struct buf *b)
{
        enum status status;

        if (b->lost) {
                buf_release(b);
                return mark_broken(s);
        }
        s->out.secret = s->out.secret || b->secret;
        status = buf_len(b) == 0 ? STATUS_OK : stream_send(s, buf_data(b), buf_len(b));
        if (s->out.secret && buf_len(&s->out) == 0)
                buf_release(&s->out);
        buf_release(b);
        return status;
}

/* stream: a connected socket on a loop: reads into the caller's memory, writes at once and keeps only what
 * the kernel did not take. TLS is put under it by secure_start (net/secure.h).
 *
 *     readable --> callback(STREAM_READABLE) --> stream_read(...)        an idle stream owns no buffer
 *     stream_send --> kernel, rest --> out --> callback(STREAM_DRAINED) when the rest has left
 *
 * One owner, one thread; stream_detach and stream_attach move it to another loop. Interest in reading stays
 * registered, so a transaction costs no epoll_ctl. After STREAM_READABLE the callback must read or pause. */
#pragma once

#include "base/buf.h"
#include "net/loop.h"

#include <event2/event_struct.h>
#include <sys/uio.h>

enum stream_event {
        STREAM_READABLE,
        STREAM_DRAINED, /* everything that was queued has been written */
        STREAM_BROKEN,  /* writing or the TLS handshake failed; the stream is of no use any more */
        STREAM_SECURED, /* the TLS handshake is over: bytes may flow */
};

struct stream;

/* The way bytes cross: a plain socket, or TLS. read and writev return STATUS_OK with *done > 0, STATUS_AGAIN,
 * STATUS_EOF (read only) or STATUS_IO with errno. A transport that cannot read on before it has written sets
 * read_blocked. */
struct transport {
        enum status (*read)(struct stream *s, void *out, size_t n, size_t *done);
        enum status (*writev)(struct stream *s, const struct iovec *parts, int count, size_t *done);
        bool (*pending)(const struct stream *s);    /* it holds bytes that the socket does not show */
        enum status (*handshake)(struct stream *s); /* OK: over; AGAIN; else failed */
        void (*close)(struct stream *s);
};

/* To read what a transport holds and the socket does not show. */
struct stream_look {
        struct nudge nudge;
        struct stream *stream;
};

struct stream {
        int fd;       /* -1: closed */
        bool reading; /* reads are wanted */
        bool writing; /* waiting for writability */
        bool held;    /* nothing is read, whatever `reading` says: stream_hold */
        bool broken;
        bool securing;     /* the handshake is under way */
        bool read_blocked; /* reading goes on once the socket can be written to */
        const struct transport *transport;
        struct secure *session;   /* of TLS (net/secure.h); NULL for plain */
        struct stream_look *look; /* of TLS; NULL for plain */
        struct loop *loop;
        void (*on_event)(struct stream *s, enum stream_event event);
        struct buf out; /* accepted, not yet written */
        struct event event;
};

/* Takes over a connected, non-blocking `fd`. Reading is wanted from the start. */
void stream_open(struct stream *s, struct loop *loop, int fd,
                 void (*on_event)(struct stream *s, enum stream_event event));

/* Closes the socket, drops unsent bytes. Harmless on a closed stream. */
void stream_close(struct stream *s);

/* Reads once, at most `n` bytes. STATUS_OK: *done > 0 bytes; else as struct transport. */
MUST_USE enum status stream_read(struct stream *s, void *out, size_t n, size_t *done);

/* Accepts all bytes: writes what the kernel takes now and queues a copy of the rest, in order. STATUS_IO: the
 * peer is gone or memory is out; the stream is then broken. */
MUST_USE enum status stream_sendv(struct stream *s, const struct iovec *parts, int count);
MUST_USE enum status stream_send(struct stream *s, const void *bytes, size_t n);

/* Sends the whole of `b` and releases it; one that is not whole for want of memory breaks the stream. Of a
 * secret one nothing stays behind once it has left. */
MUST_USE enum status stream_send_buf(struct stream *s, struct buf *b);

/* Bytes accepted and not yet written. */
static inline size_t stream_unsent(const struct stream *s)
{
        return buf_len(&s->out);
}

/* Whether STREAM_READABLE is delivered. Costs a system call only when it changes. */
void stream_want_read(struct stream *s, bool wanted);

/* Suspends reading, until it is let go, without disturbing what the owner wants. */
void stream_hold(struct stream *s, bool held);

/* A number that no other connection of this process has or will have: the next one, whoever asks. Any thread.
 */
uint64_t stream_next_id(void);

/* Has `transport` do its handshake before anything else happens; its session has been set. `look`, zeroed, is
 * the session's. */
void stream_secure(struct stream *s, const struct transport *transport, struct stream_look *look);

/* Sees to it that bytes which the transport holds and the socket does not show are read: in the next turn, so
 * that one peer's plenty keeps nobody else from being heard. */
void stream_look(struct stream *s);

/* Leaves its loop, keeping socket and unsent bytes; then joins another (same or other thread). */
void stream_detach(struct stream *s);
void stream_attach(struct stream *s, struct loop *loop,
                   void (*on_event)(struct stream *s, enum stream_event event));

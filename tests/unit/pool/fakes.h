/* fakes: servers that speak just enough of PostgreSQL's protocol, with a will of their own, on a port of
 * 127.0.0.1. Driven by fakes_pump, so that a test decides when they speak; one thread. */
#pragma once

#include "base/buf.h"
#include "net/listener.h"
#include "wire/proto.h"

enum { FAKES_MAX = 64 };

struct fake {
        int fd; /* -1: closed, by whichever side */
        bool started, terminated, hang_up;
        struct buf in, out;
        char startup[512]; /* the startup packet */
        size_t startup_n;
        char query[512]; /* the text of the last Query, or the name of the last Parse */
        int queries;
};

struct fakes {
        struct listeners listeners;
        int port;
        int count; /* connections so far, at most FAKES_MAX: then closed ones are used again */
        struct fake fake[FAKES_MAX];
        const char *login; /* what answers a startup packet; NULL: a good login */
        size_t login_n;
        bool hang_up;      /* and then it closes */
        bool drop_by_drop; /* a byte at a time */
        /* Answers a message behind the startup packet; NULL: CommandComplete and ReadyForQuery for a Query.
         */
        void (*on_message)(struct fakes *fakes, struct fake *fake, const struct msg *m);
};

void fakes_init(struct fakes *f);
void fakes_fini(struct fakes *f);

/* Accepts, reads, answers. */
void fakes_pump(struct fakes *f);

/* How many connections are open. */
int fakes_open(const struct fakes *f);

void fake_say(struct fake *fake, const void *bytes, size_t n);
#define FAKE_SAY(fake, literal) fake_say(fake, literal, sizeof(literal) - 1)
void fake_close(struct fake *fake);

/* A login without a password: server_version, client_encoding, process 77, ready. */
#define FAKE_LOGIN                                                                                           \
        "R\0\0\0\10\0\0\0\0S\0\0\0\30server_version\00015.5\0S\0\0\0\31client_encoding\0UTF8\0"              \
        "K\0\0\0\14\0\0\0M\1\2\3\4Z\0\0\0\5I"
#define FAKE_ANSWER "C\0\0\0\15SELECT 1\0Z\0\0\0\5I"

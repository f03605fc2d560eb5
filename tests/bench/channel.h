/* channel: one connection of the bench's programs, plain or TLS, and the framing of what passes through it.
 * Knows trust logins only. What goes wrong ends the program: a bench that lost a connection has measured
 * nothing. */
#pragma once

#include "base/buf.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct channel {
        int fd;
        SSL *ssl; /* NULL: plain */
};

/* Where to log in, and how. */
struct target {
        uint16_t port; /* at 127.0.0.1 */
        const char *user, *database;
        SSL_CTX *tls;        /* NULL: plain */
        struct in_addr from; /* the address to come from; 0: the kernel's choice */
};

/* Connects, negotiates TLS, logs in and reads up to ReadyForQuery, all of it blocking. What the peer says
 * from AuthenticationOk on is added to `greeting`, unless that is NULL. */
struct channel channel_open(const struct target *target, struct buf *greeting);

/* Lets reads and writes return -1 with EAGAIN instead of waiting. */
void channel_unblock(struct channel *c);

/* As read(2) and send(2): the bytes that were moved, 0 at the end, -1 with errno EAGAIN. Other errors are an
 * end. */
ssize_t channel_read(struct channel *c, void *bytes, size_t n);
ssize_t channel_write(struct channel *c, const void *bytes, size_t n);

/* Whether TLS holds bytes that epoll does not know of. */
static inline bool channel_has_more(const struct channel *c)
{
        return c->ssl != NULL && SSL_has_pending(c->ssl);
}

void channel_close(struct channel *c);

/* A socket that listens at 127.0.0.1 and does not block; and the next connection from it, -1 when there is
 * none. */
int listen_at(uint16_t port);
int accept_from(int listener);

/* Raises the limit of open files as far as it goes; false when that is less than `files`. */
bool files_allow(size_t files);

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The place in a stream of messages. */
struct frames {
        uint8_t head[5];
        unsigned have; /* bytes of the head */
        uint32_t left; /* of the body, once the head is there */
};

static inline uint32_t big_endian(const uint8_t *p)
{
        uint32_t n;

        memcpy(&n, p, sizeof n);
        return __builtin_bswap32(n);
}

/* Moves *at behind the next message that ends before `end` and returns its type, or moves to `end` and
 * returns 0. */
static inline char frames_step(struct frames *f, const uint8_t **at, const uint8_t *end)
{
        uint32_t here;

        while (f->have < sizeof f->head) {
                if (*at == end)
                        return 0;
                f->head[f->have++] = *(*at)++;
                if (f->have == sizeof f->head)
                        f->left = big_endian(f->head + 1) - 4;
        }
        here = (size_t)(end - *at) < f->left ? (uint32_t)(end - *at) : f->left;
        *at += here;
        f->left -= here;
        if (f->left > 0)
                return 0;
        f->have = 0;
        return (char)f->head[0];
}

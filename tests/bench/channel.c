#include "channel.h"

#include "wire/proto.h"
#include "wire/writer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

void die(const char *format, ...)
{
        va_list values;

        va_start(values, format);
        vfprintf(stderr, format, values);
        va_end(values);
        fputc('\n', stderr);
        exit(1);
}

bool files_allow(size_t files)
{
        struct rlimit limit;

        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        return limit.rlim_cur >= files;
}

static int dial(const struct target *target)
{
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons(target->port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = target->from};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

        if (fd < 0)
                die("socket: %s", strerror(errno));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (target->from.s_addr != 0) {
                setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
                if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
                        die("bind: %s", strerror(errno));
        }
        if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
                die("connect to port %u: %s", target->port, strerror(errno));
        return fd;
}

static void write_all(struct channel *c, const void *bytes, size_t n)
{
        if (channel_write(c, bytes, n) != (ssize_t)n)
                die("a connection broke while it was logging in");
}

static void negotiate_tls(struct channel *c, SSL_CTX *tls)
{
        static const uint8_t request[8] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
        char answer = 0;

        write_all(c, request, sizeof request);
        if (channel_read(c, &answer, 1) != 1 || answer != 'S')
                die("the peer has no TLS");
        c->ssl = SSL_new(tls);
        if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 || SSL_connect(c->ssl) != 1)
                die("the TLS handshake failed");
}

static void say_hello(struct channel *c, const struct target *target)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, STARTUP_MAX);

        write_startup_begin(&w);
        write_startup_param(&w, "user", target->user);
        write_startup_param(&w, "database", target->database);
        write_startup_param(&w, "application_name", "bench");
        put_byte(&w, 0);
        msg_end(&w);
        write_all(c, buf_data(&out), buf_len(&out));
        buf_release(&out);
}

static void await_ready(struct channel *c, struct buf *greeting)
{
        uint8_t bytes[4096];
        struct frames frames = {0};

        for (;;) {
                ssize_t n = channel_read(c, bytes, sizeof bytes);
                const uint8_t *at = bytes, *end = bytes + n;
                char type;

                if (n <= 0)
                        die("the peer closed a connection that was logging in");
                if (greeting != NULL && buf_append(greeting, bytes, (size_t)n, STARTUP_MAX) != STATUS_OK)
                        die("the peer's greeting is too long");
                while ((type = frames_step(&frames, &at, end)) != 0) {
                        if (type == 'E')
                                die("the login was refused: %.*s", (int)(at - bytes), (const char *)bytes);
                        if (type == 'R' && at[-1] != 0)
                                die("the peer asks for a password; the bench knows trust only");
                        if (type == 'Z')
                                return;
                }
        }
}

struct channel channel_open(const struct target *target, struct buf *greeting)
{
        struct channel c = {dial(target), NULL};

        if (target->tls != NULL)
                negotiate_tls(&c, target->tls);
        say_hello(&c, target);
        await_ready(&c, greeting);
        return c;
}

void channel_unblock(struct channel *c)
{
        fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
}

static ssize_t tls_result(struct channel *c, int n)
{
        int error = SSL_get_error(c->ssl, n);

        if (n > 0)
                return n;
        errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
        return errno == EAGAIN ? -1 : 0;
}

ssize_t channel_read(struct channel *c, void *bytes, size_t n)
{
        ssize_t got;

        if (c->ssl != NULL)
                return tls_result(c, SSL_read(c->ssl, bytes, (int)n));
        got = recv(c->fd, bytes, n, 0);
        return got < 0 && errno != EAGAIN ? 0 : got;
}

ssize_t channel_write(struct channel *c, const void *bytes, size_t n)
{
        ssize_t put;

        if (c->ssl != NULL)
                return tls_result(c, SSL_write(c->ssl, bytes, (int)n));
        put = send(c->fd, bytes, n, MSG_NOSIGNAL);
        return put < 0 && errno != EAGAIN ? 0 : put;
}

void channel_close(struct channel *c)
{
        SSL_free(c->ssl);
        close(c->fd);
}

int listen_at(uint16_t port)
{
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0)
                die("port %u: %s", port, strerror(errno));
        return fd;
}

int accept_from(int listener)
{
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;

        if (fd >= 0)
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd;
}

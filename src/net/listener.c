#include "net/listener.h"

#include "base/check.h"
#include "base/log.h"

#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 32 };

/* A socket file that nobody listens on any more is left over from a crash: remove it. One that answers is
 * another server's. */
static void remove_stale(const struct address *address)
{
        /* Not blocking: one whose queue is full (EAGAIN) is alive, and would keep us waiting. */
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return;
        if (connect(fd, &address->u.any, address->size) != 0 && errno == ECONNREFUSED)
                (void)unlink(address->u.un.sun_path);
        close(fd);
}

static enum status open_one(struct listeners *l, const struct address *address, int backlog, int mode)
{
        int one = 1, saved, fd;
        bool file = address->u.any.sa_family == AF_UNIX && address->u.un.sun_path[0] != '\0';

        if (l->count == LISTENERS_MAX) {
                errno = 0; /* no system call's fault: see reason() */
                return STATUS_LIMIT;
        }
        fd = socket(address->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return STATUS_IO;
        if (address->u.any.sa_family != AF_UNIX)
                (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        if (address->u.any.sa_family == AF_INET6)
                (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
        if (file)
                remove_stale(address);
        if (bind(fd, &address->u.any, address->size) != 0 ||
            (file && chmod(address->u.un.sun_path, (mode_t)mode) != 0) || listen(fd, backlog) != 0) {
                saved = errno;
                close(fd);
                errno = saved;
                return STATUS_IO;
        }
        snprintf(l->paths[l->count], sizeof(l->paths[0]), "%s", file ? address->u.un.sun_path : "");
        l->fds[l->count++] = fd;
        return STATUS_OK;
}

static enum status fail(const char *host, int port, const char *why, char *message, size_t size)
{
        snprintf(message, size, "cannot listen on %s%s%d: %s", host, host[0] == '/' ? "/.s.PGSQL." : ":",
                 port, why);
        return STATUS_IO;
}

static const char *reason(int error)
{
        static const char full[] = "more than 32 sockets to listen on";

        _Static_assert(LISTENERS_MAX == 32, "the text says how many");
        return error == 0 ? full : strerrordesc_np(error);
}

/* Names, and "*". */
static enum status add_resolved(struct listeners *l, const char *host, int port, int backlog, char *message,
                                size_t size)
{
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
        bool any = strcmp(host, "*") == 0;
        char service[16];
        int error, opened = 0, saved = 0;

        snprintf(service, sizeof(service), "%d", port);
        error = getaddrinfo(any ? NULL : host, service, &hints, &list);
        if (error != 0)
                return fail(host, port, gai_strerror(error), message, size);
        for (struct addrinfo *a = list; a != NULL; a = a->ai_next) {
                struct address address = {.size = a->ai_addrlen};

                memcpy(&address.u, a->ai_addr, a->ai_addrlen);
                if (open_one(l, &address, backlog, 0) == STATUS_OK)
                        opened++;
                else if (saved == 0 || errno == EADDRINUSE)
                        saved = errno;
        }
        freeaddrinfo(list);
        /* A machine without IPv6 listens on what it has; a port that is taken is an error all the same. */
        if (opened == 0 || saved == EADDRINUSE)
                return fail(host, port, reason(saved), message, size);
        return STATUS_OK;
}

enum status listeners_add(struct listeners *l, const char *host, int port, int backlog, int mode,
                          char *message, size_t size)
{
        struct address address;

        switch (address_parse(host, port, &address)) {
        case STATUS_OK:
                if (open_one(l, &address, backlog, mode) == STATUS_OK)
                        return STATUS_OK;
                return fail(host, port, reason(errno), message, size);
        case STATUS_ABSENT: return add_resolved(l, host, port, backlog, message, size);
        case STATUS_AGAIN:
        case STATUS_EOF:
        case STATUS_IO:
        case STATUS_INVALID:
        case STATUS_LIMIT:
        case STATUS_DENIED: break;
        }
        return fail(host, port, "the path is too long for a unix socket", message, size);
}

void listeners_close(struct listeners *l)
{
        for (int i = 0; i < l->count; i++) {
                close(l->fds[i]);
                if (l->paths[i][0] != '\0')
                        (void)unlink(l->paths[i]);
        }
        l->count = 0;
}

struct watch {
        void (*accepted)(void *arg, int fd, const struct address *peer);
        void *arg;
        int count;
        struct event *events[LISTENERS_MAX];
};

static void on_connection(evutil_socket_t listening, short what, void *arg)
{
        struct watch *watch = arg;

        (void)what;
        for (int i = 0; i < ACCEPTS_A_TURN; i++) {
                struct address peer = {.size = sizeof(peer.u)};
                int fd = accept4(listening, &peer.u.any, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (fd < 0) {
                        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                                log_warning("cannot accept a connection: %s", strerrordesc_np(errno));
                        if (errno == EINTR || errno == ECONNABORTED)
                                continue;
                        return;
                }
                watch->accepted(watch->arg, fd, &peer);
        }
}

struct watch *listeners_watch(const struct listeners *l, struct loop *loop,
                              void (*accepted)(void *arg, int fd, const struct address *peer), void *arg)
{
        struct watch *watch = xcalloc(1, sizeof(*watch));

        watch->accepted = accepted;
        watch->arg = arg;
        for (int i = 0; i < l->count; i++) {
                struct event *event =
                    event_new(loop->base, l->fds[i], EV_READ | EV_PERSIST, on_connection, watch);

                CHECK(event != NULL && event_add(event, NULL) == 0);
                watch->events[watch->count++] = event;
        }
        return watch;
}

void listeners_unwatch(struct watch *watch)
{
        if (watch == NULL)
                return;
        for (int i = 0; i < watch->count; i++)
                event_free(watch->events[i]);
        free(watch);
}

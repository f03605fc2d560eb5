#include "net/listener.h"

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAITING_MAX = 4096 }; /* no queue is longer, as Linux is by default (somaxconn) */

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

/* PostgreSQL's mark beside the socket of a server of its own, running or crashed. */
static bool has_lock_file(const struct address *address)
{
        char path[sizeof(address->u.un.sun_path) + 8];

        snprintf(path, sizeof(path), "%s.lock", address->u.un.sun_path);
        return access(path, F_OK) == 0;
}

static bool set_owner(const char *path, const struct listen_how *how)
{
        struct group entry, *group = NULL;
        char strings[4096];
        char *end;
        gid_t gid;

        if (chmod(path, (mode_t)how->mode) != 0)
                return false;
        if (how->group == NULL || how->group[0] == '\0')
                return true;
        if (getgrnam_r(how->group, &entry, strings, sizeof(strings), &group) == 0 && group != NULL) {
                gid = group->gr_gid;
        } else {
                gid = (gid_t)strtoul(how->group, &end, 10);
                if (*end != '\0') {
                        errno = ENOENT;
                        return false;
                }
        }
        return chown(path, (uid_t)-1, gid) == 0;
}

static bool same_address(int fd, const struct address *wanted)
{
        struct address have = {.size = sizeof(have.u)};

        if (getsockname(fd, &have.u.any, &have.size) != 0 || have.u.any.sa_family != wanted->u.any.sa_family)
                return false;
        switch (wanted->u.any.sa_family) {
        case AF_INET:
                return have.u.in4.sin_port == wanted->u.in4.sin_port &&
                       have.u.in4.sin_addr.s_addr == wanted->u.in4.sin_addr.s_addr;
        case AF_INET6:
                return have.u.in6.sin6_port == wanted->u.in6.sin6_port &&
                       memcmp(&have.u.in6.sin6_addr, &wanted->u.in6.sin6_addr, sizeof(struct in6_addr)) == 0;
        default: break;
        }
        if (wanted->u.un.sun_path[0] == '\0')
                return have.size == wanted->size && memcmp(&have.u, &wanted->u, have.size) == 0;
        return strncmp(have.u.un.sun_path, wanted->u.un.sun_path, sizeof(have.u.un.sun_path)) == 0;
}

static int take_spare(struct listeners *l, const struct address *address)
{
        for (int i = 0; i < l->spare_count; i++) {
                int fd = l->spares[i];

                if (!same_address(fd, address))
                        continue;
                l->spares[i] = l->spares[--l->spare_count];
                return fd;
        }
        return -1;
}

static void set_one(int fd, int level, int option)
{
        int one = 1;

        (void)setsockopt(fd, level, option, &one, sizeof(one));
}

/* A socket that is bound and listens; -1 with errno. */
static int open_socket(const struct address *address, bool file, const struct listen_how *how)
{
        int fd = socket(address->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), saved;

        if (fd < 0)
                return -1;
        if (address->u.any.sa_family != AF_UNIX)
                set_one(fd, SOL_SOCKET, SO_REUSEADDR);
        if (address->u.any.sa_family != AF_UNIX && how->reuseport)
                set_one(fd, SOL_SOCKET, SO_REUSEPORT);
        if (address->u.any.sa_family == AF_INET6)
                set_one(fd, IPPROTO_IPV6, IPV6_V6ONLY);
        if (file && has_lock_file(address))
                errno = EADDRINUSE;
        else {
                if (file)
                        remove_stale(address);
                if (bind(fd, &address->u.any, address->size) == 0) {
                        if ((!file || set_owner(address->u.un.sun_path, how)) &&
                            listen(fd, how->backlog) == 0)
                                return fd;
                        saved = errno;
                        if (file)
                                (void)unlink(address->u.un.sun_path);
                        errno = saved;
                }
        }
        saved = errno;
        close(fd);
        errno = saved;
        return -1;
}

static enum status open_one(struct listeners *l, const struct address *address, const struct listen_how *how)
{
        bool file = address->u.any.sa_family == AF_UNIX && address->u.un.sun_path[0] != '\0';
        int fd;

        if (l->count == LISTENERS_MAX) {
                errno = 0; /* no system call's fault: see reason() */
                return STATUS_LIMIT;
        }
        fd = take_spare(l, address);
        if (fd < 0)
                fd = open_socket(address, file, how);
        else if (file)
                (void)set_owner(address->u.un.sun_path, how);
        if (fd < 0)
                return STATUS_IO;
        snprintf(l->paths[l->count], sizeof(l->paths[0]), "%s", file ? address->u.un.sun_path : "");
        l->fds[l->count++] = fd;
        return STATUS_OK;
}

static enum status fail(const char *host, int port, const char *reason, struct listen_why *why)
{
        snprintf(why->text, sizeof(why->text), "cannot listen on %s%s%d: %s", host,
                 host[0] == '/' || host[0] == '@' ? "/.s.PGSQL." : ":", port, reason);
        return STATUS_IO;
}

static const char *reason(int error)
{
        static const char full[] = "more than 32 sockets to listen on";

        _Static_assert(LISTENERS_MAX == 32, "the text says how many");
        return error == 0 ? full : strerrordesc_np(error);
}

/* Names, and "*". */
static enum status add_resolved(struct listeners *l, const char *host, int port, const struct listen_how *how,
                                struct listen_why *why)
{
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
        bool any = strcmp(host, "*") == 0;
        char service[16];
        int error, opened = 0, saved = 0;
        bool full = false;

        snprintf(service, sizeof(service), "%d", port);
        error = getaddrinfo(any ? NULL : host, service, &hints, &list);
        if (error != 0)
                return fail(host, port, gai_strerror(error), why);
        for (struct addrinfo *a = list; a != NULL; a = a->ai_next) {
                struct address address = {.size = a->ai_addrlen};

                enum status status;

                memcpy(&address.u, a->ai_addr, a->ai_addrlen);
                status = open_one(l, &address, how);
                full = full || status == STATUS_LIMIT;
                if (status == STATUS_OK)
                        opened++;
                else if (saved == 0 || errno == EADDRINUSE)
                        saved = errno;
        }
        freeaddrinfo(list);
        /* A machine without IPv6 listens on what it has; a port that is taken is an error all the same, and
         * so is one family without the other for want of a place. */
        if (full)
                return fail(host, port, reason(0), why);
        if (opened == 0 || saved == EADDRINUSE)
                return fail(host, port, reason(saved), why);
        return STATUS_OK;
}

enum status listeners_add(struct listeners *l, const char *host, int port, const struct listen_how *how,
                          struct listen_why *why)
{
        struct address address;

        switch (address_parse(host, port, &address)) {
        case STATUS_OK:
                if (open_one(l, &address, how) == STATUS_OK)
                        return STATUS_OK;
                return fail(host, port, reason(errno), why);
        case STATUS_ABSENT: return add_resolved(l, host, port, how, why);
        case STATUS_AGAIN:
        case STATUS_EOF:
        case STATUS_IO:
        case STATUS_INVALID:
        case STATUS_LIMIT:
        case STATUS_DENIED: break;
        }
        return fail(host, port, "the path is too long for a unix socket", why);
}

void listeners_offer(struct listeners *l, int fd)
{
        if (l->spare_count == LISTENERS_MAX) {
                close(fd);
                return;
        }
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        l->spares[l->spare_count++] = fd;
}

void listeners_take_spares(struct listeners *l)
{
        while (l->spare_count > 0 && l->count < LISTENERS_MAX) {
                l->paths[l->count][0] = '\0';
                l->fds[l->count++] = l->spares[--l->spare_count];
        }
        listeners_close_spares(l);
}

void listeners_pass_spares(struct listeners *from, struct listeners *to)
{
        while (from->spare_count > 0)
                listeners_offer(to, from->spares[--from->spare_count]);
}

void listeners_close_spares(struct listeners *l)
{
        while (l->spare_count > 0)
                close(l->spares[--l->spare_count]);
}

void listeners_hand_over(struct listeners *l)
{
        for (int i = 0; i < l->count; i++)
                if (l->fds[i] >= 0)
                        close(l->fds[i]);
        l->count = 0;
        listeners_close_spares(l);
}

bool listener_is_unix(int fd)
{
        int domain = 0;
        socklen_t size = sizeof(domain);

        return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

/* As a new socket has it, since 0 in the options means that: what was set before must not stay. */
static void unset(int fd)
{
        static const int options[][2] = {{SOL_SOCKET, SO_KEEPALIVE},
                                         {IPPROTO_TCP, TCP_KEEPIDLE},
                                         {IPPROTO_TCP, TCP_KEEPINTVL},
                                         {IPPROTO_TCP, TCP_KEEPCNT},
                                         {IPPROTO_TCP, TCP_USER_TIMEOUT}};
        int fresh = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), value;

        for (size_t i = 0; fresh >= 0 && i < sizeof(options) / sizeof(options[0]); i++)
                if (getsockopt(fresh, options[i][0], options[i][1], &value, &(socklen_t){sizeof(value)}) == 0)
                        (void)setsockopt(fd, options[i][0], options[i][1], &value, sizeof(value));
        if (fresh >= 0)
                close(fresh);
}

void listeners_configure(const struct listeners *l, const struct options *opt)
{
        int deferred = opt->tcp_defer_accept > 0;

        for (int i = 0; i < l->count; i++) {
                int fd = l->fds[i];

                if (fd < 0 || listener_is_unix(fd))
                        continue;
                unset(fd);
                socket_options(fd, opt);
                socket_buffers(fd, (int)opt->tcp_socket_buffer);
                if (setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &deferred, sizeof(deferred)) != 0)
                        log_warning("cannot set tcp_defer_accept: %s", strerrordesc_np(errno));
        }
}

/* The kernel resets what waits when the socket is closed. */
static void take_waiting(int listening, listener_last_fn *take, void *arg)
{
        for (int left = WAITING_MAX; left > 0; left--) {
                struct address peer = {.size = sizeof(peer.u)};
                int fd = accept4(listening, &peer.u.any, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (fd >= 0)
                        take(arg, fd, &peer);
                else if (errno != EINTR && errno != ECONNABORTED)
                        return;
        }
}

void listeners_close_tcp(struct listeners *l, listener_last_fn *take, void *arg)
{
        for (int i = 0; i < l->count; i++) {
                if (l->fds[i] < 0 || listener_is_unix(l->fds[i]))
                        continue;
                take_waiting(l->fds[i], take, arg);
                close(l->fds[i]);
                l->fds[i] = -1;
        }
}

void listeners_close(struct listeners *l)
{
        for (int i = 0; i < l->count; i++)
                if (l->paths[i][0] != '\0')
                        (void)unlink(l->paths[i]);
        listeners_hand_over(l);
}

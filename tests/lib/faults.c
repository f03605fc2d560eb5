/* faults: has calls of the C library fail on purpose, in a process that preloads this. Who wants a failure
 * writes a rule into the file that PGSTEER_FAULTS names, while the process runs; tests/lib/faults.py has the
 * other end:
 *
 *     call "accept4", of any object, from the 3rd on, twice, EMFILE
 *
 * Calls that fail have done nothing, as the system's own; a rule may have reads and writes be short instead.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { RULES = 8 };

/* As tests/lib/faults.py writes it. */
struct rule {
        char call[16];   /* "": no rule */
        char object[32]; /* part of the name of the program or library that calls; "": any */
        char path[64];   /* part of a file's name; "": any */
        int32_t port;    /* of the other end of a socket; 0: any */
        int32_t error;   /* errno; 0: short instead */
        int64_t least; /* allocations of as many bytes; reads and writes are of at most so many when short */
        int64_t first, count;      /* from which one on, 1: the next; how many */
        _Atomic int64_t seen, hit; /* how many have matched; how many of them have failed */
        _Atomic uint64_t caller;   /* of the last one that failed: its address in its object */
};

static struct rule *rules;

/* dladdr may allocate. Reached without a call: a sanitizer's runtime allocates before it can take one to
 * thread-local memory. */
static _Thread_local bool busy __attribute__((tls_model("initial-exec")));

__attribute__((constructor)) static void map_rules(void)
{
        const char *path = getenv("PGSTEER_FAULTS");
        int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
        void *at;

        if (fd < 0)
                return;
        at = mmap(NULL, RULES * sizeof(struct rule), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (at != MAP_FAILED)
                rules = at;
}

/* What is known of a call. */
struct call {
        const char *name, *path;
        int fd;
        const struct sockaddr *peer;
        size_t size;
        void *from;
};

static int port_of(const struct sockaddr *a)
{
        if (a->sa_family == AF_INET)
                return ntohs(((const struct sockaddr_in *)(const void *)a)->sin_port);
        return a->sa_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)(const void *)a)->sin6_port)
                                        : -1;
}

static bool port_fits(const struct rule *r, const struct call *c)
{
        struct sockaddr_storage peer;
        socklen_t size = sizeof(peer);

        if (r->port == 0)
                return true;
        if (c->peer != NULL)
                return port_of(c->peer) == r->port;
        return c->fd >= 0 && getpeername(c->fd, (struct sockaddr *)&peer, &size) == 0 &&
               port_of((const struct sockaddr *)&peer) == r->port;
}

static bool path_fits(const struct rule *r, const struct call *c)
{
        char link[64], path[512];
        ssize_t n;

        if (r->path[0] == '\0' || c->path != NULL)
                return r->path[0] == '\0' || strstr(c->path, r->path) != NULL;
        snprintf(link, sizeof(link), "/proc/self/fd/%d", c->fd);
        n = c->fd >= 0 ? readlink(link, path, sizeof(path) - 1) : -1;
        if (n < 0)
                return false;
        path[n] = '\0';
        return strstr(path, r->path) != NULL;
}

static bool object_fits(const struct rule *r, const struct call *c)
{
        Dl_info info;
        bool fits;

        if (r->object[0] == '\0')
                return true;
        busy = true;
        fits = dladdr(c->from, &info) != 0 && info.dli_fname != NULL &&
               strstr(info.dli_fname, r->object) != NULL;
        busy = false;
        return fits;
}

static void note_caller(struct rule *r, const struct call *c)
{
        Dl_info info;

        busy = true;
        if (dladdr(c->from, &info) != 0)
                atomic_store(&r->caller, (uint64_t)((char *)c->from - (char *)info.dli_fbase));
        busy = false;
}

/* Whether this call fails, with errno set, or (*most not NULL) may only do with so many bytes. */
static bool fails(const struct call *c, size_t *most)
{
        int saved = errno;

        if (rules == NULL || busy)
                return false;
        for (int i = 0; i < RULES; i++) {
                struct rule *r = &rules[i];
                int64_t n;

                if (r->call[0] == '\0' || strcmp(r->call, c->name) != 0)
                        continue;
                if ((r->error != 0 && c->size < (size_t)r->least) || !object_fits(r, c) || !path_fits(r, c) ||
                    !port_fits(r, c))
                        continue;
                n = atomic_fetch_add(&r->seen, 1) + 1;
                if (n < r->first || n >= r->first + r->count)
                        continue;
                atomic_fetch_add(&r->hit, 1);
                note_caller(r, c);
                if (r->error == 0 && most != NULL) {
                        *most = (size_t)r->least;
                        continue;
                }
                errno = r->error;
                return true;
        }
        errno = saved;
        return false;
}

/* The next one of this name. */
#define REAL(function)                                                                                       \
        static __typeof__(&function) real;                                                                   \
        if (real == NULL) {                                                                                  \
                busy = true;                                                                                 \
                real = (__typeof__(&function))dlsym(RTLD_NEXT, #function);                                   \
                busy = false;                                                                                \
        }

#define FROM __builtin_return_address(0)

/* ---- memory: what failed is always "malloc" ---- */

static bool no_memory(size_t size, void *from)
{
        struct call c = {.name = "malloc", .fd = -1, .size = size, .from = from};

        return fails(&c, NULL);
}

void *malloc(size_t size)
{
        REAL(malloc)
        return no_memory(size, FROM) ? NULL : real(size);
}

void *calloc(size_t count, size_t size)
{
        REAL(calloc)
        return no_memory(count * size, FROM) ? NULL : real(count, size);
}

void *realloc(void *old, size_t size)
{
        REAL(realloc)
        return size != 0 && no_memory(size, FROM) ? NULL : real(old, size);
}

int posix_memalign(void **p, size_t align, size_t size)
{
        REAL(posix_memalign)
        return no_memory(size, FROM) ? ENOMEM : real(p, align, size);
}

/* ---- what has no bytes to move ---- */

#define CALL_OF_FD(function, declared, given, descriptor)                                                    \
        int function declared                                                                                \
        {                                                                                                    \
                struct call c = {.name = #function, .fd = descriptor, .from = FROM};                         \
                REAL(function)                                                                               \
                return fails(&c, NULL) ? -1 : real given;                                                    \
        }

struct epoll_event;
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int epoll_create1(int flags);
int eventfd(unsigned int count, int flags);

CALL_OF_FD(accept4, (int fd, struct sockaddr *restrict a, socklen_t *restrict n, int flags),
           (fd, a, n, flags), -1)
CALL_OF_FD(socket, (int domain, int type, int protocol), (domain, type, protocol), -1)
CALL_OF_FD(bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), -1)
CALL_OF_FD(listen, (int fd, int n), (fd, n), -1)
CALL_OF_FD(setsockopt, (int fd, int level, int name, const void *p, socklen_t n), (fd, level, name, p, n), fd)
CALL_OF_FD(epoll_ctl, (int epfd, int op, int fd, struct epoll_event *event), (epfd, op, fd, event), fd)
CALL_OF_FD(epoll_create1, (int flags), (flags), -1)
CALL_OF_FD(eventfd, (unsigned int count, int flags), (count, flags), -1)
CALL_OF_FD(fstat, (int fd, struct stat *st), (fd, st), fd)
CALL_OF_FD(pipe2, (int fds[2], int flags), (fds, flags), -1)
CALL_OF_FD(socketpair, (int domain, int type, int protocol, int fds[2]), (domain, type, protocol, fds), -1)
CALL_OF_FD(dup2, (int old, int fd), (old, fd), old)
CALL_OF_FD(dup3, (int old, int fd, int flags), (old, fd, flags), old)
CALL_OF_FD(fork, (void), (), -1)
CALL_OF_FD(setsid, (void), (), -1)

int connect(int fd, const struct sockaddr *peer, socklen_t n)
{
        struct call c = {.name = "connect", .fd = fd, .peer = peer, .from = FROM};
        REAL(connect)

        return fails(&c, NULL) ? -1 : real(fd, peer, n);
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict how, void *(*run)(void *),
                   void *restrict arg)
{
        struct call c = {.name = "pthread_create", .fd = -1, .from = FROM};
        REAL(pthread_create)

        return fails(&c, NULL) ? errno : real(thread, how, run, arg);
}

ssize_t getrandom(void *out, size_t n, unsigned int flags)
{
        struct call c = {.name = "getrandom", .fd = -1, .from = FROM};
        REAL(getrandom)

        return fails(&c, NULL) ? -1 : real(out, n, flags);
}

int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
        struct call c = {.name = "getaddrinfo", .fd = -1, .from = FROM};
        REAL(getaddrinfo)

        return fails(&c, NULL) ? EAI_SYSTEM : real(node, service, hints, list);
}

/* ---- files ---- */

#define CALL_OF_PATH(function, declared, given)                                                              \
        int function declared                                                                                \
        {                                                                                                    \
                struct call c = {.name = #function, .path = path, .fd = -1, .from = FROM};                   \
                REAL(function)                                                                               \
                return fails(&c, NULL) ? -1 : real given;                                                    \
        }

CALL_OF_PATH(stat, (const char *restrict path, struct stat *restrict st), (path, st))
CALL_OF_PATH(chmod, (const char *path, mode_t mode), (path, mode))
CALL_OF_PATH(unlink, (const char *path), (path))

#define OPEN(function)                                                                                       \
        int function(const char *path, int flags, ...)                                                       \
        {                                                                                                    \
                struct call c = {.name = "open", .path = path, .fd = -1, .from = FROM};                      \
                mode_t mode;                                                                                 \
                va_list ap;                                                                                  \
                REAL(function)                                                                               \
                                                                                                             \
                va_start(ap, flags);                                                                         \
                mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;                                      \
                va_end(ap);                                                                                  \
                return fails(&c, NULL) ? -1 : real(path, flags, mode);                                       \
        }

OPEN(open)
OPEN(open64)

#define FOPEN(function)                                                                                      \
        FILE *function(const char *restrict path, const char *restrict mode)                                 \
        {                                                                                                    \
                struct call c = {.name = "open", .path = path, .fd = -1, .from = FROM};                      \
                REAL(function)                                                                               \
                return fails(&c, NULL) ? NULL : real(path, mode);                                            \
        }

FOPEN(fopen)
FOPEN(fopen64)

/* ---- bytes: read, recv, recvfrom and recvmsg are "recv"; write, writev, send, sendto and sendmsg are "send"
 * ---- */

static bool moves(const char *name, int fd, size_t *n, void *from)
{
        struct call c = {.name = name, .fd = fd, .size = *n, .from = from};
        size_t most = *n;

        if (fails(&c, &most))
                return false;
        if (most < *n)
                *n = most;
        return true;
}

/* Parts up to `most` bytes. */
static int shorten(struct iovec *to, const struct iovec *from, int count, size_t most)
{
        int i = 0;

        for (; i < count && i < 64 && most > 0; i++) {
                to[i] = from[i];
                if (to[i].iov_len > most)
                        to[i].iov_len = most;
                most -= to[i].iov_len;
        }
        return i;
}

static size_t sum(const struct iovec *parts, int count)
{
        size_t n = 0;

        for (int i = 0; i < count; i++)
                n += parts[i].iov_len;
        return n;
}

/* readv or writev, of less where the rule says so. */
static ssize_t move_parts(const char *name, ssize_t (*real)(int, const struct iovec *, int), int fd,
                          const struct iovec *parts, int count, void *from)
{
        size_t n = sum(parts, count), most = n;
        struct iovec less[64];

        if (!moves(name, fd, &most, from))
                return -1;
        return most == n ? real(fd, parts, count) : real(fd, less, shorten(less, parts, count, most));
}

ssize_t read(int fd, void *out, size_t n)
{
        REAL(read)
        return moves("recv", fd, &n, FROM) ? real(fd, out, n) : -1;
}

ssize_t recv(int fd, void *out, size_t n, int flags)
{
        REAL(recv)
        return moves("recv", fd, &n, FROM) ? real(fd, out, n, flags) : -1;
}

ssize_t readv(int fd, const struct iovec *parts, int count)
{
        REAL(readv)
        return move_parts("recv", real, fd, parts, count, FROM);
}

ssize_t recvfrom(int fd, void *restrict out, size_t n, int flags, struct sockaddr *restrict from,
                 socklen_t *restrict size)
{
        REAL(recvfrom)
        return moves("recv", fd, &n, FROM) ? real(fd, out, n, flags, from, size) : -1;
}

ssize_t recvmsg(int fd, struct msghdr *head, int flags)
{
        size_t n = 0;
        REAL(recvmsg)

        return moves("recv", fd, &n, FROM) ? real(fd, head, flags) : -1;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
        REAL(write)
        return moves("send", fd, &n, FROM) ? real(fd, bytes, n) : -1;
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
        REAL(send)
        return moves("send", fd, &n, FROM) ? real(fd, bytes, n, flags) : -1;
}

ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to, socklen_t size)
{
        REAL(sendto)
        return moves("send", fd, &n, FROM) ? real(fd, bytes, n, flags, to, size) : -1;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
        REAL(writev)
        return move_parts("send", real, fd, parts, count, FROM);
}

ssize_t sendmsg(int fd, const struct msghdr *head, int flags)
{
        size_t n = sum(head->msg_iov, (int)head->msg_iovlen), most = n;
        struct msghdr short_head = *head;
        struct iovec less[64];
        REAL(sendmsg)

        if (!moves("send", fd, &most, FROM))
                return -1;
        if (most == n)
                return real(fd, head, flags);
        short_head.msg_iov = less;
        short_head.msg_iovlen = (size_t)shorten(less, head->msg_iov, (int)head->msg_iovlen, most);
        return real(fd, &short_head, flags);
}

/* What a program that was compiled with FORTIFY calls. */
ssize_t __read_chk(int fd, void *out, size_t n, size_t room); /* NOLINT(bugprone-reserved-identifier) */
ssize_t __recv_chk(int fd, void *out, size_t n, size_t room,
                   int flags); /* NOLINT(bugprone-reserved-identifier) */

ssize_t __read_chk(int fd, void *out, size_t n, size_t room) /* NOLINT(bugprone-reserved-identifier) */
{
        REAL(__read_chk)
        return moves("recv", fd, &n, FROM) ? real(fd, out, n, room) : -1;
}

ssize_t __recv_chk(int fd, void *out, size_t n, size_t room,
                   int flags) /* NOLINT(bugprone-reserved-identifier) */
{
        REAL(__recv_chk)
        return moves("recv", fd, &n, FROM) ? real(fd, out, n, room, flags) : -1;
}

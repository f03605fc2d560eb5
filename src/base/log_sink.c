#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Same number, other file: no thread ever writes to a closed descriptor. */
static void take_over(struct sink *s, int fd)
{
        int old = atomic_load(&s->fd);

        if (old < 0) {
                atomic_store(&s->fd, fd);
                return;
        }
        dup3(fd, old, O_CLOEXEC);
        close(fd);
}

bool sink_to_file(struct sink *s, const char *path)
{
        bool none = path == NULL || *path == '\0';
        int fd;

        if (none && atomic_load(&s->fd) < 0)
                return true;
        fd = open(none ? "/dev/null" : path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd >= 0)
                take_over(s, fd);
        return fd >= 0;
}

void sink_to_fd(struct sink *s, int fd)
{
        char path[32];
        struct stat st;
        int own = -1;

        if (fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || isatty(fd))) {
                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        }
        atomic_store(&s->sock, fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode));
        atomic_store(&s->fd, own >= 0 ? own : fd);
}

void sink_lose(struct sink *s, int error)
{
        atomic_store_explicit(&s->error, error, memory_order_relaxed);
        atomic_fetch_add_explicit(&s->lost, 1, memory_order_relaxed);
}

unsigned long long sink_take_lost(struct sink *s, int *error)
{
        *error = atomic_load_explicit(&s->error, memory_order_relaxed);
        return atomic_load_explicit(&s->lost, memory_order_relaxed) == 0 ? 0 : atomic_exchange(&s->lost, 0);
}

void sink_return_lost(struct sink *s, unsigned long long lost)
{
        atomic_fetch_add_explicit(&s->lost, lost, memory_order_relaxed);
}

static ssize_t put(const struct sink *s, const char *bytes, size_t n)
{
        int fd = atomic_load_explicit(&s->fd, memory_order_relaxed);

        return atomic_load_explicit(&s->sock, memory_order_relaxed)
                   ? send(fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL)
                   : write(fd, bytes, n);
}

bool sink_write(struct sink *s, const char *line, size_t n)
{
        ssize_t done;

        if (atomic_load_explicit(&s->torn, memory_order_relaxed) && put(s, "\n", 1) == 1)
                atomic_store_explicit(&s->torn, false, memory_order_relaxed);
        done = put(s, line, n);
        if (done == (ssize_t)n)
                return true;
        if (done > 0)
                atomic_store_explicit(&s->torn, true, memory_order_relaxed);
        sink_lose(s, done < 0 ? errno : ENOSPC);
        return false;
}

bool sink_send(struct sink *s, const char *path, const char *line, size_t n)
{
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        int fd = atomic_load_explicit(&s->fd, memory_order_relaxed), none = -1;

        if (fd < 0) {
                fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                if (!atomic_compare_exchange_strong(&s->fd, &none, fd)) { /* another thread was faster */
                        close(fd);
                        fd = none;
                }
        }
        snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
        if (sendto(fd, line, n, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&to, sizeof(to)) >= 0)
                return true;
        sink_lose(s, errno);
        return false;
}

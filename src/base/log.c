#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

static const struct {
        const char *name;
        int priority; /* syslog's */
} levels[] = {{"FATAL", LOG_CRIT}, {"ERROR", LOG_ERR},   {"WARNING", LOG_WARNING},
              {"LOG", LOG_INFO},   {"DEBUG", LOG_DEBUG}, {"NOISE", LOG_DEBUG}};

static atomic_int log_level = LOG_INFO_;
static atomic_int file_fd = -1;
static atomic_bool use_stderr = true, use_syslog = false, stderr_is_journal = false;

bool log_open(const char *path)
{
        bool none = path == NULL || *path == '\0';
        int old = atomic_load(&file_fd), fd;

        if (none && old < 0)
                return true;
        fd = open(none ? "/dev/null" : path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd < 0)
                return false;
        if (old >= 0) { /* same number, other file: no thread ever writes to a closed descriptor */
                dup3(fd, old, O_CLOEXEC);
                close(fd);
        } else {
                atomic_store(&file_fd, fd);
        }
        return true;
}

/* systemd tells which socket is its journal's: "device:inode". */
static bool leads_to_journal(int fd)
{
        const char *text = getenv("JOURNAL_STREAM"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
        char mine[64];
        struct stat st;

        if (text == NULL || fstat(fd, &st) != 0)
                return false;
        snprintf(mine, sizeof(mine), "%llu:%llu", (unsigned long long)st.st_dev,
                 (unsigned long long)st.st_ino);
        return strcmp(text, mine) == 0;
}

void log_to_stderr(bool on)
{
        atomic_store(&stderr_is_journal, on && leads_to_journal(STDERR_FILENO));
        atomic_store(&use_stderr, on);
}

static int facility_code(const char *name)
{
        static const struct {
                const char *name;
                int code;
        } facilities[] = {{"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"user", LOG_USER},
                          {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2},
                          {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},     {"local5", LOG_LOCAL5},
                          {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7}};

        for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
                if (strcmp(name, facilities[i].name) == 0)
                        return facilities[i].code;
        return LOG_DAEMON;
}

void log_to_syslog(bool on, const char *ident, const char *facility)
{
        static char names[2][64]; /* openlog() keeps the pointer: the one in use is not written to */
        static int now;

        atomic_store(&use_syslog, on);
        if (!on)
                return;
        now = 1 - now;
        snprintf(names[now], sizeof(names[now]), "%s", ident);
        openlog(names[now], LOG_PID | LOG_NDELAY, facility_code(facility));
}

void log_set_level(enum log_level level)
{
        atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
        return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

static void write_line(int fd, const char *line, size_t n)
{
        /* A full disk must not stop the service, and there is nobody to tell. */
        ssize_t ignored = write(fd, line, n);

        (void)ignored;
}

void log_write(enum log_level level, const char *format, ...)
{
        char line[2048], stamp[48], mark[8];
        va_list args;
        int head, body, before = errno;
        size_t n;

        if (!log_enabled(level))
                return;
        clock_format_log(clock_wall_us(), stamp, sizeof(stamp));
        head = snprintf(line, sizeof(line), "%s [%d] %s ", stamp, (int)getpid(), levels[level].name);
        va_start(args, format);
        body = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, args);
        va_end(args);
        n = (size_t)head + (body > 0 ? (size_t)body : 0);
        if (n > sizeof(line) - 2)
                n = sizeof(line) - 2;
        for (size_t i = (size_t)head; i < n; i++)
                if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
                        line[i] = '?';
        line[n] = '\0';
        if (level <= LOG_INFO_ && atomic_load_explicit(&use_syslog, memory_order_relaxed))
                syslog(levels[level].priority, "%s", line + head);
        line[n++] = '\n';
        if (atomic_load_explicit(&file_fd, memory_order_relaxed) >= 0)
                write_line(atomic_load_explicit(&file_fd, memory_order_relaxed), line, n);
        if (atomic_load_explicit(&stderr_is_journal, memory_order_relaxed)) {
                int k = snprintf(mark, sizeof(mark), "<%d>", levels[level].priority);

                memcpy(line + head - k, mark, (size_t)k); /* the head is longer than any mark */
                write_line(STDERR_FILENO, line + head - k, n - (size_t)(head - k));
        } else if (atomic_load_explicit(&use_stderr, memory_order_relaxed)) {
                write_line(STDERR_FILENO, line, n);
        }
        errno = before;
}

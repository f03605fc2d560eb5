#include "base/log.h"

#include "base/clock.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {"FATAL", "ERROR", "WARNING", "LOG", "DEBUG", "NOISE"};

static atomic_int log_level = LOG_INFO_;
static atomic_int file_fd = -1;
static atomic_bool use_stderr = true;

bool log_open(const char *path, bool to_stderr)
{
        if (path != NULL && *path != '\0') {
                int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
                int old = atomic_load(&file_fd);

                if (fd < 0)
                        return false;
                if (old >= 0) { /* same number, other file: no thread ever writes to a closed descriptor */
                        dup3(fd, old, O_CLOEXEC);
                        close(fd);
                } else {
                        atomic_store(&file_fd, fd);
                }
        }
        atomic_store(&use_stderr, to_stderr);
        return true;
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
        char line[2048], stamp[48];
        va_list args;
        int head, body;
        size_t n;

        if (!log_enabled(level))
                return;
        clock_format_log(clock_wall_us(), stamp, sizeof(stamp));
        head = snprintf(line, sizeof(line), "%s [%d] %s ", stamp, (int)getpid(), level_names[level]);
        va_start(args, format);
        body = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, args);
        va_end(args);
        n = (size_t)head + (body > 0 ? (size_t)body : 0);
        if (n > sizeof(line) - 2)
                n = sizeof(line) - 2;
        for (size_t i = (size_t)head; i < n; i++)
                if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
                        line[i] = '?';
        line[n++] = '\n';
        if (atomic_load_explicit(&file_fd, memory_order_relaxed) >= 0)
                write_line(atomic_load_explicit(&file_fd, memory_order_relaxed), line, n);
        if (atomic_load_explicit(&use_stderr, memory_order_relaxed))
                write_line(STDERR_FILENO, line, n);
}

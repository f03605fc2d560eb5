#include "base/log.h"

#include "base/clock.h"
#include "base/utf8.h"

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

enum { TEXT_MAX = 1960, LINE_MAX_ = 2 * TEXT_MAX + 200 /* each byte may need an escape */ };

static atomic_int log_level = LOG_INFO_, log_format = LOG_FORMAT_PLAIN;
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

void log_set_format(enum log_format format)
{
        atomic_store_explicit(&log_format, (int)format, memory_order_relaxed);
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

/* ---- lines ---- */

/* "C-0x5a: rest": what comes before the colon; 0: the text begins otherwise. */
static size_t id_length(const char *text)
{
        size_t n = 2;

        if (text[0] < 'A' || text[0] > 'Z' || text[1] != '-' || strncmp(text + 2, "0x", 2) != 0)
                return 0;
        while (text[n] == 'x' || (text[n] >= '0' && text[n] <= '9') || (text[n] >= 'a' && text[n] <= 'f'))
                n++;
        return text[n] == ':' && text[n + 1] == ' ' ? n : 0;
}

/* `text` has no control characters. Returns how many bytes were written. */
static size_t put_json(char *out, const char *text)
{
        size_t n = 0;

        for (; *text != '\0'; text++) {
                if (*text == '"' || *text == '\\')
                        out[n++] = '\\';
                out[n++] = *text;
        }
        return n;
}

/* Lines end in a newline, and in no NUL. */
static size_t json_line(char *line, enum log_level level, char *text)
{
        size_t id = id_length(text), n;
        char stamp[48];

        utf8_clean(text);
        clock_format_iso(clock_wall_us(), stamp, sizeof(stamp));
        n = (size_t)sprintf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"pid\":%d,", stamp, levels[level].name,
                            (int)getpid());
        if (id > 0)
                n += (size_t)sprintf(line + n, "\"id\":\"%.*s\",", (int)id, text);
        n += (size_t)sprintf(line + n, "\"message\":\"");
        n += put_json(line + n, id > 0 ? text + id + 2 : text);
        line[n++] = '"';
        line[n++] = '}';
        line[n++] = '\n';
        return n;
}

static size_t plain_line(char *line, enum log_level level, const char *text)
{
        char stamp[48];

        clock_format_log(clock_wall_us(), stamp, sizeof(stamp));
        return (size_t)sprintf(line, "%s [%d] %s %s\n", stamp, (int)getpid(), levels[level].name, text);
}

/* With a priority instead of time and number. */
static size_t journal_line(char *line, enum log_level level, const char *text)
{
        return (size_t)sprintf(line, "<%d>%s\n", levels[level].priority, text);
}

void log_write(enum log_level level, const char *format, ...)
{
        char text[TEXT_MAX], line[LINE_MAX_];
        int before = errno, fd = atomic_load_explicit(&file_fd, memory_order_relaxed);
        va_list args;
        size_t n;

        if (!log_enabled(level))
                return;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        for (char *p = text; *p != '\0'; p++)
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        *p = '?';
        if (level <= LOG_INFO_ && atomic_load_explicit(&use_syslog, memory_order_relaxed))
                syslog(levels[level].priority, "%s", text);
        if (atomic_load_explicit(&stderr_is_journal, memory_order_relaxed)) {
                n = journal_line(line, level, text);
                write_line(STDERR_FILENO, line, n);
        }
        n = atomic_load_explicit(&log_format, memory_order_relaxed) == LOG_FORMAT_JSON
                ? json_line(line, level, text)
                : plain_line(line, level, text);
        if (fd >= 0)
                write_line(fd, line, n);
        if (atomic_load_explicit(&use_stderr, memory_order_relaxed) &&
            !atomic_load_explicit(&stderr_is_journal, memory_order_relaxed))
                write_line(STDERR_FILENO, line, n);
        errno = before;
}

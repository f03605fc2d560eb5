#include "base/log.h"

#include "base/clock.h"
#include "base/log_sink.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static const struct {
        const char *name;
        int priority; /* syslog's */
} levels[] = {{"FATAL", LOG_CRIT}, {"ERROR", LOG_ERR},   {"WARNING", LOG_WARNING},
              {"LOG", LOG_INFO},   {"DEBUG", LOG_DEBUG}, {"NOISE", LOG_DEBUG}};

enum { TEXT_MAX = 1960, LINE_MAX_ = 2 * TEXT_MAX + 200 /* each byte may need an escape */ };

static atomic_int log_level = LOG_INFO_, log_format = LOG_FORMAT_PLAIN;
static atomic_bool use_stderr = true, use_syslog = false, stderr_is_journal = false;
static struct sink to_file = {.fd = -1}, to_stderr = {.fd = STDERR_FILENO}, to_system = {.fd = -1};

bool log_open(const char *path)
{
        return sink_to_file(&to_file, path);
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
        if (on)
                sink_to_fd(&to_stderr, STDERR_FILENO);
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

/* What a line begins with: openlog() and syslog() would wait for who reads them. */
static struct {
        _Atomic(const char *) ident;
        atomic_int facility;
} syslog_as;

void log_to_syslog(bool on, const char *ident, const char *facility)
{
        static char names[2][64]; /* lines are made of the one in use */
        static int now;

        if (on) {
                now = 1 - now;
                snprintf(names[now], sizeof(names[now]), "%s", ident);
                atomic_store(&syslog_as.ident, names[now]);
                atomic_store(&syslog_as.facility, facility_code(facility));
        }
        atomic_store(&use_syslog, on);
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

static size_t usual_line(char *line, enum log_level level, char *text)
{
        return atomic_load_explicit(&log_format, memory_order_relaxed) == LOG_FORMAT_JSON
                   ? json_line(line, level, text)
                   : plain_line(line, level, text);
}

/* With a priority instead of time and number. */
static size_t journal_line(char *line, enum log_level level, char *text)
{
        return (size_t)sprintf(line, "<%d>%s\n", levels[level].priority, text);
}

static size_t stderr_line(char *line, enum log_level level, char *text)
{
        return atomic_load_explicit(&stderr_is_journal, memory_order_relaxed)
                   ? journal_line(line, level, text)
                   : usual_line(line, level, text);
}

/* RFC 3164, as the C library has it. */
static size_t syslog_line(char *line, enum log_level level, char *text)
{
        time_t now = (time_t)(clock_wall_us() / US_PER_SEC);
        char stamp[32] = "";
        struct tm tm;

        if (localtime_r(&now, &tm) != NULL)
                strftime(stamp, sizeof(stamp), "%h %e %T", &tm);
        return (size_t)sprintf(line, "<%d>%s %s[%d]: %s",
                               atomic_load(&syslog_as.facility) | levels[level].priority, stamp,
                               atomic_load(&syslog_as.ident), (int)getpid(), text);
}

/* ---- where they go ---- */

typedef size_t line_form(char *line, enum log_level level, char *text);

static bool put_line(struct sink *s, line_form *form, enum log_level level, char *text)
{
        char line[LINE_MAX_];
        size_t n = form(line, level, text);

        return s == &to_system ? sink_send(s, "/dev/log", line, n) : sink_write(s, line, n);
}

/* What was lost before is told first. */
static void say(struct sink *s, line_form *form, enum log_level level, char *text)
{
        char told[160];
        int error;
        unsigned long long lost = sink_take_lost(s, &error);

        if (lost > 0) {
                snprintf(told, sizeof(told), "%llu lines of the log are missing here: %s", lost,
                         strerrordesc_np(error));
                if (!put_line(s, form, LOG_WARNING_, told))
                        sink_return_lost(s, lost - 1);
        }
        (void)put_line(s, form, level, text);
}

unsigned long long log_lost(const char **why)
{
        struct sink *const sinks[] = {&to_file, &to_stderr, &to_system};
        unsigned long long lost = 0;

        *why = "";
        for (size_t i = 0; i < sizeof(sinks) / sizeof(sinks[0]); i++) {
                unsigned long long more = atomic_load_explicit(&sinks[i]->lost, memory_order_relaxed);

                if (more > 0)
                        *why = strerrordesc_np(atomic_load_explicit(&sinks[i]->error, memory_order_relaxed));
                lost += more;
        }
        return lost;
}

void log_write(enum log_level level, const char *format, ...)
{
        char text[TEXT_MAX];
        int before = errno;
        va_list args;

        if (!log_enabled(level))
                return;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        for (char *p = text; *p != '\0'; p++)
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        *p = '?';
        if (level <= LOG_INFO_ && atomic_load_explicit(&use_syslog, memory_order_relaxed))
                say(&to_system, syslog_line, level, text);
        if (atomic_load_explicit(&to_file.fd, memory_order_relaxed) >= 0)
                say(&to_file, usual_line, level, text);
        if (atomic_load_explicit(&use_stderr, memory_order_relaxed))
                say(&to_stderr, stderr_line, level, text);
        errno = before;
}

/* log: lines for people and for the tools that read PgBouncer's logs:
 *
 *     2026-11-21 08:04:05.123 UTC [pid] LEVEL text
 *
 * or, for machines, as JSON (RFC 8259), one object a line:
 *
 *     {"time":"2026-11-21T08:04:05.123Z","level":"LOG","pid":1,"id":"C-0x5a","message":"..."}
 *
 * where `id` is the client (C-), server (S-) or other thing that the text begins with, if there is one.
 *
 * One write(2) a line, so lines of several threads never mix; no lock. Files are opened with O_APPEND, so
 * logrotate's copytruncate works. Who cannot take a line at once does not get it, and is told later how many
 * are missing (base/log_sink.h). Never log a secret. */
#pragma once

#include <stdbool.h>

enum log_level { LOG_FATAL_, LOG_ERROR_, LOG_WARNING_, LOG_INFO_, LOG_DEBUG_, LOG_NOISE_ };

/* The file lines go to; NULL or "": none. Opened anew when called again (log rotation). Returns false with
 * errno when it cannot be opened; the old one then stays. Control thread only, as the next three. */
bool log_open(const char *path);

/* Whether lines also go to standard error: at first they do. When that is systemd's journal, they go there
 * without time and number, which the journal knows, and with their priority. */
void log_to_stderr(bool on);

/* Whether lines up to LOG_INFO_ also go to syslog, by what name and facility ("daemon", "local0"...). Called
 * again, it changes that. */
void log_to_syslog(bool on, const char *ident, const char *facility);

/* How lines look in the file and on standard error; syslog and the journal have their own way. */
enum log_format { LOG_FORMAT_PLAIN, LOG_FORMAT_JSON };
void log_set_format(enum log_format format);

/* Lines above this level are not written. Default LOG_INFO_. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* Writes one line. `format` has no newline at its end; control characters in the text are shown as '?'. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How many lines have been lost and not been told of: 0, unless something is wrong with the log now. *why:
 * the system's words. */
unsigned long long log_lost(const char **why);

#define log_error(...)   log_write(LOG_ERROR_, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING_, __VA_ARGS__)
#define log_info(...)    log_write(LOG_INFO_, __VA_ARGS__)
#define log_debug(...)                                                                                       \
        do {                                                                                                 \
                if (log_enabled(LOG_DEBUG_))                                                                 \
                        log_write(LOG_DEBUG_, __VA_ARGS__);                                                  \
        } while (0)

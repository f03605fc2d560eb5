/* log: lines for people and for the tools that read PgBouncer's logs:
 *
 *     2026-11-21 08:04:05.123 UTC [pid] LEVEL text
 *
 * One write(2) a line, so lines of several threads never mix; no lock. Files are opened with O_APPEND, so
 * logrotate's copytruncate works. Never log a secret. */
#pragma once

#include <stdbool.h>

enum log_level { LOG_FATAL_, LOG_ERROR_, LOG_WARNING_, LOG_INFO_, LOG_DEBUG_, LOG_NOISE_ };

/* Where lines go: a file (NULL: none) and standard error. Reopens the file when called again (log rotation).
 * Returns false with errno when the file cannot be opened; the old target then stays. Control thread only. */
bool log_open(const char *path, bool to_stderr);

/* Lines above this level are not written. Default LOG_INFO_. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* Writes one line. `format` has no newline at its end; control characters in the text are shown as '?'. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_write(LOG_ERROR_, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING_, __VA_ARGS__)
#define log_info(...)    log_write(LOG_INFO_, __VA_ARGS__)
#define log_debug(...)                                                                                       \
        do {                                                                                                 \
                if (log_enabled(LOG_DEBUG_))                                                                 \
                        log_write(LOG_DEBUG_, __VA_ARGS__);                                                  \
        } while (0)

/* clock: time in microseconds. Deadlines and durations use the monotonic clock; the wall clock is only for
 * people (log lines, SHOW columns). */
#pragma once

#include <stdint.h>

#define US_PER_MS  INT64_C(1000)
#define US_PER_SEC INT64_C(1000000)

/* Microseconds of CLOCK_MONOTONIC. */
int64_t clock_us(void);

/* Microseconds since the Unix epoch. */
int64_t clock_wall_us(void);

/* Writes "YYYY-MM-DD HH:MM:SS.mmm TZ" (local time, as PgBouncer's log has it) and NUL. `size` >= 40. */
void clock_format_log(int64_t wall_us, char *out, unsigned long size);

/* Writes "YYYY-MM-DDTHH:MM:SS.mmmZ" (RFC 3339, UTC) and NUL. `size` >= 40. */
void clock_format_iso(int64_t wall_us, char *out, unsigned long size);

/* Writes "YYYY-MM-DD HH:MM:SS TZ" (as PgBouncer's console has it) and NUL. `size` >= 40. */
void clock_format(int64_t wall_us, char *out, unsigned long size);

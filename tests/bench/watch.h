/* watch: what processes have used: processor time of all their threads, and memory of their own. */
#pragma once

#include <stdint.h>

enum { WATCHED_MAX = 2048 };

struct watch {
        int pids[WATCHED_MAX], count;
};

/* From "PID,PID,..."; an empty text watches nobody. */
struct watch watch_parse(const char *list);

/* User and system time so far, in nanoseconds: the scheduler's own account, finer than the ticks of
 * /proc/PID/stat. */
uint64_t watch_cpu_ns(const struct watch *w);

/* RssAnon, in bytes: heap and stacks, not the program's text or shared memory. */
uint64_t watch_memory(const struct watch *w);

/* process: what the program is to the system it runs on: its user, its log, its pid file, its place in the
 * background, its descriptors. Start-up only, before there are threads, but for process_log. What fails says
 * why, in one line. */
#pragma once

#include "base/status.h"
#include "conf/conf.h"

#include <stdbool.h>

struct process_why {
        char text[512];
};

/* Says why. Returns STATUS_DENIED. */
__attribute__((format(printf, 2, 3))) enum status process_fail(struct process_why *why, const char *format,
                                                               ...);

/* Whether the process is root, or could be again. */
bool process_may_be_root(void);

/* Becomes the user `name` with its groups, for good, unless it is that already. Root and users that do not
 * exist are refused. */
MUST_USE enum status process_become(const char *name, struct process_why *why);

/* Logs where the configuration says, and how much: `verbose` (-v) where it does not say. Opens the log file
 * anew. Control thread. */
MUST_USE enum status process_log(const struct conf *conf, int verbose, struct process_why *why);

/* As many descriptors as the hard limit allows: each client is one. */
void process_raise_limits(void);

/* A pid file (NULL, "": none) whose process is alive, or that says nothing, is another instance's; a stale
 * one is removed. */
MUST_USE enum status pidfile_claim(const char *path, struct process_why *why);

/* Writes our number. The file must not be there. */
MUST_USE enum status pidfile_write(const char *path, struct process_why *why);

/* Waits for the file to be removed by another instance that is about to end. */
MUST_USE enum status pidfile_await_gone(const char *path, struct process_why *why);

/* Goes on in the background, in a session of its own that no terminal can become part of; the standard
 * streams lead nowhere from then on. */
MUST_USE enum status process_go_to_background(struct process_why *why);

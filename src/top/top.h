/* top: what pgsteer does, in a terminal, once a second: a client of the console like any other, in a process
 * of its own. One thread. */
#pragma once

#include <stdbool.h>

/* `conninfo` is libpq's (manual, "Connection Strings"). `once`: writes all views to standard output instead.
 * Returns the exit status. */
int top(const char *conninfo, bool once);

/* passfile: passwords for servers in a file of libpq's (manual, "The Password File"): lines of
 * host:port:database:user:password, where * fits anything and a backslash takes the meaning from the
 * character after it. The first line that fits counts. Reads its file once; matching is pure. */
#pragma once

#include "base/arena.h"
#include "conf/conf.h"

struct report;

/* Reads the file that the option passfile names: a path; "default": that of the environment's PGPASSFILE,
 * else .pgpass in the home directory, and it need not be there; "": none. One that others can read is not
 * used, with a warning. Texts go into `arena`. */
struct conf_passline *passfile_read(const char *option, struct arena *arena, struct report *report,
                                    size_t *count);

/* Overwrites them. */
void passfile_wipe(const struct conf_passline *lines, size_t count);

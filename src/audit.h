/* audit: the router asked from the shell: --classify and --explain. With a database its servers are asked
 * what they are and what its names mean, as a running pgsteer does; nothing else is done with them. */
#pragma once

#include "conf/conf.h"

struct supposed;

/* Reads statements from standard input, each ended by a NUL, or by the end of its line where `lines`; writes
 * a line for each, fields separated by tabs: R (a standby would get it) or W, the reason, the token that
 * decided. In a field \t, \n, \r and \\ stand for what would break it. `conf` and `database` (NULL: none) say
 * by whose lists and catalog. Returns the exit status. */
int audit_classify(struct conf *conf, const char *database, bool lines);

/* Writes where `sql` would go: target, node, class, reason and token, each on a line. `session`: who sends
 * it. Returns the exit status. */
int audit_explain(struct conf *conf, const char *database, const struct supposed *session, const char *sql);

/* terms: what is agreed with the clients of a line and a user, where the file says it in several places.
 * Pure. */
#pragma once

#include "conf/conf.h"

struct conf_terms {
        enum pool_mode pool_mode;
        enum consistency consistency;
        enum target_attrs target;
        bool commit_outcome;
        bool split; /* transaction_split; never where `target` fixes where all goes */
};

/* What the user's line says goes before what the database's says, and both before the file's own settings.
 * The pool's mode goes by the user on the server, which `line` may force; all else by `user`, the client's.
 */
void conf_terms(const struct conf *conf, const struct conf_database *line, const char *user,
                struct conf_terms *out);

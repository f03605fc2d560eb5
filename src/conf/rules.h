/* rules: what must hold between settings, or inside the text of one, that its row alone cannot say. Pure. */
#pragma once

#include "conf/conf.h"
#include "conf/users.h"

struct report;

/* Looks at the text of one STRING option. False: `why` (size bytes) says what is wrong and what would be
 * right; it reads on from the option's name. */
bool rules_check_text(const struct option_info *info, const char *text, char *why, size_t size);

/* Writes why the key cannot stand under [pgbouncer] and [pgsteer], and what was meant: for unknown keys. */
void rules_unknown_option(const char *key, const char *value, char *why, size_t size);

/* Whether clients are asked for something that only auth_file can answer. */
bool rules_need_auth_file(const struct options *opt);

/* Whether auth_type has what it cannot do without. False: `why` (size bytes) says what it lacks. */
bool rules_auth_complete(const struct options *opt, char *why, size_t size);

/* Looks at the whole: options, databases, and the secrets as they came from auth_file. `lines[id]` is the
 * line of `conf->path` that set the option, 0: none did. */
void rules_check(const struct conf *conf, const struct user_parts *secrets, const int lines[OPTION_COUNT],
                 struct report *report);

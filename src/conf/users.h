/* users: who may log in, and with which limits, put together from auth_file, [users], admin_users and
 * stats_users. Pure but for reading auth_file. */
#pragma once

#include "base/arena.h"
#include "conf/conf.h"

struct line;
struct report;

/* What one place says about one user; the rest is as user_part_new makes it. */
struct user_part {
        struct conf_user user;
        const char *file;
        int line;
        size_t rank;
};

/* Zeroed at first; malloc'd; user_parts_release. */
struct user_parts {
        struct user_part *items;
        size_t count, cap;
};

/* Reads one line of [users]; its report gets the mistakes. */
void user_read(struct user_parts *parts, const struct line *line, const char *text);

/* Reads auth_file: lines of "user" "secret", where "" is one quote; the rest of a line is ignored, and lines
 * that begin with ; or # are. Mistakes go to `report`; `fatal`: that it cannot be read is an error, else a
 * warning, unless the reason may pass. Text goes into `arena`. */
void userlist_read(struct user_parts *parts, const char *path, bool fatal, struct arena *arena,
                   struct report *report);

/* Overwrites the secrets. */
void user_parts_wipe(struct user_parts *parts);
void user_parts_release(struct user_parts *parts);

/* Everybody that either of the two, admin_users or stats_users name, once each, by name, in `arena`. */
const struct conf_user *users_merge(const struct user_parts *secrets, const struct user_parts *limits,
                                    const struct options *opt, struct arena *arena, size_t *count);

/* The rows of the keys a line of [users] can have. */
const struct option_info *user_keys(size_t *count);

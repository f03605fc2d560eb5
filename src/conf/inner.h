/* inner: what a struct conf really is, for conf.c (its life, its copies) and load.c (how it is made). */
#pragma once

#include "base/arena.h"
#include "conf/conf.h"
#include "conf/users.h"

#include <stdatomic.h>

/* What the copies that conf_with makes have in common: the lines of [databases], [users] and [peers], or what
 * auth_file says. Immutable once it is loaded; counted. */
struct share {
        atomic_int refs;
        struct arena arena;
        struct user_parts parts; /* of [users], or of auth_file */
};

struct full {
        struct conf conf; /* first: the pointer that others hold */
        atomic_int refs;
        struct arena arena; /* texts of options, and the users */
        struct share *lines, *secrets;
        struct conf_database *databases; /* of a copy: conf.databases; else NULL */
};

/* One with a reference, and with two empty shares; everything else is zero. */
struct full *full_new(void);

/* Gives the option its default. */
void full_set_default(struct conf *conf, const struct option_info *info);

/* Checks a text and makes it the option's value. STATUS_OK; STATUS_DENIED: done, and `why` (size bytes) is a
 * warning; STATUS_INVALID: not done, and `why` says what is wrong. It reads on from the option's name. */
MUST_USE enum status full_set(struct full *full, const struct option_info *info, const char *text, char *why,
                              size_t size);

/* Makes conf->users anew, from both shares and the options. */
void full_merge_users(struct full *full);

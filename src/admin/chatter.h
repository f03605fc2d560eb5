/* chatter: what drivers and pools say to any PostgreSQL without being asked: parameters they read or set,
 * functions they call to look at or to reset a session. The console has no session to change, so it answers
 * as an idle server would and does nothing. Tables only. Any thread. */
#pragma once

#include "base/sv.h"

/* A parameter that SHOW answers with a fixed value. */
struct fake_param {
        const char *name;
        const char *value;
};

/* Case is ignored. NULL when it is none. Static. */
const struct fake_param *fake_param_find(struct sv name);

/* Whether SET of this parameter is accepted and ignored. */
bool fake_set_accepts(struct sv name);

/* A function without arguments that SELECT answers with one text. */
const struct fake_param *fake_function_find(struct sv name);

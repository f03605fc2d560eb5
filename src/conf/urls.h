/* urls: a list of http and https addresses, separated by commas, as the key patroni= has it. Pure. */
#pragma once

#include "base/sv.h"

#include <stdbool.h>

struct url {
        struct sv text; /* all of it, without a slash at the end */
        struct sv host; /* a name or an address, without brackets */
};

/* Takes the next address off *list, which is NULL behind the last one. False: *why (static) says what is
 * wrong with it, or that there is none left (NULL). */
bool urls_next(const char **list, struct url *out, const char **why);

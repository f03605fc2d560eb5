/* promotable: whether a standby can take the primary's place: what it is asked, and what its answer says.
 * Pure. */
#pragma once

#include "health/envoy.h"

extern const char promotable_sql[];

/* A good answer to promotable_sql. NULL: nothing speaks against it; else why not, and *hint what to do. */
const char *promotable_objection(const struct message *m, const char **hint);

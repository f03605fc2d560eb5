/* welcome: what a server reported to a login with certain settings, pinned up where the other workers find
 * it, so that a login need not wait for a server only because it met a worker that has not asked one yet.
 * Thread-safe (a lock, taken at logins only); bounded. */
#pragma once

#include "base/buf.h"
#include "base/sv.h"

#include <stdbool.h>

/* Appends the ParameterStatus messages kept under `key` to *params. False: there are none. */
bool welcome_find(struct sv key, struct buf *params);

/* Keeps a copy under `key`; the oldest goes when there are too many. */
void welcome_keep(struct sv key, const struct buf *params);

/* Forgets all: a new configuration. */
void welcome_forget_all(void);

/* pass: descriptors on their way to another process of our own user, through a unix socket. Blocks the thread
 * until the other side has taken them, as long as its caller says: for a takeover, not for every day. */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

enum { PASS_PATIENCE_US = 10000000 };

/* Whether who is at the other end of `fd` may have our descriptors: it could do all we can. */
bool pass_allowed(int fd);

/* Sends all of `bytes`, the descriptor (-1: none) with the first of them. False: not taken, or not in time.
 */
bool pass_bytes(int to, const struct buf *bytes, int fd, int64_t deadline_us);

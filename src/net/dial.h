/* dial: opens a connection to host and port without blocking: resolves a name (net/names.h), tries the
 * address whose turn it is and, should that fail, the others, reports once. The deadline is the caller's: it
 * cancels. One thread. */
#pragma once

#include "net/address.h"
#include "net/loop.h"

struct dial;

/* `fd` >= 0: connected, non-blocking, now the caller's. `fd` -1: `why` says what failed: PgBouncer's words,
 * then ": " and more. The dial is over: but for dial_address its pointer is invalid when this is called. */
typedef void dial_fn(void *arg, int fd, const char *why);

/* Starts; `done` may only be called later, never from within. */
struct dial *dial_start(struct loop *loop, const char *host, int port, dial_fn *done, void *arg);

/* The same for an address that is known. */
struct dial *dial_start_at(struct loop *loop, const struct address *address, dial_fn *done, void *arg);

/* The address tried last; while `done` runs with a socket, what it is connected to. */
const struct address *dial_address(const struct dial *dial);

/* Whether the name is still being looked up. */
bool dial_is_resolving(const struct dial *dial);

/* Gives up; `done` will not be called. */
void dial_cancel(struct dial *dial);

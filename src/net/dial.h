/* dial: opens a connection to host and port without blocking: resolves a name (libevent's resolver, which
 * reads /etc/hosts and resolv.conf), tries each of its addresses, reports once. The deadline is the caller's:
 * it cancels. One thread. */
#pragma once

#include "net/address.h"
#include "net/loop.h"

struct dial;

/* `fd` >= 0: connected, non-blocking, now the caller's. `fd` -1: `why` says what failed, in words. The dial
 * is over and its pointer invalid when this is called. */
typedef void dial_fn(void *arg, int fd, const char *why);

/* Starts; `done` may only be called later, never from within. */
struct dial *dial_start(struct loop *loop, const char *host, int port, dial_fn *done, void *arg);

/* Gives up; `done` will not be called. */
void dial_cancel(struct dial *dial);

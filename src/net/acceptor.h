/* acceptor: takes connections from listening sockets, on one loop. Several, on loops of their own, may share
 * the sockets; owner and thread of each: its loop.
 *
 * When the system has no descriptor or no memory for another connection, it stays where it is, in the
 * kernel's queue: the acceptor looks away for a moment, since the socket would go on being ready, and tries
 * again. */
#pragma once

#include "net/address.h"
#include "net/loop.h"

struct acceptor;
struct listeners;

enum { ALONE_TURNS = 8, ACCEPTS_MAX = 32 /* a turn and socket */, ACCEPT_PAUSE_US = 100000 };

/* Calls `accepted` on `loop` for each connection (fd non-blocking, now the callee's): one a turn and socket,
 * and up to ACCEPTS_MAX when there go on to be more. */
struct acceptor *acceptor_new(const struct listeners *l, struct loop *loop,
                              void (*accepted)(void *arg, int fd, const struct address *peer), void *arg);

/* NULL is allowed, as below. */
void acceptor_free(struct acceptor *a);

/* Goes on with unix sockets alone. */
void acceptor_leave_tcp(struct acceptor *a);

/* Whether accept() failed with `error` for want of something that will be there again; the log has been told,
 * at most once in ten seconds. */
bool accept_must_wait(int error);

/* listener: the sockets pgsteer listens on. Opened once by the roof, watched by every worker's loop (level
 * triggered, shared descriptors: whoever wakes first accepts). */
#pragma once

#include "base/status.h"
#include "net/address.h"
#include "net/loop.h"

enum { LISTENERS_MAX = 32 };

struct listeners {
        int count;
        int fds[LISTENERS_MAX];
        char paths[LISTENERS_MAX][108]; /* of unix sockets, to be removed at the end; "" for others */
};

/* Opens `host` ("*": every IPv4 and IPv6 address; a name; an address; "/dir" or "@name": unix socket with
 * `mode`) and adds it. On failure `message` names address and reason. Blocking name lookup: start-up only. */
MUST_USE enum status listeners_add(struct listeners *l, const char *host, int port, int backlog, int mode,
                                   char *message, size_t size);

/* Closes all and removes socket files. */
void listeners_close(struct listeners *l);

struct watch;

/* Calls `accepted` on `loop` for each connection (fd non-blocking, now the callee's), at most 32 a turn and
 * socket. */
struct watch *listeners_watch(const struct listeners *l, struct loop *loop,
                              void (*accepted)(void *arg, int fd, const struct address *peer), void *arg);
void listeners_unwatch(struct watch *watch);

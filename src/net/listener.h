/* listener: the sockets pgsteer listens on. Opened once by the roof, or given to it by somebody who had
 * opened them: a service manager, or the process whose place it takes. Watched by every worker's loop (level
 * triggered, shared descriptors: whoever wakes first accepts). */
#pragma once

#include "base/status.h"
#include "net/address.h"
#include "net/loop.h"

#include <stdbool.h>

enum { LISTENERS_MAX = 32 };

struct listeners {
        int count;
        int fds[LISTENERS_MAX];         /* -1: closed already */
        char paths[LISTENERS_MAX][108]; /* of unix sockets, to be removed at the end; "" for others */
        int spare_count;                /* listening already, and not asked for yet */
        int spares[LISTENERS_MAX];
};

/* How a socket is opened. */
struct listen_how {
        int backlog;
        bool reuseport;    /* TCP: other processes may listen on the same port */
        int mode;          /* of a unix socket's file */
        const char *group; /* of a unix socket's file; NULL or "": the process's */
};

/* Opens `host` ("*": every IPv4 and IPv6 address; a name; an address; "/dir" or "@name": unix socket) and
 * adds it; a spare that listens there already is taken instead. On failure *why says the reason. Blocking
 * name lookup: start-up only. */
struct listen_why {
        char text[400];
};
MUST_USE enum status listeners_add(struct listeners *l, const char *host, int port,
                                   const struct listen_how *how, struct listen_why *why);

/* A listening socket that somebody else has opened, for listeners_add to find; closed when there are too
 * many.
 */
void listeners_offer(struct listeners *l, int fd);
/* Takes all spares as they are, whatever their address; their files are not ours to remove. */
void listeners_take_spares(struct listeners *l);
/* Spares that `from` has not asked for are for `to` to find. */
void listeners_pass_spares(struct listeners *from, struct listeners *to);
/* Closes the spares that nobody has asked for. */
void listeners_close_spares(struct listeners *l);

/* What the options tcp_... say of TCP connections accepted from now on, which have it from the socket they
 * came by (tcp(7)): nothing is left to be set for each. */
void listeners_configure(const struct listeners *l, const struct options *opt);

/* Closes those that are no unix sockets, which nobody may watch any more. take(arg, fd, peer) is given the
 * connections that wait there. */
typedef void listener_last_fn(void *arg, int fd, const struct address *peer);
void listeners_close_tcp(struct listeners *l, listener_last_fn *take, void *arg);

/* Closes all and removes socket files. */
void listeners_close(struct listeners *l);
/* Closes all; the files stay for the process that listens there now. */
void listeners_hand_over(struct listeners *l);

/* Whether a listening socket is a unix socket. */
bool listener_is_unix(int fd);

/* bequest: a server connection as it is left to the process that takes pgsteer's place (-R): which pool it is
 * of, what its session has, and what of its conversation is half done. One thread. */
#pragma once

#include "pool/pool.h"
#include "wire/bundle.h"

/* Whether it can be handed over in its present state. One that logs in, is reset, speaks TLS, or has a
 * cancel request on its way cannot: it is closed, and another one opened when it is needed. */
bool bequest_possible(const struct server *s);

/* Writes what it is; changes nothing. */
void bequest_put_server(struct writer *w, const struct server *s);

/* The server of a bundle as one of `pools`, SERVER_LEASED for a client that is about to be joined, else
 * SERVER_IDLE; counted even beyond limits. NULL: the configuration has no such pool any more, or the bundle
 * makes no sense; the descriptor is then closed. Takes over `fd`. */
struct server *bequest_take_server(struct pools *pools, struct sv bundle, int fd, bool leased);

/* The end of a process whose servers are another's now: serves nobody any more, and opens nothing; then
 * forgets the idle servers whose sockets have been closed. */
void pools_stop_serving(struct pools *pools);
void pools_forget_closed(struct pools *pools);

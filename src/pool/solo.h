/* solo: servers that one client has to itself, for replication: opened for it with its own startup
 * parameters, lent to nobody else, closed with it. They count in the pool's size; when that is used up, an
 * idle server of the pool has to go ("evicted"). Their clients have a queue of their own, beside the pool's.
 *
 *     solo_wait --> open a server for the waiter --> logged in: ops->granted; the node says no: ops->failed
 *
 * Owner and thread: the pool's worker. */
#pragma once

#include "pool/pool.h"

/* `w` wants a server for replication, to be opened with the startup parameters in `params` (name NUL value
 * NUL
 * ..., besides user and database), which stay the caller's until it is granted or failed. pool_cancel_wait
 * ends the wait. */
void solo_wait(struct pool *pool, struct waiter *w, enum replication kind, const struct buf *params);
void solo_cancel(struct waiter *w);

/* Opens what can be opened. */
void solo_serve(struct pool *pool);

/* Whether one of them has waited longer than the first in the pool's own queue, and has no server coming. */
bool solo_is_first(const struct pool *pool);

/* For pool.c and server.c: it has logged in; the node refuses the login (and it is closed); it is closed. */
void solo_ready(struct server *s);
void solo_refused(struct server *s, const struct refusal *r);
void solo_closed(struct server *s);

/* Everybody who waits is told. */
void solo_fail_all(struct pool *pool, enum pool_trouble trouble, const struct refusal *r);

/* Those that the configuration has overtaken: nobody waits for the end of a stream. */
void solo_close_outdated(struct pool *pool);

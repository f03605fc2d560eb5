/* doubt: a COMMIT that was lost with its server, of a transaction whose id is known (session/outcome.h). The
 * client waits for a primary, as one that is held; that is asked what became of the transaction
 * (pg_xact_status), and the client gets what its COMMIT would have brought, or 40001. Where it cannot be
 * known, 40003 says why.
 *
 *     lost --> IDLE, and on to HELD, WAITING, SETTING, ACTIVE --> ASKING --(answer)--> IDLE
 *                       ^                                           |
 *                       +-------(lost again, or still running)------+
 *
 * That lasts for failover_timeout at most. A session that was pinned to the lost server ends then: with the
 * error, or behind its COMMIT. */
#pragma once

#include "session/client.h"

/* Whether what the client waits for is a COMMIT and nothing else, and it is not known what became of it, but
 * can be found out. Its server, which it still has, is lost; `reported`: has said that it aborts. */
bool doubt_is_possible(struct client *c, bool reported);

/* Notes what is needed when the server is gone. */
struct doubt *doubt_new(struct client *c);

/* The client has parted from its server and forgotten the transaction, and is in CLIENT_IDLE. */
void doubt_begin(struct client *c, struct doubt *d);

/* What client_go_on does instead of reading the client's bytes. */
void doubt_go_on(struct client *c);

/* A server in CLIENT_ASKING has something to read; or, in any state, it is lost. */
void doubt_readable(struct server *s);
void doubt_lost(struct client *c, const char *why);

/* In any state: it stays unknown, `why` being the reason. */
void doubt_give_up(struct client *c, const char *why);

/* Forgets it without a word. */
void doubt_free(struct client *c);

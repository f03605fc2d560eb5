/* gate: whether one more client may come in: max_client_conn, and the limits on the clients of a database and
 * of a user, counted over all workers before anybody is asked for a password. Administrators of the console
 * are counted and always let in, as in PgBouncer. */
#pragma once

#include "session/client.h"

/* The client has named its database and user. False: there are too many, and it is in CLIENT_GATE until it is
 * known that none of them has left; then entry_let_in, or it is refused. It is counted out by
 * budgets_leave(c->budget). */
bool gate_enter(struct client *c);

/* All threads have seen who has left. */
void gate_try_again(struct client *c);

/* Counts in a client of (database, user) that another process has let in, whatever the limits. */
void gate_keep(struct client *c, const char *database, const char *user);

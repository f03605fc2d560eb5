/* gate: whether one more client may come in: max_client_conn, and the limits on the clients of a database and
 * of a user, counted over all workers before anybody is asked for a password. Administrators of the console
 * are counted and always let in, as in PgBouncer. */
#pragma once

#include "session/client.h"

/* The client has named its database and user. False: it has been refused. It is counted out by
 * budgets_leave(c->budget). */
bool gate_enter(struct client *c);

/* Counts in a client of (database, user) that another process has let in, whatever the limits. */
void gate_keep(struct client *c, const char *database, const char *user);

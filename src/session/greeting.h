/* greeting: the answer to a login that succeeded: AuthenticationOk, the parameters as a real server reported
 * them with what this client asked for in their place, its cancel key, ReadyForQuery (manual, "Start-up").
 *
 * Clients that ask for the same get the same, but for the key: it is made once and kept with the welcome. */
#pragma once

#include "session/client.h"

/* Sends it. With session_state off, c->settings becomes what the client has been told of the tracked
 * parameters. Closes the client when that fails. */
void greeting_send(struct client *c, struct welcome *w);

/* Writes once more what it said of the startup packet's settings, as far as they hold now. The server's own
 * values were reported when a RESET went back to them. */
void greeting_remind(struct client *c, struct writer *w);

/* Behind the loss of a transaction that had changed settings: tells the client those that its server, which
 * has been given them, has reported. Nothing in all other cases, nor while its COMMIT is in doubt. */
void greeting_retell(struct client *c);

/* The same as greeting_send with what the client's own server has reported, and nothing else. */
void greeting_pass_on(struct client *c, const struct params *params);

/* Frees those that `w` has. */
void greetings_forget(struct welcome *w, struct settings_table *table);

/* carry: the settings of a session follow its client from server to server.
 *
 * With session_state on, SET, RESET, set_config and DISCARD are understood as they pass, kept in
 * client->settings, and the difference is applied when another server is attached; with it off, only what a
 * server reports with ParameterStatus is followed, as PgBouncer does. What cannot be carried pins the client
 * to its server.
 *
 * A change counts when its transaction commits: client->settings_now and server->wanted run ahead, and become
 * client->settings and server->applied, or are forgotten. */
#pragma once

#include "session/client.h"
#include "wire/proto.h"

/* Makes the client's server have `wanted`. True: it has already. False: statements were sent, and
 * carry_readable goes on when they are answered; or the server broke, and the loss has been dealt with. */
bool carry_begin(struct client *c, struct settings *wanted);

/* The same at rest on a server that the session keeps, which is needed after a RESET only: that goes back to
 * the server's values, and not to those of the client's startup packet. */
bool carry_keep(struct client *c);

/* The server of a client in CLIENT_WELCOME or CLIENT_SETTING has something to read. */
void carry_readable(struct server *s);

/* `text` is about to be sent and `facts` is what it is: remembers settings and pins. */
void carry_note(struct client *c, struct sv text, const struct facts *facts);

/* ReadyForQuery 'I' has come: what the transaction changed holds, or is forgotten. */
void carry_settle(struct client *c, struct server *s);

/* The server reported a parameter to the client. */
void carry_report(struct client *c, struct sv name, struct sv value);

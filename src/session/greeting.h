/* greeting: the answer to a login that succeeded: AuthenticationOk, the parameters as a real server reported
 * them with what this client asked for in their place, its cancel key, ReadyForQuery (manual, "Start-up"). */
#pragma once

#include "session/client.h"

/* Sends it. `params`: ParameterStatus messages. With session_state off, c->settings becomes what the client
 * has been told of the tracked parameters. Closes the client when that fails. */
void greeting_send(struct client *c, const struct buf *params);

/* The same with what the client's own server has reported, and nothing else. */
void greeting_pass_on(struct client *c, const struct params *params);

/* startup: what a startup packet asks for, put into the client: user, database, settings. Refuses what cannot
 * be carried, with the text a person needs. */
#pragma once

#include "session/client.h"
#include "wire/startup.h"

/* Fills client->entry (user, database) and client->startup. STATUS_DENIED: *r says why. */
MUST_USE enum status startup_apply(struct client *c, const struct startup *s, struct refusal *r);

/* Gives the client a long cancel key where its protocol has them, and sends NegotiateProtocolVersion where it
 * asked for more than there is (manual, "NegotiateProtocolVersion"). False: the client is closed. */
bool startup_negotiate(struct client *c, const struct startup *s);

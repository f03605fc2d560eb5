/* effects: what a client's statements do to its settings, savepoints and pins.
 *
 *     sent:      effects_note keeps the statement (client->effects), and pins at once
 *     answered:  effects_done finds it by its tag: settings_now, server->wanted and savepoints follow
 *     COMMIT:    effects_settle: settings_now become the client's settings, wanted the server's
 *     ROLLBACK:  effects_settle: both are forgotten
 *
 * An error drops what was kept: a statement behind it has not run. What cannot be followed pins. With
 * session_state off, settings are what servers report (pool/tracked.h). */
#pragma once

#include "session/client.h"

/* Whether a statement with these facts has to be noted. */
bool effects_has(const struct facts *f);

/* `text` is about to be run by the client's server and `facts` is what it is. */
void effects_note(struct client *c, struct sv text, const struct facts *facts);

/* A statement was completed, with this tag. */
void effects_done(struct client *c, struct server *s, struct sv tag);

/* ReadyForQuery: what was kept and not completed has not run, or not as it was understood. */
void effects_drop(struct client *c);

/* A transaction has ended: what it changed holds, or is forgotten. */
void effects_settle(struct client *c, struct server *s, bool committed);

/* The server reported a parameter to the client. */
void effects_report(struct client *c, struct sv name, struct sv value);

/* The session has state in its server that cannot be carried. */
void effects_pin(struct client *c, unsigned pins);

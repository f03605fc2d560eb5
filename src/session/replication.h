/* replication: a client that asks for a replication connection gets a server of its own when it logs in,
 * opened with what its startup packet says (pool/solo.h), and keeps it until either leaves: nothing is
 * classified, carried or exchanged. In a cluster that is the primary, unless target_session_attrs says
 * otherwise (manual, "Streaming Replication Protocol"). */
#pragma once

#include "session/client.h"

/* CLIENT_WELCOME: looks for a server; harmless when one is on its way. */
void replication_ask(struct client *c);

/* It has logged in: the client is told what the server said, and the two are joined. */
void replication_granted(struct client *c, struct server *s, int node);

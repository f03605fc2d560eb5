/* control: the messages of a client without a server that begin, change or end a transaction block, simple or
 * in the extended protocol: answered here (manual, "Message Flow"). */
#pragma once

#include "session/client.h"

/* What stands at the front of a segment, in CLIENT_IDLE or CLIENT_BEGUN: one statement, a Query or all from
 * Parse or Bind to Execute. Returns how many bytes were answered; 0: it is none of those, or a server has to
 * answer it. */
size_t control_take(struct client *c, const uint8_t *p, size_t n);

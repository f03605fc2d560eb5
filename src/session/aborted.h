/* aborted: a transaction that has failed and that no server knows of, its server lost or never had: answered
 * as PostgreSQL answers in one, until the client ends it, or goes back to a savepoint of a block that is here
 * (session/block.h). */
#pragma once

#include "session/client.h"
#include "wire/proto.h"

/* Bytes of a client in CLIENT_ABORTED. Returns how many were used. */
size_t aborted_take(struct client *c, const uint8_t *p, size_t n);

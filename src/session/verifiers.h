/* verifiers: the SCRAM verifiers that a worker has made from clear secrets, so that a login does not pay for
 * the derivation each time. Where that takes long a helper does it (net/derivation.h), once for all who want
 * it: they are in CLIENT_INQUIRY until proof_go_on.
 *
 * Who does not exist waits for the one of another user (session/measure.h): from the time that a login takes
 * nobody can tell who exists, and nobody can fill this with names. Owner and thread: the worker. */
#pragma once

#include "auth/scram.h"

struct client;
struct room;
struct verifier;

enum { VERIFIERS_MAX = 8192 }; /* the oldest ones go */

/* Of `user` with this clear secret, which `c` is measured by. Valid until the next call. NULL: the client
 * waits for it, or has been refused. */
const struct scram_verifier *verifiers_find(struct client *c, const char *user, const char *secret);

/* Of a user of this name whom nobody knows, at no cost: it fits nothing. */
void verifiers_mock(const struct room *room, const char *user, struct scram_verifier *out);

/* A new configuration: who waits starts again. */
void verifiers_forget(struct room *room);

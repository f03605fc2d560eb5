/* verifiers: the SCRAM verifiers that a worker has made from clear secrets, so that a login does not pay for
 * the derivation each time. Where that takes long a helper does it (net/derivation.h), once for all who want
 * it: they are in CLIENT_INQUIRY until proof_go_on.
 *
 * Users who do not exist have one as well where there are such secrets, made and forgotten like the others:
 * from the time that a login takes nobody can tell who exists. Owner and thread: the worker. */
#pragma once

#include "auth/scram.h"

struct client;
struct room;
struct verifier;

enum { VERIFIERS_MAX = 8192 }; /* the oldest ones go */

/* Of the client's user with this clear secret; "": a user without one. Valid until the next call. NULL: the
 * client waits for it, or has been refused. */
const struct scram_verifier *verifiers_find(struct client *c, const char *secret);

/* Of a user whom nobody knows, at no cost: it fits nothing. */
void verifiers_mock(const struct client *c, struct scram_verifier *out);

/* A new configuration: who waits starts again. */
void verifiers_forget(struct room *room);

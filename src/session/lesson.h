/* lesson: what a client's statements are, with what has been learned about them (session/learned.h): a read
 * that a standby has refused is a write from then on. */
#pragma once

#include "session/client.h"

/* classify(), by the rules and lessons of the client's database; of a Parse with the `types` of its
 * parameters, as they stand behind its text, else empty. */
void lesson_classify(struct client *c, struct sv text, struct sv types, struct facts *out);

/* The same of a prepared statement. `space` is room for facts that are not the statement's own. */
const struct facts *lesson_facts(struct client *c, struct statement *s, struct facts *space);

/* A standby has refused the `n` bytes of a whole segment with this SQLSTATE, after `done` of its statements
 * had been completed: remembers the one that it was. */
void lesson_learn(struct client *c, const uint8_t *p, size_t n, unsigned done, struct sv sqlstate);

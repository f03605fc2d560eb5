/* bound: SELECT set_config($1, $2, false) with the values of its Bind in their places, so that it is
 * understood as one without parameters is. */
#pragma once

#include "session/client.h"
#include "wire/proto.h"

/* What a Bind binds, as text; empty: nobody knows. `unnamed`: the unnamed statement of its own segment, if
 * there is one. */
struct sv bound_statement(struct client *c, const struct msg *bind, struct sv unnamed);

enum { BOUND_TEXT_MAX = 8192 };

/* Writes `text`, which is SETTING_BOUND, with the values of `bind`. Empty: they cannot be told (NULL, not
 * here yet, too long). */
struct sv bound_text(struct sv text, unsigned lexing, const struct msg *bind, char out[BOUND_TEXT_MAX]);

/* The statement `text`, which is SETTING_BOUND, is about to run with these values: effects_note() of what
 * that is. */
void bound_note(struct client *c, struct sv text, const struct msg *bind);

/* Facts of the set_config in the `n` bytes of a segment, of which one is SETTING_BOUND. False: cannot be
 * told. Views point into `space`. */
bool bound_facts(struct client *c, const uint8_t *p, size_t n, char space[BOUND_TEXT_MAX], struct facts *out);

/* wishes: what a session says about its own routes: pgsteer.route (auto, primary, standby) and
 * pgsteer.consistency (eventual, session, strong). Other words are refused where they are said outside of a
 * server's transaction; inside of one they are as if nothing was said. */
#pragma once

#include "session/client.h"

/* False: `f` sets one of the two to a word that it does not have; *r is the ERROR (22023). */
MUST_USE bool wishes_weigh(const struct facts *f, struct refusal *r);

/* The same for a parameter of a startup packet; *r is a FATAL one. */
MUST_USE bool wishes_weigh_at_login(struct sv name, struct sv value, struct refusal *r);

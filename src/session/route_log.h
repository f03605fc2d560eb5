/* route_log: one line in the log for one of so many route decisions (log_routes): where a segment goes, why,
 * and by which token. What it says of the statement's constants is what log_routes_text allows: nothing,
 * until somebody asks for it.
 *
 *     ... route: target=standby node=10.0.0.2:5432 class=read reason="read" token=""
 *     ... route: target=primary node=10.0.0.1:5432 class=write reason="dml" token="UPDATE" text=update t set
 * a = ?
 *
 * As many in a second as session/line_bound.h allows. */
#pragma once

#include "router/route.h"
#include "session/client.h"

/* For route_log, when log_routes is not 0. */
void route_log_tell(struct client *c, const struct facts *facts, const struct route *route, struct sv text);

/* A decision about a segment whose gravest statement is `text` (empty: unknown). One compare when nothing is
 * logged. */
static inline void route_log(struct client *c, const struct facts *facts, const struct route *route,
                             struct sv text)
{
        if (c->room->conf->opt.log_routes > 0)
                route_log_tell(c, facts, route, text);
}

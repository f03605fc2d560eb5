/* roster: the members that Patroni says a cluster has, and the switchover it has in mind: what its GET
 * /cluster says, read, and kept over time. Pure: no I/O, no clock.
 *
 * A member is added when it is named, and taken off when it was not named for ROSTER_KEEPS_US: a server that
 * dies goes out of Patroni's sight and comes back, and is one of the cluster all the while. */
#pragma once

#include "base/status.h"
#include "conf/conf.h"

#define ROSTER_KEEPS_US INT64_C(120000000)

enum { ROSTER_HOST_SIZE = 256 };

struct roster {
        struct roster_member {
                char host[ROSTER_HOST_SIZE];
                int port;
                int64_t seen_us;
        } members[CONF_NODES_MAX];
        int count;
        int64_t switchover_wall_us; /* when a switchover is to begin; 0: none is intended */
};

/* Reads a body into *out, seen at `now_us`. STATUS_INVALID: it is not what Patroni says, and *why (static)
 * what is wrong. */
MUST_USE enum status roster_read(struct roster *out, const char *body, size_t size, int64_t now_us,
                                 const char **why);

/* Takes `news` in. Whether the members are others now; those that stay keep their places. */
bool roster_take(struct roster *roster, const struct roster *news, int64_t now_us);

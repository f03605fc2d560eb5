/* floor: what a session's reads must not lie before: its own commits, and what it has been shown.
 *
 * A moment (clock_us) stands for all that was committed before it; node.fresh_us says which moment a standby
 * has reached. What a read has shown is at most what was committed when its answer came. The node that showed
 * it has it for ever, another one must have passed that moment: so a session that reads on and on stays with
 * its standby. A node whose run may have ended (node.run) has lost that privilege. Moments hold beyond a
 * failover: what the new primary has is all there is, and its samples are younger. One thread. */
#pragma once

#include "router/route.h"

struct client;
struct server;

struct floor {
        int64_t commit_us;          /* newest own commit; 0: none */
        int64_t seen_us;            /* when the last answer came; 0: none */
        const struct node *seen_on; /* who gave it; NULL: it counts no more who */
        uint32_t seen_run;          /* node.run when it was asked */
        int seen_index;             /* of the node in its cluster */
        uint32_t run;               /* of the server's node when the client was joined to it */
};

/* What this session's reads must see: as it says itself, else as its endpoint does. */
enum consistency floor_consistency(const struct client *c);

/* A commit has been confirmed: from now on this session must see it. */
void floor_committed(struct client *c);

/* The client has been joined to `s`, and parts from it. */
void floor_joined(struct client *c, const struct server *s);
void floor_parting(struct client *c, const struct server *s);

/* Fills in what a read must see: consistency, floor_us, seen_us and seen_on of `q`. */
void floor_ask(const struct client *c, struct route_question *q);

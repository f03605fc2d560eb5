/* floor: what a session's reads must not lie before: its own commits, and what it has been shown.
 *
 * A moment (clock_us) stands for all that was committed before it; node.fresh_us says which moment a standby
 * has reached. What a read has shown is at most what was committed when its answer came. The node that showed
 * it has it for ever, another one must have passed that moment: so a session that reads on and on stays with
 * its standby. A node whose run may have ended (node.run) has lost that privilege. Moments hold beyond a
 * failover: what the new primary has is all there is, and its samples are younger.
 *
 * Between sessions, perhaps of two processes, a floor goes as a place in the WAL: SHOW pgsteer.lsn asks the
 * server where the WAL ends, before which all lies that the session has seen; SET pgsteer.min_lsn is a
 * setting like others, and looked at on its way. One thread. */
#pragma once

#include "base/status.h"
#include "router/route.h"

struct client;
struct refusal;
struct server;
struct up;

struct floor {
        int64_t commit_us;          /* newest own commit; 0: none */
        int64_t seen_us;            /* when the last answer came; 0: none */
        const struct node *seen_on; /* who gave it; NULL: it counts no more who */
        uint32_t seen_run;          /* node.run when it was asked */
        int seen_index;             /* of the node in its cluster */
        uint32_t run;               /* of the server's node when the client was joined to it */
        struct position min;        /* pgsteer.min_lsn, for which a place stands in the WAL */
};

/* What becomes of a SET pgsteer.min_lsn. */
enum floor_verdict {
        FLOOR_TAKEN,   /* or it is another statement */
        FLOOR_AWAITED, /* the primary may not be that far: when it has been asked again, we know */
        FLOOR_REFUSED,
};

/* What this session's reads must see: as it says itself, else as its endpoint does. */
enum consistency floor_consistency(const struct client *c);

/* A commit has been confirmed: from now on this session must see it. */
void floor_committed(struct client *c);

/* The client has been joined to `s`. */
void floor_joined(struct client *c, const struct server *s);

/* What it has been shown since then, until now, came from `s`. */
void floor_shown(struct client *c, const struct server *s);

/* Weighs a statement that is about to be sent: a position that is none, of another cluster, on a timeline
 * that has not begun or ahead of the primary is refused with 22023. */
MUST_USE enum floor_verdict floor_weigh(struct client *c, const struct facts *f, struct refusal *r);

/* The same for a parameter of a startup packet, of which the form alone is looked at. */
MUST_USE enum floor_verdict floor_weigh_at_login(struct sv name, struct sv value, struct refusal *r);

/* For those below, which have seen that something is shown. */
bool floor_is_shown(const struct client *c, const struct facts *f);
bool floor_tell_shown(struct up *up, const struct facts *f);

/* Whether `f` is SHOW pgsteer.lsn, alone in its text, of a client on a cluster's database. */
static inline bool floor_is_asked(const struct client *c, const struct facts *f)
{
        return f->show.n > 0 && floor_is_shown(c, f);
}

/* The client's next message is or means `f`: when that asks for the floor, the server learns the value
 * before. False: the client has been refused. */
static inline bool floor_tell(struct up *up, const struct facts *f)
{
        return f->show.n == 0 || floor_tell_shown(up, f);
}

/* Fills in what a read must see: consistency, floor_us, seen_us, seen_on and min of `q`. */
void floor_ask(const struct client *c, struct route_question *q);

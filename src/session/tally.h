/* tally: what becomes of each query, on its way to the server and back: its calls, rows, errors and time go
 * into the room's queries, and a slow one into the log. Off (query_stats_size=0) it is one compare.
 *
 * The reply that a server owes carries the query's key and place (struct reply, key), so that what comes back
 * needs no looking up. Statements that are prepared by name while names are not exchanged (session pooling)
 * are not known here, and not counted. */
#pragma once

#include "session/client.h"
#include "wire/proto.h"

/* Whether anything is counted. */
static inline bool tally_counts(const struct client *c)
{
        return c->room->queries.count > 0 && c->replication == REPLICATION_NONE;
}

/* A Query on its way: its key and place, as up_owe takes them; NULL: it is not counted, as one that is longer
 * than what is here. */
const uint64_t *tally_query(struct client *c, const struct msg *m);

/* A Parse of the unnamed statement (empty: its text is not known); a Bind of `st`, or without it of `name`;
 * and what an Execute runs. */
void tally_unnamed(struct client *c, struct sv text);
void tally_bind(struct client *c, struct statement *st, struct sv name);
static inline const uint64_t *tally_execute(const struct client *c)
{
        return tally_counts(c) ? c->server->tally.query : NULL;
}

/* The tag of a CommandComplete. */
void tally_rows(struct client *c, struct sv tag);

/* The oldest owed reply, of a query, is complete; or an error has come for the first query owed. */
void tally_done(struct client *c, struct server *s);
void tally_failed(struct client *c, struct server *s);

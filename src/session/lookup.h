/* lookup: asks a server for the secret of a user who is not in auth_file (auth_user, auth_query,
 * auth_dbname).
 *
 *     lookup_begin --> CLIENT_LOOKUP: a server of (auth_dbname, auth_user) is leased, cleared of all
 * settings, asked with auth_query --> entry_looked_up
 *
 * Nothing that the client has said reaches that server but the user's name, as a parameter: no setting, no
 * search_path. What comes back belongs to this one login; the next one asks again. */
#pragma once

#include "session/client.h"

/* What a lookup has found; hangs on client->entry. */
struct lookup {
        enum { LOOKUP_NONE, LOOKUP_ABSENT, LOOKUP_FOUND } result;
        char *secret; /* FOUND: NULL when the server has none, or it has expired */
        bool error;   /* the query failed */
        int rows;
};

/* Begins when the database's line, or the configuration, names an auth_user. False: it does not. */
bool lookup_begin(struct client *c);

/* CLIENT_LOOKUP: looks for a server; harmless when one has been asked. */
void lookup_ask(struct client *c);

/* The server that was leased, and its settings cleared. */
void lookup_granted(struct client *c, struct server *s);
void lookup_cleared(struct client *c);

/* That server has something to read. */
void lookup_readable(struct server *s);

void lookup_fini(struct lookup *lookup);

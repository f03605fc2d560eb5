/* inquiry: a client's password is shown to those who know whether it is right (authority/authority.h: LDAP,
 * PAM).
 *
 *     inquiry_open --> a password is awaited --> inquiry_begin: CLIENT_INQUIRY, a helper asks --> its letter:
 * entry_admit, or refused
 *
 * A client that leaves meanwhile takes its question back, or, when it is being asked already, leaves it to
 * its letter, which then finds no client. Hangs on client->entry; the worker's thread. */
#pragma once

#include "session/vouch.h"

struct inquiry;

/* PgBouncer does not mix this with users whom auth_query finds: under [pgbouncer] a database line with an
 * auth_user refuses such logins. False: it has been refused. */
bool inquiry_allowed(struct client *c, enum auth_type type);

/* For a demand of type AUTH_LDAP or AUTH_PAM; keeps the rule alive. NULL: the client has been refused, as
 * there is nobody to ask. */
struct inquiry *inquiry_open(struct client *c, const struct demand *demand);

/* CLIENT_AUTH: the client's inquiry, with its password. */
void inquiry_begin(struct client *c, const char *password);

/* The client's login has ended. NULL is allowed. */
void inquiry_close(struct inquiry *inquiry);

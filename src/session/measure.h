/* measure: what a client's proof is measured by: its own secret, from auth_file or auth_query; and for who
 * has none, that of somebody else who is in the same place: the user of auth_file whom its name falls to, or
 * a secret of nobody's like the last one that auth_query found. So a stranger is asked what others are asked,
 * and costs what they cost, derivations that are remembered included; neither words nor time tell that there
 * is no such user. It never lets a stranger in. Owner and thread: the worker. */
#pragma once

#include "auth/secret.h"

struct client;
struct room;

struct measure {
        enum secret_kind kind;
        const char *secret, *user; /* NULL: nobody has any, or until the next configuration or lookup */
        bool doomed;               /* a stranger's: to be denied, whatever comes */
};

struct measure measure_of(const struct client *c);

/* Whether auth_file has the user with a secret, or auth_query has found it. */
bool measure_is_known(const struct client *c);

/* What auth_query has found for somebody; NULL: no secret. */
void measure_note(struct room *room, const char *secret);

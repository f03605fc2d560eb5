/* takeover: TAKEOVER, by which another process of pgsteer takes this one's place: first nobody new is let in
 * and logins under way may end, then the workers stop and all they have is sent to the successor, whose
 * SHUTDOWN makes that final. If it goes away instead, everything goes on here as if nothing had been.
 *
 *     row: task ("process", "pooler", "client", "server"), bundle; all but the first have a descriptor with
 *     them (SCM_RIGHTS). A client that is "linked" is followed by its server.
 *
 * Only through a unix socket and only to our own user. Owner and thread: admin, the control thread. */
#pragma once

#include "admin/console.h"

/* The command; true: it has ended. */
bool job_takeover(struct job *job);

/* Answers it: sends all there is. False: the successor did not take it; *r says so, and everything goes on.
 */
bool takeover_send(struct console *c, struct refusal *r);

/* The console has gone: if it was the successor's, everything goes on. */
void takeover_left(struct admin *admin, const struct console *c);

/* SHUTDOWN by the console `who`: if it is the successor's and has got everything, all is its now. */
void takeover_settle(struct admin *admin, const void *who);

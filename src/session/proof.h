/* proof: how a client shows that it is who it says: trust, a password, md5, SCRAM-SHA-256, each against the
 * secret in auth_file, or the one that auth_query has found; or others do (session/vouch.h,
 * session/inquiry.h). A user who does not exist is asked all the same, so that nobody can tell
 * (session/measure.h). State that only this needs is in client->entry; who has shown it goes on with
 * entry_admit. */
#pragma once

#include "session/vouch.h"
#include "wire/proto.h"

/* In a state before CLIENT_AUTH: admits, refuses, or asks, and the state is CLIENT_AUTH. */
void proof_ask(struct client *c);

/* Whether a rule, or that there is none, keeps it out whoever it is; then it has been refused. */
bool proof_refuse(struct client *c, const struct demand *demand);

/* CLIENT_AUTH: whether a message of that may be taken now. False: it has to wait, in another state. */
bool proof_hears(struct client *c);

/* CLIENT_AUTH: a whole PasswordMessage, SASLInitialResponse or SASLResponse. */
void proof_take(struct client *c, const struct msg *m);

/* CLIENT_INQUIRY: the verifier that it awaited has been made, or has to be looked for again. */
void proof_go_on(struct client *c);

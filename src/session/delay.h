/* delay: who guesses passwords waits (auth_delay): for the refusal, and when he does not wait for that,
 * before his next attempt is looked at. Addresses count, an IPv6 one as its network of 64 bits; through a
 * Unix socket it is the user that counts.
 *
 *     CLIENT_AUTH --(failed)--> CLIENT_DELAYED --(paid: deadlines)--> the refusal is told
 *     CLIENT_AUTH --(its turn is later)--> CLIENT_DELAYED --(deadlines)--> CLIENT_AUTH
 *
 * What keeps the second from hitting the innocent: it counts one user from one address only. */
#pragma once

#include "session/client.h"

struct refusal;

/* CLIENT_AUTH: whether what it has sent may be looked at now. False: it is in CLIENT_DELAYED. */
bool delay_hears(struct client *c);

/* A password or proof was wrong: closes the client as client_close does, when it has paid. */
void delay_deny(struct client *c, const struct refusal *r, const char *why);

/* CLIENT_DELAYED: when something has to be done about it, and that moment has come. `why` must be static. */
int64_t delay_due(const struct client *c);
void delay_end(struct client *c);

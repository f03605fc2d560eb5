/* catchup: a read that no standby may serve yet waits a moment for one to catch up, before it goes to the
 * primary (causal_wait).
 *
 * While somebody waits, health asks the nodes every few milliseconds, and each answer is told to all workers.
 * Where waiting was in vain (a standby whose replay is paused or delayed) nobody waits for a while. One
 * thread, but for the numbers in struct cluster. */
#pragma once

#include <stdbool.h>

struct client;
struct room;
struct route;

/* Whether the client, CLIENT_IDLE or CLIENT_BEGUN with a whole segment in front that `route` sends to the
 * primary for want of freshness, waits instead: then it is CLIENT_CATCHING. */
bool catchup_waits(struct client *c, const struct route *route);

/* The same client waits until the primary has been asked again (client->catching_us is before that). */
void catchup_await(struct client *c);

/* Nodes have answered, or time has passed: who waits decides anew. */
void catchup_look(struct room *room);

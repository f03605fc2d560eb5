/* owed: what a server owes its client, settled where no message of the server's own does it: the answers that
 * we give in its place, and those that an error takes away. */
#pragma once

#include "session/client.h"

struct plan;

void owed_answer_local(struct client *c, struct server *s, struct plan *plan);

/* Adds the answers that we give in the server's place, as far as their turn has come. */
static inline void owed_answer(struct client *c, struct server *s, struct plan *plan)
{
        if (s->replies.local > 0)
                owed_answer_local(c, s, plan);
}

/* After an error: what is owed up to where the server goes on. */
void owed_skip(struct client *c, struct server *s);

/* Whether what the server answers next is of the extended protocol. */
bool owed_in_extended(struct replies *owed);

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

/* For owed_skip: something is skipped. */
void owed_skip_some(struct client *c, struct server *s);

/* After an error in the extended protocol the server answers nothing more up to the next Sync, simple queries
 * not excepted. */
static inline bool owed_is_skipped(const struct server *s, const struct reply *reply)
{
        return s->skipping ? reply->kind != REPLY_SYNC : !reply_ends_segment(reply);
}

/* After an error: what is owed up to where the server goes on. */
static inline void owed_skip(struct client *c, struct server *s)
{
        const struct reply *head = replies_head(&s->replies);

        if (head != NULL && owed_is_skipped(s, head))
                owed_skip_some(c, s);
}

/* Whether what the server answers next is of the extended protocol. */
static inline bool owed_in_extended(const struct replies *owed)
{
        for (uint32_t i = 0; i < owed->count; i++)
                if (!(replies_at(owed, i)->flags & REPLY_LOCAL))
                        return !reply_ends_segment(replies_at(owed, i));
        return false;
}

#include "session/owed.h"

#include "session/again.h"
#include "session/plan.h"
#include "wire/proto.h"

void owed_answer_local(struct client *c, struct server *s, struct plan *plan)
{
        static const uint8_t parse_complete[] = {BE_PARSE_COMPLETE, 0, 0, 0, 4};
        static const uint8_t close_complete[] = {BE_CLOSE_COMPLETE, 0, 0, 0, 4};
        struct statements *all = &c->room->statements;
        struct reply *head;

        /* After an error the server skips to Sync, and so do we. While the segment may be run again nothing
         * of its answer may leave. */
        while (!c->failed && !again_may(c) && (head = replies_head(&s->replies)) != NULL &&
               (head->flags & REPLY_LOCAL)) {
                if (!again_tells(c)) {
                        /* again_rewind takes it back */
                } else if (head->kind == REPLY_PARSE) {
                        names_settle(&c->names, all, head->key, true);
                        plan_put(plan, parse_complete, sizeof(parse_complete));
                } else {
                        names_closed(&c->names, all);
                        plan_put(plan, close_complete, sizeof(close_complete));
                }
                replies_pop(&s->replies);
        }
}

/* A message was skipped, or refused: what we believe about the server goes back. */
static void undo_there(struct server *s, const struct reply *reply)
{
        if (reply->kind == REPLY_CLOSE && (reply->flags & REPLY_SWALLOW) &&
            (reply->key[0] | reply->key[1]) != 0 && !prepared_touch(&s->prepared, reply->key))
                prepared_add(&s->prepared, reply->key, 0);
        if (reply->kind == REPLY_PARSE && !(reply->flags & REPLY_LOCAL))
                prepared_forget(&s->prepared, reply->key);
}

/* And what the client believes. */
static void undo_here(struct client *c, const struct reply *reply)
{
        struct statements *all = &c->room->statements;
        bool repair = c->room->conf->opt.prepared_repair;

        if (reply->kind == REPLY_PARSE && repair)
                names_settle(&c->names, all, reply->key, false);
        else if (reply->kind == REPLY_PARSE)
                names_doubt(&c->names, reply->key);
        else if (reply->kind == REPLY_CLOSE && (reply->flags & REPLY_LOCAL) && repair)
                names_reopen(&c->names, all);
        else if (reply->kind == REPLY_CLOSE && (reply->flags & REPLY_LOCAL))
                names_closed(&c->names, all);
}

void owed_skip_some(struct client *c, struct server *s)
{
        struct replies *owed = &s->replies;
        uint32_t n = 0;

        while (n < owed->count && owed_is_skipped(s, replies_at(owed, n)))
                n++;
        for (uint32_t i = n; i-- > 0;) { /* what came last is undone first */
                undo_there(s, replies_at(owed, i));
                if (again_tells(c) && !(replies_at(owed, i)->flags & REPLY_SWALLOW))
                        undo_here(c, replies_at(owed, i));
        }
        while (n-- > 0)
                replies_pop(owed);
}

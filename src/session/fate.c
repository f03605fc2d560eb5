#include "session/fate.h"

#include "wire/fields.h"

/* The statements of one Query are one transaction, which the last one commits, unless they say otherwise. */
void fate_tag(struct client *c, struct reply *head, struct sv tag)
{
        bool query = head == NULL || head->kind == REPLY_QUERY, last = head == NULL || head->left <= 1;

        if (query && !last)
                head->left--;
        if ((query && last) || sv_is(tag, "COMMIT") || sv_is(tag, "ROLLBACK") ||
            sv_is(tag, "PREPARE TRANSACTION"))
                c->ended = true;
}

void fate_function(struct client *c)
{
        c->ended = true;
}

void fate_notice(struct client *c, const struct msg *m)
{
        struct error_fields e;

        error_fields_read(m, &e);
        if (notice_is_of_commit(&e))
                c->unwaited = true;
}

void fate_ready(struct client *c)
{
        c->ended = c->unwaited = false;
        if (c->server->replies.count == 0)
                c->piecewise = false;
}

void fate_clear(struct client *c)
{
        c->ended = c->unwaited = c->piecewise = false;
}

/* Whether what is owed first has not been completed: a statement, or the rest of a segment whose Sync has not
 * been sent. */
static bool is_unfinished(struct replies *owed, bool in_segment)
{
        for (uint32_t i = 0; i < owed->count; i++) {
                const struct reply *reply = replies_at(owed, i);

                if (!(reply->flags & REPLY_LOCAL) &&
                    (reply->kind == REPLY_EXECUTE || reply_ends_segment(reply)))
                        return reply->kind != REPLY_SYNC;
        }
        return in_segment;
}

bool fate_is_abort(const struct client *c)
{
        return !c->ended && !c->unwaited && !c->piecewise &&
               is_unfinished(&c->server->replies, c->in_segment);
}

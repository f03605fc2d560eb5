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

void fate_notice(struct client *c, const struct error_fields *e)
{
        if (notice_is_of_commit(e))
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

/* Whether what is owed first has not been completed: a statement, the rest of a segment whose Sync has not
 * been sent, or a Sync, behind whose commit nothing is done before ReadyForQuery but for who listens. */
static bool is_unfinished(const struct client *c)
{
        struct replies *owed = &c->server->replies;
        bool listens = (c->pins & PIN_LISTEN) != 0 || !c->room->conf->opt.session_state;

        for (uint32_t i = 0; i < owed->count; i++) {
                const struct reply *reply = replies_at(owed, i);

                if (!(reply->flags & REPLY_LOCAL) &&
                    (reply->kind == REPLY_EXECUTE || reply_ends_segment(reply)))
                        return reply->kind != REPLY_SYNC || !listens;
        }
        return c->in_segment;
}

/* Whether what has been sent last can have been neither completed nor begun: the server does not have all of
 * it. */
static bool is_cut_off(const struct client *c)
{
        bool message = c->pass > 0 && (c->passing == FE_QUERY || c->passing == FE_FUNCTION);
        bool copy = c->copies > 0 && c->server->replies.sync_points == 1;

        return message || (copy && !c->piecewise && !c->commit_sent && !c->open);
}

/* The segment whose Sync has not been sent. */
static bool rest_may_be_committed(const struct client *c)
{
        return c->in_segment && ((c->commits && c->wrote) || (c->piecewise && c->writes && !c->open));
}

bool fate_may_be_committed(const struct client *c, uint32_t i, bool reported)
{
        struct replies *owed = &c->server->replies;
        uint32_t first = 0, behind_last = owed->count;

        while (first < owed->count && !reply_ends_segment(replies_at(owed, first)))
                first++;
        while (behind_last > 0 && !reply_ends_segment(replies_at(owed, behind_last - 1)))
                behind_last--;
        if (reported && (i > first || fate_is_abort(c)))
                return false;
        if (i == owed->count)
                return rest_may_be_committed(c);
        if (i + 1 >= behind_last && !c->in_segment && is_cut_off(c))
                return false;
        return (replies_at(owed, i)->flags & REPLY_COMMITS) != 0;
}

bool fate_is_abort(const struct client *c)
{
        return !c->ended && !c->unwaited && !c->piecewise && is_unfinished(c);
}

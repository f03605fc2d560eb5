#include "session/deallocate.h"

#include "router/known.h"
#include "wire/proto.h"

static void put_message(struct plan *plan, char type, size_t body)
{
        uint8_t head[MSG_HEAD] = {(uint8_t)type};

        put_u32(head + 1, (uint32_t)(body + 4));
        plan_put(plan, head, sizeof(head));
}

static bool stand_in(struct server *s, struct plan *plan, struct sv name)
{
        static const uint8_t no_text[] = {0, 0, 0}; /* query, no types */

        put_message(plan, FE_CLOSE, 1 + name.n + 1); /* one may be left of a DEALLOCATE that failed */
        plan_put(plan, "S", 1);
        plan_put(plan, name.p, name.n);
        plan_put(plan, "", 1);
        put_message(plan, FE_PARSE, name.n + 1 + sizeof(no_text));
        plan_put(plan, name.p, name.n);
        plan_put(plan, "", 1);
        plan_put(plan, no_text, sizeof(no_text));
        return replies_push(&s->replies, (struct reply){.kind = REPLY_CLOSE, .flags = REPLY_SWALLOW}) &&
               replies_push(&s->replies, (struct reply){.kind = REPLY_PARSE, .flags = REPLY_SWALLOW});
}

bool deallocate_text(struct client *c, struct plan *plan, struct sv text)
{
        const struct room *room = c->room;
        struct server *s = c->server;
        char space[KNOWN_NAME_BYTES];
        struct facts f;
        struct sv name;

        if (names_count(&c->names) == 0 || (!room->conf->opt.session_state && c->endpoint->single))
                return true;
        if (s->tx == 'E' && s->replies.sync_points == 0)
                return true; /* it will be refused */
        while (classify_next(&text, endpoint_rules(c->endpoint), c->lexing, &f)) {
                name = known_fold(f.deallocate, space);
                if (name.n == 0 || names_find(&c->names, name) == NULL)
                        continue;
                names_drop(&c->names, &c->room->statements, name);
                if (!stand_in(s, plan, name)) {
                        client_refuse(c, "54000", "too many messages without an answer");
                        return false;
                }
        }
        return true;
}

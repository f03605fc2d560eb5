#include "session/route_log.h"

#include "base/log.h"
#include "router/explain.h"
#include "router/fingerprint.h"
#include "session/room.h"

#include <stdio.h>

enum { TEXT_SIZE = 1024, TOKEN_MAX = 128 };

/* Whether it is this one's turn, and there is room for it in this second. */
static bool is_due(struct room *room)
{
        if (++room->routes_passed < (unsigned)room->conf->opt.log_routes)
                return false;
        room->routes_passed = 0;
        return line_bound_allows(&room->route_lines, loop_now(room->loop), "log_routes");
}

/* A token may be a literal that does not end, and have anything in it. */
static bool is_public(struct sv token)
{
        return token.n > 0 && token.n <= TOKEN_MAX && memchr(token.p, '\'', token.n) == NULL &&
               *token.p != '$';
}

/* " text=...", or nothing. */
static void put_text(const struct client *c, struct sv text, char *out, size_t size)
{
        int mode = c->room->conf->opt.log_routes_text;
        char shape[TEXT_SIZE];

        *out = '\0';
        if (mode == ROUTES_TEXT_NONE || text.n == 0)
                return;
        if (mode == ROUTES_TEXT_SHAPE) {
                fingerprint_text(text, c->lexing, shape, sizeof(shape));
                text = sv_cstr(shape);
        }
        snprintf(out, size, " text=%.*s", SV_ARG(text));
}

void route_log_tell(struct client *c, const struct facts *facts, const struct route *route, struct sv text)
{
        const struct topology *t = c->endpoint->topology;
        struct sv token = explain_token(text, facts, route->reason);
        char name[400], words[TEXT_SIZE];

        if (!is_due(c->room))
                return;
        if (!is_public(token) && c->room->conf->opt.log_routes_text != ROUTES_TEXT_FULL)
                token = SV("");
        put_text(c, text, words, sizeof(words));
        log_info("C-%p: %s route: target=%s node=%s class=%s reason=\"%s\" token=\"%.*s\"%s", (const void *)c,
                 client_name(c, name, sizeof(name)), explain_target_name(route->target),
                 route->node >= 0 ? t->nodes[route->node].node->name : "none",
                 explain_class_name(facts->class), reason_name(route->reason), SV_ARG(token), words);
}

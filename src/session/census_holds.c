#include "session/census_holds.h"

#include "session/client.h"

static void fill_hold(const struct client *c, struct census_hold *row, struct arena *a)
{
        struct setting name;
        char host[IP_TEXT_SIZE];

        row->id = c->id;
        row->database = arena_strdup(a, c->endpoint->database);
        row->user = arena_strdup(a, c->endpoint->user);
        row->addr = arena_strdup(a, ip_text(&c->ip, host));
        row->port = c->port;
        row->application_name = settings_get(c->settings, SV("application_name"), &name)
                                    ? arena_strndup(a, name.value.p, name.value.n)
                                    : "";
        row->held_us = loop_now(c->room->loop) - c->held_us;
        row->for_primary = c->held_for == ROUTE_PRIMARY;
}

void census_fill_holds(struct room *room, struct census_worker *w)
{
        size_t n = 0;

        list_for_each (node, &room->held)
                n++;
        w->holds = arena_alloc(&w->arena, n * sizeof(*w->holds));
        list_for_each (node, &room->held)
                fill_hold(list_item(node, const struct client, in_phase), &w->holds[w->hold_count++],
                          &w->arena);
}

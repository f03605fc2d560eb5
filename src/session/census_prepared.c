#include "session/census_prepared.h"

#include "router/fingerprint.h"
#include "session/client.h"

/* Of a statement that some client has; made when the first row is about it. */
struct facet {
        const char *text, *name;
        uint64_t fingerprint;
};

struct filling {
        struct room *room;
        struct census_worker *w;
        struct facet *facets;       /* of each statement, by its census_row */
        struct census_prepared row; /* what the next ones have in common */
};

static void number_statements(struct filling *f)
{
        struct statements *all = &f->room->statements;
        size_t n = 0;

        f->facets = arena_alloc(&f->w->arena, HASH_COUNT(all->by_key) * sizeof(*f->facets));
        for (struct statement *st = all->by_key; st != NULL; st = st->hh.next)
                st->census_row = n++;
}

static const struct facet *facet_of(struct filling *f, const struct statement *st)
{
        struct facet *facet = &f->facets[st->census_row];
        char shape[QUERY_TEXT_MAX];

        if (facet->text != NULL)
                return facet;
        fingerprint_text(sv_cstr(st->parse), st->options, shape, sizeof(shape));
        facet->text = arena_strdup(&f->w->arena, shape);
        facet->name = arena_strdup(&f->w->arena, st->name);
        facet->fingerprint = fingerprint_hash(sv_cstr(st->parse), st->options);
        return facet;
}

static void take_facet(struct filling *f, const struct statement *st)
{
        const struct facet *facet = facet_of(f, st);

        f->row.server_name = facet->name;
        f->row.text = facet->text;
        f->row.fingerprint = facet->fingerprint;
}

/* False: there is no room for more. */
static bool add(struct filling *f, uint64_t uses)
{
        f->row.uses = uses;
        f->w->prepared[f->w->prepared_count++] = f->row;
        return f->w->prepared_count < CENSUS_PREPARED_MAX;
}

static bool add_named(void *arg, const char *name, const struct statement *st, uint64_t uses)
{
        struct filling *f = arg;

        take_facet(f, st);
        f->row.name = arena_strdup(&f->w->arena, name);
        return add(f, uses);
}

static bool add_prepared(void *arg, const struct prepared_view *view)
{
        struct filling *f = arg;
        char name[STATEMENT_NAME_SIZE];
        struct statement *st;

        HASH_FIND(hh, f->room->statements.by_key, view->key, sizeof(view->key), st);
        if (st != NULL) {
                take_facet(f, st);
        } else {
                statement_name(view->key, name);
                f->row.server_name = arena_strdup(&f->w->arena, name);
                f->row.text = NULL;
                f->row.fingerprint = view->fingerprint;
        }
        return add(f, view->uses);
}

static void fill_clients(struct filling *f)
{
        list_for_each (node, &f->room->clients) {
                const struct client *c = list_item(node, const struct client, in_clients);

                if (f->w->prepared_count == CENSUS_PREPARED_MAX)
                        return;
                if (names_count(&c->names) == 0 || c->endpoint == NULL)
                        continue;
                f->row =
                    (struct census_prepared){.id = c->id,
                                             .database = arena_strdup(&f->w->arena, c->endpoint->database),
                                             .user = arena_strdup(&f->w->arena, c->endpoint->user)};
                names_visit(&c->names, add_named, f);
        }
}

static void fill_servers(struct filling *f, const struct pool *pool, const struct list *list)
{
        list_for_each (node, list) {
                const struct server *s = list_item(node, const struct server, in_pool);

                if (f->w->prepared_count == CENSUS_PREPARED_MAX)
                        return;
                if (s->prepared.count == 0)
                        continue;
                f->row =
                    (struct census_prepared){.on_server = true,
                                             .id = s->id,
                                             .database = arena_strdup(&f->w->arena, pool->quota->database),
                                             .user = arena_strdup(&f->w->arena, pool->quota->user),
                                             .node = arena_strdup(&f->w->arena, pool->node->name)};
                prepared_visit(&s->prepared, add_prepared, f);
        }
}

static size_t count_rows(const struct room *room)
{
        size_t n = 0;

        list_for_each (node, &room->clients)
                n += names_count(&list_item(node, const struct client, in_clients)->names);
        for (const struct pool *pool = room->pools.pools; pool != NULL; pool = pool->hh.next) {
                list_for_each (node, &pool->leased)
                        n += list_item(node, const struct server, in_pool)->prepared.count;
                list_for_each (node, &pool->idle)
                        n += list_item(node, const struct server, in_pool)->prepared.count;
        }
        return n < CENSUS_PREPARED_MAX ? n : CENSUS_PREPARED_MAX;
}

void census_fill_prepared(struct room *room, struct census_worker *w)
{
        struct filling f = {.room = room, .w = w};

        w->prepared = arena_alloc(&w->arena, count_rows(room) * sizeof(*w->prepared));
        number_statements(&f);
        for (const struct pool *pool = room->pools.pools; pool != NULL; pool = pool->hh.next) {
                fill_servers(&f, pool, &pool->leased);
                fill_servers(&f, pool, &pool->idle);
        }
        fill_clients(&f);
}

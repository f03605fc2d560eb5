#include "session/execute.h"

#include "router/known.h"

#include <string.h>

/* The next EXECUTE of a name of the client's. NULL: there is none in *rest. */
static struct statement *next(struct client *c, struct sv *rest, struct facts *f)
{
        char space[KNOWN_NAME_BYTES];

        while (classify_next(rest, endpoint_rules(c->endpoint), c->lexing, f)) {
                struct sv name = known_fold(f->execute, space);
                struct statement *st = name.n > 0 ? names_find(&c->names, name) : NULL;

                if (st != NULL)
                        return st;
        }
        return NULL;
}

/* Prepares them all. Returns how much longer the text becomes; *any: whether there was one. */
static size_t prepare_all(struct up *up, struct sv text, bool *any)
{
        struct client *c = up->c;
        const struct statement *st;
        char space[KNOWN_NAME_BYTES];
        struct statement *target;
        struct facts f;
        size_t longer = 0;

        while ((st = next(c, &text, &f)) != NULL) {
                longer += strlen(st->name) + 2 - f.execute.n;
                *any = true;
                if (!exchange_target(up, known_fold(f.execute, space), &target))
                        return longer; /* the client has been refused */
        }
        return longer;
}

bool execute_pass(struct up *up, const struct msg *m)
{
        struct reader r = reader_of(m);
        struct sv text = take_cstr(&r), rest = text;
        const char *from = text.p;
        const struct statement *st;
        struct facts f;
        bool any = false;
        size_t longer;

        if (!exchange_follows(up->c) || names_count(&up->c->names) == 0)
                return false;
        longer = prepare_all(up, text, &any);
        if (!any)
                return false;
        up_put_head(up, FE_QUERY, m->body_size + longer);
        while ((st = next(up->c, &rest, &f)) != NULL) {
                plan_pass(&up->plan, from, (size_t)(f.execute.p - from));
                plan_put(&up->plan, "\"", 1);
                plan_put(&up->plan, st->name, strlen(st->name));
                plan_put(&up->plan, "\"", 1);
                from = f.execute.p + f.execute.n;
        }
        plan_pass(&up->plan, from, (size_t)(text.p + text.n + 1 - from));
        return true;
}

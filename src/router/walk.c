/* What a walk asks the catalog, and what it makes of the answers. Apart from the walk itself, whose functions
 * are inlined into one loop. */
#include "router/walk.h"

#include "router/lookup.h"

void walk_found(struct walk *w, enum reason reason, struct sv token)
{
        if ((w->look & QUERY_READS) != 0)
                statement_write(w->st, reason, token);
}

/* What the call leaves in the server's session. */
static void note_pins(struct walk *w, enum known known)
{
        struct facts *facts = w->st->facts;

        if ((w->look & QUERY_RUNS) == 0)
                return;
        if (known == KNOWN_LOCK) {
                facts->pins |= PIN_ADVISORY;
        } else if (known == KNOWN_UNLOCK_ALL) {
                facts->unpins |= PIN_ADVISORY;
        } else if (known == KNOWN_SET_CONFIG && statement_sets_locally(w->st)) {
                if (facts->setting == SETTING_NONE)
                        facts->setting = SETTING_SET_LOCAL;
        } else if (known == KNOWN_SET_CONFIG) {
                facts->pins |= PIN_SETTING;
                facts->setting = SETTING_UNKNOWN;
        }
}

void walk_found_known(struct walk *w, enum known known, enum reason otherwise, struct sv name)
{
        note_pins(w, known);
        w->st->facts->lacks |= known == KNOWN_NOT;
        switch (known) {
        case KNOWN_NODE: walk_found(w, REASON_NODE_STATE, name); return;
        case KNOWN_UNREADABLE: walk_found(w, REASON_UNREADABLE, name); return;
        case KNOWN_SESSION:
        case KNOWN_SET_CONFIG: walk_found(w, REASON_SESSION_STATE, name); return;
        case KNOWN_EFFECT:
        case KNOWN_LOCK:
        case KNOWN_UNLOCK_ALL: walk_found(w, REASON_EFFECT, name); return;
        case KNOWN_READ:
        case KNOWN_CURRENT_SETTING:
        case KNOWN_NOT:
        case KNOWN_WRITE: walk_found(w, otherwise, name); return;
        }
}

/* Whether WITH has given the name to a query. */
static bool is_query_name(const struct walk *w, struct sv name)
{
        char name_space[KNOWN_NAME_BYTES], space[KNOWN_NAME_BYTES];
        struct sv folded = known_fold(name, name_space);

        for (unsigned i = 0; i < w->with_count; i++)
                if (folded.n > 0 && sv_eq(known_fold(w->with[i], space), folded))
                        return true;
        return false;
}

/* The name of a relation begins with `name`, unless a "(" makes it a function's. */
static void check_relation(struct walk *w, struct sv name, unsigned keyword)
{
        struct scan ahead = w->st->scan;
        struct scan_token token;
        struct sv schema = SV("");
        unsigned parts = 1;
        enum known known;

        ahead.p = name.p + name.n;
        scan_next(&ahead, &token);
        for (; token.kind == SCAN_DOT; parts++) {
                scan_next(&ahead, &token);
                schema = parts == 1 ? name : SV("");
                name = token.text;
                scan_next(&ahead, &token);
        }
        if (token.kind == SCAN_OPEN || (keyword == KW_ROWS && token.keyword == KW_FROM))
                return;
        known = lookup_relation(statement_catalog(w->st), schema, name);
        if (known == KNOWN_READ || (known == KNOWN_NOT && parts == 1 && is_query_name(w, name)))
                return;
        if ((w->look & QUERY_PLANS) == 0)
                walk_found_known(w, known, REASON_RELATION, name);
        else if (known == KNOWN_UNREADABLE)
                statement_write(w->st, REASON_UNREADABLE, name);
}

/* A name that may be a type's, or a function's behind a dot; the catalog has such. */
static void check_any_name(struct walk *w, struct sv name)
{
        const struct catalog *catalog = statement_catalog(w->st);
        enum known known = lookup_type(catalog, name);

        if (known != KNOWN_READ)
                walk_found_known(w, known, REASON_TYPE, name);
        known = w->last.kind == LAST_DOT ? lookup_field(catalog, name) : KNOWN_READ;
        if (known != KNOWN_READ)
                walk_found_known(w, known, REASON_FUNCTION, name);
}

void walk_note_name(struct walk *w, struct sv name, unsigned keyword)
{
        if (w->any_name)
                check_any_name(w, name);
        if (w->last.kind == LAST_DOT)
                return;
        if (w->top->clause == CLAUSE_FROM) {
                if (walk_is_relation_place(w))
                        check_relation(w, name, keyword);
        } else if (w->top->clause == CLAUSE_WITH && w->with_count < WITH_NAMES_MAX &&
                   (w->last.kind == LAST_COMMA || w->last.keyword == KW_WITH ||
                    w->last.keyword == KW_RECURSIVE)) {
                w->with[w->with_count++] = name;
        }
}

void walk_check_operator(struct walk *w, struct sv text)
{
        enum known known = lookup_operator(statement_catalog(w->st), SV(""), text);

        if (known != KNOWN_READ)
                walk_found_known(w, known, REASON_OPERATOR, text);
}

bool walk_runs_when_planned(struct sv schema, struct sv name, enum known known)
{
        char schema_space[KNOWN_NAME_BYTES], name_space[KNOWN_NAME_BYTES];

        return known == KNOWN_EFFECT &&
               known_function(known_fold(schema, schema_space), known_fold(name, name_space)) == KNOWN_NOT;
}

void walk_use_catalog(struct walk *w)
{
        const struct catalog *catalog = statement_catalog(w->st);

        w->any_name = false;
        w->named_from = CLAUSES;
        if (catalog == NULL || (w->look & (QUERY_READS | QUERY_PLANS)) == 0)
                return;
        w->any_name = catalog_has(catalog, CATALOG_TYPE) || catalog_has(catalog, CATALOG_FIELD);
        if (w->any_name)
                w->named_from = CLAUSE_OTHER;
        else if (catalog->state != CATALOG_ABSENT)
                w->named_from = CLAUSE_WITH;
        if (catalog->meaning != KNOWN_NOT)
                walk_found_known(w, (enum known)catalog->meaning, REASON_OPERATOR, SV(""));
}

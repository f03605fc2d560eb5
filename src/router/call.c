/* What a call or an operator in a statement means: the configuration's word first, then what is known. */
#include "router/lookup.h"
#include "router/statement.h"

static bool listed(const char *const *names, struct sv schema, struct sv name)
{
        for (; names != NULL && *names != NULL; names++) {
                const char *dot = strchr(*names, '.');

                if (dot == NULL
                        ? sv_is(name, *names)
                        : sv_eq(schema, sv_from(*names, (size_t)(dot - *names))) && sv_is(name, dot + 1))
                        return true;
        }
        return false;
}

/* `schema` and `name` are folded. */
static enum known configured(const struct classify_rules *rules, struct sv schema, struct sv name)
{
        if (rules == NULL || name.n == 0)
                return KNOWN_NOT;
        if (listed(rules->primary_functions, schema, name))
                return KNOWN_WRITE;
        return listed(rules->standby_functions, schema, name) ? KNOWN_READ : KNOWN_NOT;
}

/* current_setting('name'): the answer tells nodes apart for some settings only. What is more than a plain
 * literal may be the name of any. */
static enum known asked_setting(const struct statement *st)
{
        struct scan ahead = st->scan;
        struct scan_token argument, behind;

        scan_next(&ahead, &argument);
        scan_next(&ahead, &behind);
        if (argument.kind != SCAN_STRING || *argument.text.p != '\'' ||
            memchr(argument.text.p, '\\', argument.text.n) != NULL ||
            (behind.kind != SCAN_CLOSE && behind.kind != SCAN_COMMA))
                return KNOWN_NODE;
        return known_node_setting(sv_from(argument.text.p + 1, argument.text.n - 2)) ? KNOWN_NODE
                                                                                     : KNOWN_READ;
}

/* pg_input_is_valid('1', 'type') and pg_input_error_info try the type's input, and with it a domain's checks.
 */
static bool takes_type_by_name(struct sv name)
{
        return name.n > 9 && memcmp(name.p, "pg_input_", 9) == 0;
}

static bool has_grave_types(const struct catalog *catalog)
{
        return catalog != NULL && catalog_has(catalog, CATALOG_TYPE);
}

enum known statement_call(const struct statement *st, struct sv schema, struct sv name)
{
        char schema_space[KNOWN_NAME_BYTES], name_space[KNOWN_NAME_BYTES];
        enum known known;

        name = known_fold(name, name_space);
        if (schema.n > 0) {
                schema = known_fold(schema, schema_space);
                if (schema.n == 0)
                        schema = SV("?"); /* one that cannot be looked up */
        }
        known = configured(st->rules, schema, name);
        if (known == KNOWN_NOT)
                known = lookup_function(statement_catalog(st), schema, name);
        if (known == KNOWN_READ && takes_type_by_name(name) && has_grave_types(statement_catalog(st)))
                return KNOWN_WRITE;
        return known == KNOWN_CURRENT_SETTING ? asked_setting(st) : known;
}

bool statement_read_operator(struct statement *st, struct sv *unknown)
{
        struct scan ahead = st->scan;
        struct scan_token token, schema = {0};

        scan_next(&ahead, &token);
        while (token.kind == SCAN_WORD || token.kind == SCAN_QUOTED || token.kind == SCAN_DOT) {
                if (token.kind != SCAN_DOT)
                        schema = token;
                scan_next(&ahead, &token);
        }
        if (token.kind != SCAN_OPERATOR)
                return false;
        unknown->n = 0;
        if (lookup_operator(statement_catalog(st), schema.text, token.text) != KNOWN_READ)
                *unknown = token.text;
        scan_next(&ahead, &token);
        if (token.kind != SCAN_CLOSE)
                return false;
        st->scan = ahead;
        return true;
}

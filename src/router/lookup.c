#include "router/lookup.h"

static enum known find(const struct catalog *catalog, enum catalog_kind kind, struct sv schema,
                       struct sv name)
{
        char schema_space[KNOWN_NAME_BYTES], name_space[KNOWN_NAME_BYTES];
        struct sv in = known_fold(schema, schema_space), folded = known_fold(name, name_space);

        if (folded.n == 0 || (schema.n > 0 && in.n == 0))
                return KNOWN_NOT;
        return (enum known)catalog_find(catalog, kind, in, folded);
}

static bool is_loaded(const struct catalog *catalog)
{
        return catalog != NULL && catalog->state == CATALOG_LOADED;
}

enum known lookup_function(const struct catalog *catalog, struct sv schema, struct sv name)
{
        enum known built_in = known_function(schema, name), here;

        if (!is_loaded(catalog) || name.n == 0)
                return built_in;
        if (built_in != KNOWN_NOT && built_in != KNOWN_READ && built_in != KNOWN_CURRENT_SETTING)
                return built_in;
        here = (enum known)catalog_find(catalog, CATALOG_FUNCTION, schema, name);
        if (here == KNOWN_NOT || (here == KNOWN_READ && built_in == KNOWN_CURRENT_SETTING))
                return built_in;
        return here;
}

/* Relations of PostgreSQL itself, by what is written. */
static bool is_system_relation(struct sv schema, struct sv name)
{
        char space[KNOWN_NAME_BYTES];
        struct sv folded = known_fold(schema.n > 0 ? schema : name, space);

        if (schema.n > 0)
                return sv_is(folded, "pg_catalog") || sv_is(folded, "information_schema");
        return folded.n > 3 && memcmp(folded.p, "pg_", 3) == 0;
}

enum known lookup_relation(const struct catalog *catalog, struct sv schema, struct sv name)
{
        if (catalog == NULL || catalog->state == CATALOG_ABSENT)
                return KNOWN_READ;
        if (catalog->state == CATALOG_WAITING)
                return is_system_relation(schema, name) ? KNOWN_READ : KNOWN_NOT;
        return find(catalog, CATALOG_RELATION, schema, name);
}

enum known lookup_operator(const struct catalog *catalog, struct sv schema, struct sv name)
{
        char space[KNOWN_NAME_BYTES];
        bool built_in = known_operator(name);

        if (built_in && (schema.n == 0 || sv_is(known_fold(schema, space), "pg_catalog")))
                return KNOWN_READ;
        return is_loaded(catalog) ? find(catalog, CATALOG_OPERATOR, schema, known_operator_name(name))
                                  : KNOWN_NOT;
}

/* Whether a name cannot be folded (known_fold): the server cuts it off, or takes a quote out of it. */
static bool is_unfoldable(struct sv name)
{
        if (*name.p != '"')
                return name.n >= KNOWN_NAME_BYTES;
        return name.n - 2 >= KNOWN_NAME_BYTES || memchr(name.p + 1, '"', name.n - 2) != NULL;
}

/* Of kinds in which there are only names that are no reads, and few. */
static enum known find_grave(const struct catalog *catalog, enum catalog_kind kind, struct sv name)
{
        enum known known = KNOWN_NOT;

        if (catalog_has(catalog, kind) && is_unfoldable(name))
                return KNOWN_WRITE;
        if (catalog_may_have(catalog, kind, name))
                known = find(catalog, kind, SV(""), name);
        return known == KNOWN_NOT ? KNOWN_READ : known;
}

enum known lookup_type(const struct catalog *catalog, struct sv name)
{
        return find_grave(catalog, CATALOG_TYPE, name);
}

enum known lookup_field(const struct catalog *catalog, struct sv name)
{
        return find_grave(catalog, CATALOG_FIELD, name);
}

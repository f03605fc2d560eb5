#include "health/catalog_sql.h"

/* Below it is what initdb makes: FirstNormalObjectId. */
#define USERS "16384"

/* Schemas of temporary objects. */
#define TEMPORARY "(SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp_')"

/* Relations that a query can name. */
#define NAMED "relkind IN ('r', 'v', 'm', 'f', 'p', 'S') AND relpersistence <> 't'"

/* Count, and a sum over what tells each version of each row from all others. */
#define MARK(from)                                                                                           \
        "SELECT count(*)::text || '.' || coalesce(sum(hashint8extended((oid::int8 << 32) | "                 \
        "xmin::text::int8, 0)), 0)::text AS mark FROM " from
#define AND_MARK(from) " UNION ALL " MARK(from)

const char *const catalog_sql_begin =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    "SELECT md5(string_agg(mark, ' ')) FROM (" MARK("pg_proc WHERE pronamespace NOT IN " TEMPORARY)
        AND_MARK("pg_class WHERE " NAMED) AND_MARK("pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'")
            AND_MARK("pg_type WHERE oid >= " USERS
                     " AND typtype IN ('b', 'd', 'e', 'r', 'm') AND typnamespace NOT IN " TEMPORARY)
                AND_MARK("pg_operator") AND_MARK("pg_cast") AND_MARK("pg_policy") AND_MARK("pg_extension")
                    AND_MARK("pg_constraint WHERE contypid <> 0")
                        AND_MARK("pg_rewrite WHERE ev_type = '1' AND ev_class NOT IN (SELECT oid FROM "
                                 "pg_class WHERE relpersistence = 't')") AND_MARK("pg_amproc")
                            AND_MARK("(SELECT aggfnoid::oid AS oid, xmin FROM pg_aggregate) a")
                                AND_MARK("(SELECT i.inhrelid AS oid, i.xmin FROM pg_inherits i JOIN pg_class "
                                         "c ON c.oid = i.inhrelid "
                                         "WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't') i")
                                    AND_MARK("(SELECT a.attrelid AS oid, a.xmin FROM pg_attribute a JOIN "
                                             "pg_class c ON c.oid = a.attrelid "
                                             "WHERE a.atttypid >= " USERS
                                             " AND c.relpersistence <> 't') a") ") marks";

/* A function can be called as a column (row.name) when its first argument can be a row and it needs no
 * second. */
#define FUNCTIONS                                                                                            \
        "SELECT p.oid, p.pronamespace, p.proname, p.provolatile = 'v', "                                     \
        "p.pronargs > 0 AND p.pronargs - p.pronargdefaults <= 1 AND p.proargtypes[0] IN "                    \
        "(SELECT oid FROM pg_type WHERE typtype IN ('c', 'd', 'p')), "                                       \
        "CASE WHEN p.provolatile = 'v' AND p.prolang = 13 THEN (SELECT e.extname FROM pg_depend d "          \
        "JOIN pg_extension e ON e.oid = d.refobjid WHERE d.classid = 'pg_proc'::regclass AND "               \
        "d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e') END "              \
        "FROM pg_proc p WHERE p.prokind <> 'p' AND p.pronamespace NOT IN " TEMPORARY

static const struct catalog_sql statements[] = {
    {ROW_SCHEMA, 2, "SELECT oid, nspname FROM pg_namespace"},
    {ROW_FUNCTION, 6, FUNCTIONS},
    {ROW_RELATION, 5,
     "SELECT oid, relnamespace, relname, relkind, relpersistence FROM pg_class WHERE " NAMED},
    {ROW_TYPE, 2,
     "SELECT oid, typname FROM pg_type WHERE oid >= " USERS " AND typnamespace NOT IN " TEMPORARY},
    {ROW_OPERATOR, 6,
     "SELECT oid, oprnamespace, oprname, oprcode::oid, oprleft, oprright FROM pg_operator "
     "WHERE oid >= " USERS " AND oprcode <> 0"},
    {ROW_CAST, 4,
     "SELECT castsource, casttarget, castfunc, castcontext FROM pg_cast WHERE oid >= " USERS
     " AND castfunc <> 0"},
    /* aggregates: their support functions */
    {ROW_USE, 4,
     "SELECT 'f', aggfnoid::oid, 'f', f FROM pg_aggregate, unnest(ARRAY[aggtransfn, aggfinalfn, "
     "aggcombinefn, "
     "aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]) f WHERE f <> 0"},
    /* functions: the types of arguments and result */
    {ROW_USE, 4,
     "SELECT 'f', p.oid, 't', t FROM pg_proc p, unnest(p.proargtypes::oid[] || p.prorettype || "
     "coalesce(p.proallargtypes, '{}')) t WHERE t >= " USERS " AND p.pronamespace NOT IN " TEMPORARY},
    /* types: elements, bases, subtypes, input and output */
    {ROW_USE, 4,
     "SELECT 't', oid, 't', t FROM pg_type, unnest(ARRAY[typelem, typbasetype]) t WHERE oid >= " USERS
     " AND t >= " USERS " UNION ALL SELECT 't', rngtypid, 't', rngsubtype FROM pg_range WHERE "
     "rngsubtype >= " USERS " UNION ALL SELECT 't', m::oid, 't', rngtypid FROM pg_range r, "
     "LATERAL (VALUES (to_jsonb(r) ->> 'rngmultitypid')) AS of_14 (m) WHERE rngtypid >= " USERS
     " AND m IS NOT NULL"},
    /* ranges: the operator class that compares their bounds */
    {ROW_USE, 4,
     "SELECT 't', r.rngtypid, 'f', a.amproc::oid FROM pg_range r JOIN pg_opclass o ON o.oid = r.rngsubopc "
     "JOIN pg_amproc a ON a.amprocfamily = o.opcfamily WHERE a.amproc >= " USERS},
    {ROW_USE, 4,
     "SELECT 't', oid, 'f', f FROM pg_type, unnest(ARRAY[typinput, typoutput, typreceive, typsend]::oid[]) f "
     "WHERE oid >= " USERS " AND f >= " USERS},
    /* rows and tables: the types of their columns */
    {ROW_USE, 4,
     "SELECT k, CASE k WHEN 'r' THEN c.oid ELSE c.reltype END, 't', a.atttypid FROM pg_attribute a "
     "JOIN pg_class c ON c.oid = a.attrelid, unnest(ARRAY['r', 't']) k WHERE a.atttypid >= " USERS
     " AND a.attnum > 0 AND NOT a.attisdropped AND c.relpersistence <> 't' AND "
     "(c.relkind IN ('r', 'v', 'm', 'f', 'p') OR (c.relkind = 'c' AND k = 't'))"},
    /* operator classes of a type */
    {ROW_USE, 4,
     "SELECT 't', t, 'f', amproc::oid FROM pg_amproc, unnest(ARRAY[amproclefttype, amprocrighttype]) t "
     "WHERE t >= " USERS " AND amproc <> 0"},
    /* tables: partitions and children */
    {ROW_USE, 4,
     "SELECT 'r', i.inhparent, 'r', i.inhrelid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
     "WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'"},
    {ROW_TREE, 3,
     "SELECT 'f', oid, proargdefaults FROM pg_proc WHERE proargdefaults IS NOT NULL AND oid >= " USERS
     " AND pronamespace NOT IN " TEMPORARY},
    /* functions with a parsed body (from 14 on): what it reads, whatever they are declared */
    {ROW_TREE, 3,
     "SELECT 'f', oid, body FROM pg_proc p, LATERAL (VALUES (to_jsonb(p) ->> 'prosqlbody')) AS of_14 (body) "
     "WHERE "
     "prosrc = '' AND provolatile <> 'v' AND body IS NOT NULL AND oid >= " USERS
     " AND pronamespace NOT IN " TEMPORARY},
    /* the text of those that are declared harmless; what is internal or in C has none */
    {ROW_BODY, 2,
     "SELECT oid, prosrc FROM pg_proc WHERE provolatile <> 'v' AND prokind <> 'a' AND prolang NOT IN (12, "
     "13) "
     "AND prosrc <> '' AND oid >= " USERS " AND pronamespace NOT IN " TEMPORARY},
    {ROW_TREE, 3,
     "SELECT 't', contypid, conbin FROM pg_constraint WHERE contypid <> 0 AND conbin IS NOT NULL"},
    {ROW_TREE, 3,
     "SELECT 'r', p.polrelid, p.polqual FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid "
     "WHERE p.polcmd IN ('*', 'r') AND c.relrowsecurity AND p.polqual IS NOT NULL"},
    {ROW_TREE, 3,
     "SELECT 'r', r.ev_class, r.ev_action FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class "
     "WHERE r.ev_type = '1' AND c.relkind = 'v' AND c.relpersistence <> 't'"},
};

const struct catalog_sql *catalog_sql_at(size_t index)
{
        return index < sizeof(statements) / sizeof(statements[0]) ? &statements[index] : NULL;
}

#include "router/judge.h"

#include "router/classify.h"
#include "router/known.h"
#include "router/things.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

struct row {
        enum catalog_row kind;
        const char *columns[CATALOG_COLUMNS_MAX];
};

/* Functions 20001..., relations 21001..., types 22001..., operators 23001...; those below 16384 are built in.
 */
static const struct row database[] = {
    {ROW_SCHEMA, {"11", "pg_catalog"}},
    {ROW_SCHEMA, {"2200", "public"}},
    {ROW_SCHEMA, {"20", "app"}},
    {ROW_FUNCTION, {"1574", "11", "nextval", "t", "f", ""}},
    {ROW_FUNCTION, {"870", "11", "lower", "f", "f", ""}},
    {ROW_FUNCTION, {"1598", "11", "random", "t", "f", ""}},
    {ROW_FUNCTION, {"3810", "11", "pg_is_in_recovery", "t", "f", ""}},
    {ROW_FUNCTION, {"2880", "11", "pg_advisory_lock", "t", "f", ""}},
    {ROW_FUNCTION, {"2077", "11", "current_setting", "f", "f", ""}},
    {ROW_FUNCTION, {"9001", "11", "pg_new_and_calm", "f", "f", ""}},
    {ROW_FUNCTION, {"9002", "11", "pg_new_and_wild", "t", "f", ""}},
    {ROW_FUNCTION, {"20001", "2200", "calm", "f", "f", ""}},
    {ROW_FUNCTION, {"20002", "2200", "wild", "t", "f", ""}},
    {ROW_FUNCTION, {"20003", "2200", "many", "f", "f", ""}},
    {ROW_FUNCTION, {"20004", "2200", "many", "t", "f", ""}},
    {ROW_FUNCTION, {"20005", "2200", "twice", "f", "f", ""}},
    {ROW_FUNCTION, {"20006", "20", "twice", "t", "f", ""}},
    {ROW_FUNCTION, {"20007", "20", "lower", "t", "f", ""}},
    {ROW_FUNCTION, {"20008", "2200", "wild_sum", "f", "f", ""}},
    {ROW_FUNCTION, {"20009", "2200", "counts", "f", "f", ""}},
    {ROW_FUNCTION, {"20010", "2200", "takes_checked", "f", "f", ""}},
    {ROW_FUNCTION, {"20011", "2200", "column_like", "t", "t", ""}},
    {ROW_FUNCTION, {"20012", "2200", "uuid_generate_v4", "t", "f", "uuid-ossp"}},
    {ROW_FUNCTION, {"20013", "20", "gen_salt", "t", "f", ""}},
    {ROW_FUNCTION, {"20014", "2200", "Mixed", "f", "f", ""}},
    {ROW_FUNCTION, {"20015", "2200", "dblink_get", "f", "f", ""}},
    {ROW_FUNCTION, {"20016", "20", "nextval", "f", "f", ""}},
    {ROW_FUNCTION, {"20017", "20", "second", "t", "f", ""}},
    {ROW_RELATION, {"21001", "2200", "t", "r", "p"}},
    {ROW_RELATION, {"21002", "2200", "v_counts", "v", "p"}},
    {ROW_RELATION, {"21003", "2200", "v_over", "v", "p"}},
    {ROW_RELATION, {"21004", "2200", "v_over_over", "v", "p"}},
    {ROW_RELATION, {"21005", "2200", "v_locks", "v", "p"}},
    {ROW_RELATION, {"21006", "2200", "v_random", "v", "p"}},
    {ROW_RELATION, {"21007", "2200", "v_asks", "v", "p"}},
    {ROW_RELATION, {"21008", "2200", "v_advises", "v", "p"}},
    {ROW_RELATION, {"21009", "2200", "fast", "r", "u"}},
    {ROW_RELATION, {"21010", "2200", "far", "f", "p"}},
    {ROW_RELATION, {"21011", "2200", "parent", "p", "p"}},
    {ROW_RELATION, {"21012", "2200", "guarded", "r", "p"}},
    {ROW_RELATION, {"21013", "2200", "owned", "r", "p"}},
    {ROW_RELATION, {"21014", "2200", "has_checked", "r", "p"}},
    {ROW_RELATION, {"21015", "2200", "here_and_there", "r", "p"}},
    {ROW_RELATION, {"21016", "20", "here_and_there", "v", "p"}},
    {ROW_RELATION, {"21017", "2200", "v_gone", "v", "p"}},
    {ROW_RELATION, {"21018", "2200", "v_settings", "v", "p"}},
    {ROW_RELATION, {"21020", "2200", "numbers", "S", "p"}},
    {ROW_RELATION, {"21019", "2200", "Quoted Name", "r", "p"}},
    {ROW_RELATION, {"12001", "11", "pg_settings", "v", "p"}},
    {ROW_RELATION, {"1259", "11", "pg_class", "r", "p"}},
    {ROW_TYPE, {"22001", "checked"}},
    {ROW_TYPE, {"22002", "tame"}},
    {ROW_TYPE, {"22003", "_checked"}},
    {ROW_TYPE, {"22004", "has_checked"}},
    {ROW_TYPE, {"22005", "shouted"}},
    {ROW_TYPE, {"22006", "cast_to"}},
    {ROW_OPERATOR, {"23001", "2200", "===", "870", "25", "25"}},
    {ROW_OPERATOR, {"23002", "2200", "====", "20002", "25", "25"}},
    {ROW_OPERATOR, {"23003", "2200", "=", "20002", "22005", "22005"}},
    {ROW_CAST, {"25", "22006", "20002", "e"}},
    {ROW_USE, {"f", "20008", "f", "20002"}},
    {ROW_USE, {"f", "20010", "t", "22001"}},
    {ROW_USE, {"r", "21011", "r", "21009"}},
    {ROW_USE, {"r", "21014", "t", "22001"}},
    {ROW_USE, {"t", "22004", "t", "22001"}},
    {ROW_USE, {"t", "22003", "t", "22001"}},
    {ROW_TREE, {"f", "20009", "({FUNCEXPR :funcid 1574 :funcresulttype 20})"}},
    {ROW_TREE, {"t", "22001", "{OPEXPR :opno 521 :opfuncid 20002 :opresulttype 16}"}},
    {ROW_TREE, {"t", "22002", "{OPEXPR :opno 521 :opfuncid 870 :args ({FUNCEXPR :funcid 870})}"}},
    {ROW_TREE, {"r", "21002", "({QUERY :hasForUpdate false {FUNCEXPR :funcid 1574 :x 1}})"}},
    {ROW_TREE, {"r", "21003", "({RTE :rtekind 0 :relid 21002 :relkind v})"}},
    {ROW_TREE, {"r", "21004", "({RTE :rtekind 0 :relid 21004}{RTE :relid 21003})"}},
    {ROW_TREE, {"r", "21005", "({QUERY :hasForUpdate true :rtable ({RTE :relid 21001})})"}},
    {ROW_TREE, {"r", "21006", "({FUNCEXPR :funcid 1598 :funcid 0 :relid 0})"}},
    {ROW_TREE, {"r", "21007", "({FUNCEXPR :funcid 3810})"}},
    {ROW_TREE, {"r", "21008", "({FUNCEXPR :funcid 2880})"}},
    {ROW_TREE, {"r", "21012", "{FUNCEXPR :funcid 20002}"}},
    {ROW_TREE, {"r", "21013", "{FUNCEXPR :funcid 2077}"}},
    {ROW_TREE, {"r", "21016", "({ROWCOMPAREEXPR :rctype 1 :opnos (o 97 23002)})"}},
    {ROW_TREE, {"r", "21017", "({RTE :relid 29999})"}},
    {ROW_TREE, {"r", "21018", "({RTE :relid 12001})"}},
    {ROW_FUNCTION, {"20018", "2200", "body_calls_wild", "f", "f", ""}},
    {ROW_TREE, {"r", "21022", "({FUNCEXPR :funcid 20018})"}},
    {ROW_RELATION, {"21022", "2200", "v_body", "v", "p"}},
    {ROW_BODY, {"20018", "BEGIN PERFORM app . Calm(1), wild\n(2); END"}},
};

/* A function's text, and what the function is to a statement. */
static const struct {
        const char *text;
        enum known known;
} bodies[] = {
    {"", KNOWN_READ},
    {"SELECT 1", KNOWN_READ},
    {"SELECT calm(1), upper('x'), random(), \"calm\" (1) FROM t, numbers_of_mine JOIN public.t USING (wild)",
     KNOWN_READ},
    {"SELECT wild FROM t WHERE t.nextval = nextval AND fast > 1", KNOWN_READ},
    {"SELECT wild(1)", KNOWN_WRITE},
    {"SELECT WILD (1)", KNOWN_WRITE},
    {"SELECT public.\"wild\"\t(1)", KNOWN_WRITE},
    {"SELECT many(1)", KNOWN_WRITE}, /* an overload may be meant */
    {"EXECUTE 'SELECT wild(1)'", KNOWN_WRITE},
    {"plpy.execute(\"SELECT wild(1)\")", KNOWN_WRITE},
    {"SELECT \"Wild\"(1)", KNOWN_READ},
    {"SELECT \"A Wild One\"(1)", KNOWN_WRITE},
    {"SELECT txid_current()", KNOWN_WRITE},
    {"PERFORM pg_advisory_lock(1)", KNOWN_EFFECT}, /* what it leaves in the session is not followed */
    {"SELECT setseed(0)", KNOWN_EFFECT},
    {"SELECT set_config('a.b', 'c', true)", KNOWN_SESSION},
    {"SELECT currval('s')", KNOWN_SESSION},
    {"SELECT pg_is_in_recovery()", KNOWN_NODE},
    {"SELECT current_setting('app.tenant'), 'port'", KNOWN_READ},
    {"SELECT current_setting ( 'Transaction_Read_Only' )", KNOWN_NODE},
    {"SELECT current_setting(name)", KNOWN_READ},
    {"SELECT current_setting('", KNOWN_READ},
    {"SELECT setting FROM pg_settings", KNOWN_NODE},
    {"SELECT * FROM pg_stat_activity a", KNOWN_NODE},
    {"SELECT * FROM \"fast\"", KNOWN_UNREADABLE},
    {"SELECT * FROM t, public . FAST", KNOWN_UNREADABLE},
    {"SELECT * FROM t LEFT JOIN far ON true", KNOWN_UNREADABLE},
    {"SELECT last_value FROM numbers", KNOWN_UNREADABLE},
    {"SELECT * FROM v_counts", KNOWN_WRITE},
    {"SELECT * FROM v_body", KNOWN_WRITE},
    {"TABLE v_over_over", KNOWN_WRITE},
    {"SELECT body_under_test(1)", KNOWN_READ}, /* itself */
    {"\"", KNOWN_READ},
    {"wild", KNOWN_READ},
    {"\"wild", KNOWN_READ},
};

static struct catalog *judge_rows(const struct row *rows, size_t count)
{
        void *making = judge_maker.begin();

        for (size_t i = 0; i < count; i++)
                judge_maker.row(making, rows[i].kind, rows[i].columns);
        return judge_maker.finish(making);
}

static struct catalog *judge_database(void)
{
        return judge_rows(database, sizeof(database) / sizeof(database[0]));
}

/* ---- statements ---- */

static const struct {
        const char *sql;
        enum reason reason; /* REASON_READ: a read */
} statements[] = {
#define R(sql)         {sql, REASON_READ},
#define W(reason, sql) {sql, REASON_##reason},
#include "catalog_statements.def"
#undef R
#undef W
};

static void classify_with(struct catalog *catalog, const char *sql, struct facts *facts)
{
        struct classify_rules rules = {.catalog = catalog};

        classify(sv_cstr(sql), &rules, 0, facts);
}

static void statements_follow_the_catalog(void)
{
        struct catalog *catalog = judge_database();

        UNIT_ASSERT(catalog->state == CATALOG_LOADED && catalog->meaning == KNOWN_NOT);
        for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
                struct facts facts;

                classify_with(catalog, statements[i].sql, &facts);
                unit_row("%s -> %s (%.*s)", statements[i].sql, reason_name(facts.reason),
                         SV_ARG(facts.token));
                UNIT_ASSERT(facts.reason == statements[i].reason);
                UNIT_ASSERT((facts.class == CLASS_READ) == (statements[i].reason == REASON_READ));
        }
        catalog_unref(catalog);
}

static void bodies_are_looked_into(void)
{
        enum { FIXED = sizeof(database) / sizeof(database[0]) };
        struct row rows[FIXED + 3];

        memcpy(rows, database, sizeof(database));
        rows[FIXED] = (struct row){ROW_FUNCTION, {"20100", "2200", "A Wild One", "t", "f", ""}};
        rows[FIXED + 1] = (struct row){ROW_FUNCTION, {"20101", "2200", "body_under_test", "f", "f", ""}};
        for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
                struct catalog *catalog;

                rows[FIXED + 2] = (struct row){ROW_BODY, {"20101", bodies[i].text}};
                catalog = judge_rows(rows, FIXED + 3);
                unit_row("%s", bodies[i].text);
                UNIT_ASSERT(catalog_find(catalog, CATALOG_FUNCTION, SV(""), SV("body_under_test")) ==
                            bodies[i].known);
                catalog_unref(catalog);
        }
}

/* A value of a type with checks is bound: by its OID alone a Parse tells. */
static void types_of_parameters(void)
{
        static const struct {
                const char *what;
                struct sv types;
                enum reason reason;
        } cases[] = {
            {"none", SV(""), REASON_READ},
            {"no number", SV("\0"), REASON_READ},
            {"zero", SV("\0\0"), REASON_READ},
            {"unknown, int, calm", SV("\0\3\0\0\0\0\0\0\0\x17\0\0\x55\xf2"), REASON_READ},
            {"checked", SV("\0\1\0\0\x55\xf1"), REASON_TYPE},
            {"its array, last", SV("\0\2\0\0\0\x17\0\0\x55\xf3"), REASON_TYPE},
            {"cut off", SV("\0\1\0\0\x55"), REASON_READ},
        };
        struct catalog *catalog = judge_database();
        struct classify_rules rules = {.catalog = catalog};

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct facts facts;

                classify_with(catalog, "SELECT $1", &facts);
                classify_parameters(cases[i].types, &rules, &facts);
                unit_row("%s -> %s", cases[i].what, reason_name(facts.reason));
                UNIT_ASSERT(facts.reason == cases[i].reason);
                UNIT_ASSERT((facts.class == CLASS_WRITE) == (facts.reason == REASON_TYPE));
                UNIT_ASSERT(facts.writes == (facts.reason == REASON_TYPE));
        }
        catalog_unref(catalog);
}

static void before_it_is_loaded(void)
{
        static const struct {
                const char *sql;
                enum reason waiting, absent;
        } cases[] = {
            {"SELECT lower('A')", REASON_READ, REASON_READ},
            {"SELECT calm(1)", REASON_FUNCTION, REASON_FUNCTION},
            {"SELECT * FROM t", REASON_RELATION, REASON_READ},
            {"COPY t TO STDOUT", REASON_RELATION, REASON_READ},
            {"SELECT * FROM pg_class, information_schema.tables", REASON_READ, REASON_READ},
            {"SELECT * FROM generate_series(1, 2)", REASON_READ, REASON_READ},
            {"WITH c AS (SELECT 1) SELECT * FROM c", REASON_READ, REASON_READ},
            {"SELECT 1 === 1", REASON_OPERATOR, REASON_OPERATOR},
            {"EXPLAIN SELECT * FROM t", REASON_READ, REASON_READ},
        };
        struct catalog *waiting = catalog_new(CATALOG_WAITING), *absent = catalog_new(CATALOG_ABSENT);

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct facts facts;

                classify_with(waiting, cases[i].sql, &facts);
                unit_row("waiting: %s -> %s", cases[i].sql, reason_name(facts.reason));
                UNIT_ASSERT(facts.reason == cases[i].waiting);
                classify_with(absent, cases[i].sql, &facts);
                unit_row("absent: %s -> %s", cases[i].sql, reason_name(facts.reason));
                UNIT_ASSERT(facts.reason == cases[i].absent);
        }
        catalog_unref(waiting);
        catalog_unref(absent);
}

/* A view over pg_advisory_lock leaves what the call would leave. */
static void a_view_pins_as_its_function(void)
{
        struct catalog *catalog = judge_database();
        struct facts facts;

        classify_with(catalog, "SELECT * FROM v_advises", &facts);
        UNIT_ASSERT(facts.reason == REASON_EFFECT && facts.pins == PIN_ADVISORY);
        catalog_unref(catalog);
}

/* What no name gives away makes every query a write. */
static void hidden_functions(void)
{
        static const struct row rows[] = {{ROW_SCHEMA, {"11", "pg_catalog"}},
                                          {ROW_FUNCTION, {"20002", "2200", "wild", "t", "f", ""}},
                                          {ROW_CAST, {"25", "23", "20002", "i"}},
                                          {ROW_OPERATOR, {"23003", "2200", "=", "20002", "25", "23"}},
                                          {ROW_OPERATOR, {"23003", "2200", "=", "20002", "22005", "23"}}};

        for (size_t i = 2; i < 5; i++) {
                const struct row some[] = {rows[0], rows[1], rows[i]};
                struct catalog *catalog = judge_rows(some, 3);
                struct facts facts;

                classify_with(catalog, "SELECT 1", &facts);
                unit_row("row %zu", i);
                UNIT_ASSERT(facts.class == (i == 4 ? CLASS_READ : CLASS_WRITE));
                catalog_unref(catalog);
        }
}

/* The tables of the built-in names say the same before and after. */
static void built_in_names_stay(void)
{
        struct catalog *catalog = judge_database();
        static const char *const sqls[] = {"SELECT coalesce(1, 2)", "SELECT json_object('a': 1)",
                                           "SELECT xmlparse(DOCUMENT '<a/>')", "SELECT * FROM pg_class"};

        for (size_t i = 0; i < sizeof(sqls) / sizeof(sqls[0]); i++) {
                struct facts with, without;

                classify_with(catalog, sqls[i], &with);
                classify_with(NULL, sqls[i], &without);
                unit_row("%s", sqls[i]);
                UNIT_ASSERT(with.class == without.class && with.reason == without.reason);
        }
        catalog_unref(catalog);
}

/* ---- its parts ---- */

struct tree_log {
        char text[200];
};

static void log_found(void *arg, char class, uint32_t oid)
{
        struct tree_log *log = arg;
        size_t n = strlen(log->text);

        snprintf(log->text + n, sizeof(log->text) - n, "%c%u ", class, (unsigned)oid);
}

static void log_alarm(void *arg)
{
        struct tree_log *log = arg;

        strcat(log->text, "! ");
}

static void trees(void)
{
        static const struct {
                const char *tree, *found;
        } cases[] = {
            {"", ""},
            {"<>", ""},
            {":", ""},
            {"{FUNCEXPR :funcid 12 :funcresulttype 23}", "f12 "},
            {"{AGGREF :aggfnoid 2108 :aggtype 20}{WINDOWFUNC :winfnoid 3100}", "f2108 f3100 "},
            {"{SCALARARRAYOPEXPR :opno 96 :opfuncid 65 :hashfuncid 0 :negfuncid 7}", "o96 f65 f7 "},
            {"{COERCEVIAIO :resulttype 25}{CONST :consttype 16400}", "t25 t16400 "},
            {"{RTE :relid 5000}{RTEPERMISSIONINFO :relid 5001}", "r5000 r5001 "},
            {"{ROWCOMPAREEXPR :opnos (o 97 98) :opfamilies (o 1)}", "o97 o98 "},
            {"{ROWCOMPAREEXPR :opnos <>}", ""},
            {"{TABLEFUNC :coltypes (o 25 16401)}{RANGETBLFUNCTION :funccoltypes (o 16402)}",
             "t25 t16401 t16402 "},
            {"{JSONRETURNING :typid 16403}{VAR :vartype 16404}", "t16403 t16404 "},
            {"{SORTGROUPCLAUSE :eqop 96 :sortop 97}", "o96 o97 "},
            {"{QUERY :hasForUpdate false}", ""},
            {"{QUERY :hasForUpdate true}", "! "},
            {"{NEXTVALUEEXPR :seqid 300 :typeId 20}", "! "},
            {":funcid", ""},
            {":funcid ", ""},
            {"x:funcidx 3 :refuncid 4", ""},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct tree_log log = {""};

                judge_read_tree(cases[i].tree, &(struct tree_finds){log_found, log_alarm, &log});
                unit_row("%s -> %s", cases[i].tree, log.text);
                UNIT_ASSERT(strcmp(log.text, cases[i].found) == 0);
        }
}

/* A long chain of views, in whatever order its rows come, and rings of them. */
static void chains_and_rings(void)
{
        enum { LONG = 3000 };
        struct things things;

        things_init(&things);
        for (uint32_t i = 0; i < LONG; i++)
                things_use(&things, things_index(&things, 'r', i + 1), things_index(&things, 'r', i));
        things_use(&things, things_index(&things, 'r', 0),
                   things_index(&things, 'r', LONG)); /* the ring closes */
        while (things_spread(&things, 7))
                ;
        UNIT_ASSERT(things_find(&things, 'r', LONG)->known == KNOWN_READ);
        things_raise(&things, things_index(&things, 'r', 10), KNOWN_WRITE);
        things_raise(&things, things_index(&things, 'r', 20), KNOWN_EFFECT);
        while (things_spread(&things, 7))
                ;
        for (uint32_t i = 0; i <= LONG; i++)
                UNIT_ASSERT(things_find(&things, 'r', i)->known == KNOWN_EFFECT);
        UNIT_ASSERT(things_find(&things, 'f', 1) == NULL);
        things_fini(&things);
}

/* The steps are small, whatever the size: finish() has nothing left when step() says so. */
static void large_catalogs_in_steps(void)
{
        enum { MANY = 20000 };
        void *making = judge_maker.begin();
        struct catalog *catalog;
        char oid[12], name[40];
        int steps = 0;

        for (int i = 0; i < MANY; i++) {
                const char *columns[] = {oid, "2200", name, i % 7 == 0 ? "t" : "f", "f", ""};

                snprintf(oid, sizeof(oid), "%d", 20000 + i);
                snprintf(name, sizeof(name), "function_%d", i);
                judge_maker.row(making, ROW_FUNCTION, columns);
        }
        while (judge_maker.step(making))
                steps++;
        UNIT_ASSERT(steps >= MANY / 300);
        catalog = judge_maker.finish(making);
        UNIT_ASSERT(catalog->functions == MANY);
        for (int i = 0; i < MANY; i++) {
                snprintf(name, sizeof(name), "function_%d", i);
                UNIT_ASSERT(catalog_find(catalog, CATALOG_FUNCTION, SV(""), sv_cstr(name)) ==
                            (i % 7 == 0 ? KNOWN_WRITE : KNOWN_READ));
        }
        catalog_unref(catalog);
        judge_maker.drop(judge_maker.begin());
        judge_maker.drop(NULL);
}

UNIT_SUITE(router_judge, UNIT_CASE(statements_follow_the_catalog), UNIT_CASE(before_it_is_loaded),
           UNIT_CASE(a_view_pins_as_its_function), UNIT_CASE(bodies_are_looked_into),
           UNIT_CASE(types_of_parameters), UNIT_CASE(hidden_functions), UNIT_CASE(built_in_names_stay),
           UNIT_CASE(trees), UNIT_CASE(chains_and_rings), UNIT_CASE(large_catalogs_in_steps))

#include "router/known.h"

#include "unit.h"

#include <stdio.h>

static void functions(void)
{
        static const struct {
                const char *schema, *name;
                enum known known;
        } cases[] = {
            {"", "lower", KNOWN_READ},
            {"", "LOWER", KNOWN_READ},
            {"", "\"lower\"", KNOWN_READ},
            {"", "\"LOWER\"", KNOWN_NOT},
            {"", "\"lo\"\"wer\"", KNOWN_NOT},
            {"pg_catalog", "lower", KNOWN_READ},
            {"PG_Catalog", "Lower", KNOWN_READ},
            {"\"pg_catalog\"", "lower", KNOWN_READ},
            {"public", "lower", KNOWN_NOT},
            {"?", "lower", KNOWN_NOT},
            {"", "no_such_function", KNOWN_NOT},
            {"", "", KNOWN_NOT},
            {"", "nextval", KNOWN_WRITE},
            {"public", "nextval", KNOWN_WRITE},
            {"", "pg_advisory_lock", KNOWN_LOCK},
            {"", "pg_advisory_unlock_all", KNOWN_UNLOCK_ALL},
            {"", "pg_is_in_recovery", KNOWN_NODE},
            {"", "pg_stat_get_anything_new", KNOWN_NODE},
            {"", "pg_stat_reset_anything_new", KNOWN_EFFECT},
            {"", "pg_stat_get_db_stat_reset_time", KNOWN_NODE},
            {"", "dblink_connect_u", KNOWN_EFFECT},
            {"", "binary_upgrade_anything_new", KNOWN_EFFECT},
            {"", "set_config", KNOWN_SET_CONFIG},
            {"", "current_setting", KNOWN_CURRENT_SETTING},
            {"public", "current_setting", KNOWN_NOT},
            {"information_schema", "_pg_expandarray", KNOWN_READ},
            {"", "_pg_expandarray", KNOWN_NOT},
            {"pg_catalog", "_pg_expandarray", KNOWN_NOT},
            {"information_schema", "lower", KNOWN_NOT},
            {"", "a_name_that_is_much_longer_than_any_name_that_postgresql_would_keep_in_its_catalog",
             KNOWN_NOT},
        };
        char schema_space[KNOWN_NAME_BYTES], name_space[KNOWN_NAME_BYTES];

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                unit_row("%s.%s", cases[i].schema, cases[i].name);
                UNIT_ASSERT(known_function(known_fold(sv_cstr(cases[i].schema), schema_space),
                                           known_fold(sv_cstr(cases[i].name), name_space)) == cases[i].known);
        }
}

/* Every row of the tables is found, and as what it says; what is decided twice is decided once. */
static void tables(void)
{
        static const struct {
                const char *name;
                enum known known;
        } decided[] = {
#define OVERLAY(name, kind) {#name, KNOWN_##kind},
#include "router/overlay.def"
#undef OVERLAY
        };
        static const char *const reads[] = {
#define FUNCTION(name) #name,
#include "router/functions.def"
#undef FUNCTION
        };
        enum { READS = sizeof(reads) / sizeof(reads[0]), DECIDED = sizeof(decided) / sizeof(decided[0]) };

        for (size_t i = 0; i < DECIDED; i++) {
                unit_row("overlay: %s", decided[i].name);
                UNIT_ASSERT(known_function(SV(""), sv_cstr(decided[i].name)) == decided[i].known);
                for (size_t j = 0; j < i; j++)
                        UNIT_ASSERT(strcmp(decided[i].name, decided[j].name) != 0);
                for (size_t j = 0; j < READS; j++)
                        UNIT_ASSERT(strcmp(decided[i].name, reads[j]) != 0);
        }
        for (size_t i = 0; i < READS; i++) {
                bool inside = strncmp(reads[i], "_pg_", 4) == 0;

                unit_row("functions: %s", reads[i]);
                UNIT_ASSERT(known_function(inside ? SV("information_schema") : SV("pg_catalog"),
                                           sv_cstr(reads[i])) == KNOWN_READ);
                UNIT_ASSERT(i == 0 || strcmp(reads[i - 1], reads[i]) < 0);
        }
}

static void relations(void)
{
        UNIT_ASSERT(known_relation(SV("pg_stat_activity")) == KNOWN_NODE);
        UNIT_ASSERT(known_relation(SV("PG_Statio_all_tables")) == KNOWN_NODE);
        UNIT_ASSERT(known_relation(SV("\"pg_locks\"")) == KNOWN_NODE);
        UNIT_ASSERT(known_relation(SV("\"PG_LOCKS\"")) == KNOWN_NOT);
        UNIT_ASSERT(known_relation(SV("pg_cursors")) == KNOWN_SESSION);
        UNIT_ASSERT(known_relation(SV("pg_stats")) == KNOWN_NOT);
        UNIT_ASSERT(known_relation(SV("pg_statistic_ext")) == KNOWN_NOT);
        UNIT_ASSERT(known_relation(SV("pg_class")) == KNOWN_NOT);
}

static void operators(void)
{
        static const char *const builtin[] = {
            "=",   "<>",  "!=",  "<",   ">",   "<=", ">=",  "+",   "-",    "*",   "/",  "%",   "^",   "|/",
            "||/", "!!",  "@",   "&",   "|",   "#",  "~",   "<<",  ">>",   "||",  "~~", "!~~", "~~*", "!~~*",
            "!~",  "~*",  "!~*", "->",  "->>", "#>", "#>>", "@>",  "<@",   "?",   "?|", "?&",  "#-",  "@?",
            "@@",  "@@@", "&&",  "-|-", "<->", "^@", "~=",  "*<>", "~<=~", "?-|", "=-", "<-",  "+-+", "*-"};
        static const char *const others[] = {"`",   "<=>",   "%>", "===",  "@-",
                                             "~~~", "<<<<<", "|-", "->>>", "?-+"};

        for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++) {
                unit_row("%s", builtin[i]);
                UNIT_ASSERT(known_operator(sv_cstr(builtin[i])));
        }
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                unit_row("%s", others[i]);
                UNIT_ASSERT(!known_operator(sv_cstr(others[i])));
        }
}

static void settings(void)
{
        UNIT_ASSERT(known_node_setting(SV("transaction_read_only")));
        UNIT_ASSERT(known_node_setting(SV("In_Hot_Standby")));
        UNIT_ASSERT(!known_node_setting(SV("search_path")));
        UNIT_ASSERT(!known_node_setting(SV("")));
}

UNIT_SUITE(router_known, UNIT_CASE(functions), UNIT_CASE(tables), UNIT_CASE(relations), UNIT_CASE(operators),
           UNIT_CASE(settings))

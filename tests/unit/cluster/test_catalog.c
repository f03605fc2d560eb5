#include "cluster/catalog_home.h"

#include "conf/conf.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static void names_have_schemas(void)
{
        struct catalog *catalog = catalog_new(CATALOG_LOADED);

        UNIT_ASSERT(!catalog_has(catalog, CATALOG_FUNCTION));
        UNIT_ASSERT(catalog_find(catalog, CATALOG_FUNCTION, SV(""), SV("f")) == 0);
        *catalog_put(catalog, CATALOG_FUNCTION, SV(""), SV("f")) = 1;
        *catalog_put(catalog, CATALOG_FUNCTION, SV("a"), SV("f")) = 2;
        *catalog_put(catalog, CATALOG_FUNCTION, SV("af"), SV("")) = 3;
        *catalog_put(catalog, CATALOG_FUNCTION, SV(""), SV("af")) = 4;
        *catalog_put(catalog, CATALOG_RELATION, SV("a"), SV("f")) = 5;
        UNIT_ASSERT(*catalog_put(catalog, CATALOG_FUNCTION, SV("a"), SV("f")) == 2);
        UNIT_ASSERT(catalog_find(catalog, CATALOG_FUNCTION, SV(""), SV("f")) == 1);
        UNIT_ASSERT(catalog_find(catalog, CATALOG_FUNCTION, SV("a"), SV("f")) == 2);
        UNIT_ASSERT(catalog_find(catalog, CATALOG_FUNCTION, SV("af"), SV("")) == 3);
        UNIT_ASSERT(catalog_find(catalog, CATALOG_FUNCTION, SV(""), SV("af")) == 4);
        UNIT_ASSERT(catalog_find(catalog, CATALOG_RELATION, SV("a"), SV("f")) == 5);
        UNIT_ASSERT(catalog_find(catalog, CATALOG_RELATION, SV(""), SV("f")) == 0);
        UNIT_ASSERT(catalog_has(catalog, CATALOG_FUNCTION) && !catalog_has(catalog, CATALOG_TYPE));
        catalog_unref(catalog);
}

static void may_have_what_is_written(void)
{
        static const struct {
                const char *written;
                bool may;
        } rows[] = {{"money_of_ours", true},
                    {"MONEY_of_ours", true},
                    {"\"money_of_ours\"", true},
                    {"\"x\"", false},
                    {"money_of_our", false},
                    {"honey_of_ours", false},
                    {"\"\"", false},
                    {"m", false}};
        struct catalog *catalog = catalog_new(CATALOG_LOADED);

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                UNIT_ASSERT(!catalog_may_have(catalog, CATALOG_TYPE, sv_cstr(rows[i].written)));
        *catalog_put(catalog, CATALOG_TYPE, SV(""), SV("money_of_ours")) = 1;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].written);
                UNIT_ASSERT(catalog_may_have(catalog, CATALOG_TYPE, sv_cstr(rows[i].written)) == rows[i].may);
                UNIT_ASSERT(!catalog_may_have(catalog, CATALOG_FIELD, sv_cstr(rows[i].written)));
        }
        catalog_unref(catalog);
}

static void many_names(void)
{
        enum { MANY = 50000 };
        struct catalog *catalog = catalog_new(CATALOG_LOADED);
        char name[64];

        for (int i = 0; i < MANY; i++) {
                int n = snprintf(name, sizeof(name), "name_%d", i);

                *catalog_put(catalog, CATALOG_RELATION, SV("public"), sv_from(name, (size_t)n)) =
                    (uint8_t)(i % 9 + 1);
        }
        for (int i = 0; i < MANY; i++) {
                int n = snprintf(name, sizeof(name), "name_%d", i);

                UNIT_ASSERT(catalog_find(catalog, CATALOG_RELATION, SV("public"), sv_from(name, (size_t)n)) ==
                            i % 9 + 1);
                UNIT_ASSERT(catalog_find(catalog, CATALOG_RELATION, SV("publid"), sv_from(name, (size_t)n)) ==
                            0);
        }
        UNIT_ASSERT(catalog->tables[CATALOG_RELATION].count == MANY);
        catalog_unref(catalog_ref(catalog));
        catalog_unref(catalog);
        catalog_unref(NULL);
}

static struct cluster *some_cluster(const char *host)
{
        struct conf_database line = {.name = "app", .host_count = 2, .cluster = true};

        line.hosts[0] = (struct conf_host){.host = host, .port = 5432};
        line.hosts[1] = (struct conf_host){.host = host, .port = 5433};
        return cluster_for(&line);
}

static void homes_are_shared_by_name(void)
{
        struct cluster *one = some_cluster("one.home"), *other = some_cluster("other.home");
        struct catalog_home *a = catalog_home_join(one, "a"), *b = catalog_home_join(one, "b");
        struct catalog_home *c = catalog_home_join(other, "a"), *again = catalog_home_join(one, "a");

        UNIT_ASSERT(a == again && a != b && a != c && b != c && a->users == 2);
        catalog_home_leave(again);
        catalog_home_leave(b);
        catalog_home_sweep();
        UNIT_ASSERT(catalog_home_first() == a && a->next == c && c->next == NULL);
        catalog_home_leave(a);
        a->reader = a;
        catalog_home_sweep();
        UNIT_ASSERT(catalog_home_first() == a);
        a->reader = NULL;
        catalog_home_leave(c);
        catalog_home_leave(NULL);
        catalog_home_sweep();
        UNIT_ASSERT(catalog_home_first() == NULL);
}

static void readers_swap_what_is_published(void)
{
        struct catalog_home *home = catalog_home_join(some_cluster("one.home"), "a");
        struct catalog *mine = NULL, *next = catalog_new(CATALOG_LOADED);
        uint64_t first;

        UNIT_ASSERT(catalog_home_refresh(home, &mine) && mine->state == CATALOG_WAITING);
        first = mine->id;
        UNIT_ASSERT(!catalog_home_refresh(home, &mine));
        catalog_home_publish(home, next);
        UNIT_ASSERT(catalog_home_refresh(home, &mine) && mine == next && mine->id > first);
        UNIT_ASSERT(!catalog_home_refresh(home, &mine));
        UNIT_ASSERT(catalog_home_take_doubts(home) == 0);
        catalog_home_doubt(home, CATALOG_LACKS);
        catalog_home_doubt(home, CATALOG_CHANGED);
        catalog_home_doubt(home, CATALOG_LACKS);
        UNIT_ASSERT(catalog_home_take_doubts(home) == (CATALOG_LACKS | CATALOG_CHANGED));
        UNIT_ASSERT(catalog_home_take_doubts(home) == 0);
        catalog_home_leave(home);
        catalog_home_sweep();
        UNIT_ASSERT(mine->state == CATALOG_LOADED); /* it outlives its home */
        catalog_unref(mine);
}

UNIT_SUITE(cluster_catalog, UNIT_CASE(names_have_schemas), UNIT_CASE(may_have_what_is_written),
           UNIT_CASE(many_names), UNIT_CASE(homes_are_shared_by_name),
           UNIT_CASE(readers_swap_what_is_published))

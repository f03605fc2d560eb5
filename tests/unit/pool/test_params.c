#include "pool/params.h"

#include "unit.h"

#include <stdio.h>

static void keeps_the_last_value_of_each(void)
{
        static const struct {
                const char *name, *set[8], *all;
        } rows[] = {
            {"one", {"a", "1"}, "a=1;"},
            {"two", {"a", "1", "b", "2"}, "a=1;b=2;"},
            {"replaced", {"a", "1", "b", "2", "a", "3"}, "b=2;a=3;"},
            {"the case is PostgreSQL's", {"TimeZone", "UTC", "timezone", "CET"}, "timezone=CET;"},
            {"an empty value", {"a", "", "b", "2"}, "a=;b=2;"},
            {"an empty name", {"", "x", "b", "2"}, "=x;b=2;"},
            {"a prefix is another", {"ab", "1", "a", "2"}, "ab=1;a=2;"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct params p = {0};
                struct sv at, name, value;
                char all[200];
                size_t n = 0;

                unit_row("%s", rows[i].name);
                for (int k = 0; k < 8 && rows[i].set[k] != NULL; k += 2)
                        UNIT_ASSERT(params_set(&p, sv_cstr(rows[i].set[k]), sv_cstr(rows[i].set[k + 1])) ==
                                    STATUS_OK);
                at = params_all(&p);
                while (params_next(&at, &name, &value))
                        n += (size_t)snprintf(all + n, sizeof(all) - n, "%.*s=%.*s;", SV_ARG(name),
                                              SV_ARG(value));
                UNIT_ASSERT(sv_is(sv_from(all, n), rows[i].all));
                params_fini(&p);
        }
}

static void finds_by_name(void)
{
        struct params p = {0};
        struct sv value;

        UNIT_ASSERT(!params_get(&p, SV("a"), &value));
        UNIT_ASSERT(params_set(&p, SV("DateStyle"), SV("ISO")) == STATUS_OK);
        UNIT_ASSERT(params_set(&p, SV("x"), SV("y")) == STATUS_OK);
        UNIT_ASSERT(params_get(&p, SV("datestyle"), &value) && sv_is(value, "ISO"));
        UNIT_ASSERT(!params_get(&p, SV("y"), &value) && !params_get(&p, SV("datestyl"), &value));
        params_fini(&p);
}

static void a_flood_is_refused_and_changes_nothing(void)
{
        static char big[PARAMS_BYTES_MAX + 1];
        struct params p = {0};
        struct sv value;

        memset(big, 'x', sizeof(big) - 1);
        UNIT_ASSERT(params_set(&p, SV("a"), SV("1")) == STATUS_OK);
        big[PARAMS_BYTES_MAX - 2] = '\0'; /* as in a message, a NUL stands behind each */
        UNIT_ASSERT(params_set(&p, SV("a"), sv_from(big, PARAMS_BYTES_MAX - 2)) == STATUS_LIMIT);
        UNIT_ASSERT(params_get(&p, SV("a"), &value) && sv_is(value, "1"));
        big[PARAMS_BYTES_MAX - 3] = '\0';
        UNIT_ASSERT(params_set(&p, SV("a"), sv_from(big, PARAMS_BYTES_MAX - 3)) == STATUS_OK);
        UNIT_ASSERT(params_set(&p, SV("b"), SV("")) == STATUS_LIMIT);
        UNIT_ASSERT(params_get(&p, SV("a"), &value) && value.n == PARAMS_BYTES_MAX - 3);
        UNIT_ASSERT(!params_get(&p, SV("b"), &value));
        params_fini(&p);
}

UNIT_SUITE(pool_params, UNIT_CASE(keeps_the_last_value_of_each), UNIT_CASE(finds_by_name),
           UNIT_CASE(a_flood_is_refused_and_changes_nothing))

#include "router/moment.h"

#include "router/classify.h"
#include "unit.h"

static void texts_that_ask(void)
{
        static const struct {
                const char *sql;
                unsigned options;
                bool asks;
        } cases[] = {
            {"SELECT 1", 0, false},
            {"SELECT now()", 0, true},
            {"SELECT pg_catalog.\"now\" ( )", 0, true},
            {"SELECT CURRENT_TIMESTAMP(3), 1", 0, true},
            {"SELECT * FROM t WHERE d = current_date", 0, true},
            {"SELECT age(birth) FROM t", 0, true},
            {"SELECT 'today'::date", 0, true},
            {"SELECT timestamptz ' NOW '", 0, true},
            {"SELECT date $$yesterday$$", 0, true},
            {"SELECT clock_timestamp(), statement_timestamp()", 0, false},
            {"SELECT nowhere, todays FROM t -- now()", 0, false},
            {"SELECT 'a\\', now() --'", 0, true},
            {"SELECT 'a\\', x --'", CLASSIFY_ESCAPE_STRINGS, false},
            {"SELECT 'unterminated", 0, true},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                unit_row("%s", cases[i].sql);
                UNIT_ASSERT(moment_in_text(sv_cstr(cases[i].sql), cases[i].options) == cases[i].asks);
        }
        UNIT_ASSERT(moment_in_value(SV("x Tomorrow")) && !moment_in_value(SV("no w")) &&
                    !moment_in_value(SV("")));
}

UNIT_SUITE(router_moment, UNIT_CASE(texts_that_ask))

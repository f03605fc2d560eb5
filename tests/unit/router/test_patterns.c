#include "router/explain.h"
#include "router/lists.h"
#include "router/patterns.h"
#include "unit.h"

#include <stdlib.h>
#include <time.h>

static void texts_have_the_last_word(void)
{
        static const struct {
                const char *sql, *expected; /* reason, token */
                char target;
        } rows[] = {
            {"SELECT 1", "read []", 'S'},
            {"\n select * FROM Audit_log", "pattern [/^select .* from audit_/]", 'P'},
            {"TABLE x; SELECT * FROM audit_log", "read []", 'S'},
            {"SELECT a/b", "pattern [/a\\/b|zz/]", 'P'},
            {"SELECT a, zz", "pattern [/a\\/b|zz/]", 'P'},
            {"/* pgsteer: standby */ SELECT zz", "hint standby [pgsteer: standby]", 'S'},
            {"BEGIN READ ONLY; SELECT zz", "read only transaction [READ ONLY]", 'S'},
            {"SELECT f(1)", "function [f]", 'P'},
            {"SELECT f(1), report", "pattern [/report/]", 'S'},
            {"SELECT f(1), report, zz", "function [f]", 'P'},
            {"SELECT good(1)", "read []", 'S'},
            {"SELECT bad()", "function [bad]", 'P'},
            {"INSERT INTO report VALUES (1)", "dml [INSERT]", 'P'},
            {"SELECT report FOR UPDATE", "locking clause [UPDATE]", 'P'},
            {"SELECT report, pg_advisory_lock(1)", "effect [pg_advisory_lock]", 'P'},
            {"SELECT report, pg_is_in_recovery()", "pattern [/report/]", 'S'},
            {"", "empty []", 'S'},
        };
        struct route_lists lists = {0};
        struct options opt = {.route_primary = "bad, /^select .* from audit_/ /a\\/b|zz/",
                              .route_standby = "/report/,good"};
        struct classify_rules rules;

        lists_read(&lists, &opt);
        rules = lists_rules(&lists, NULL);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct explanation e;
                char got[128];

                explain(sv_cstr(rows[i].sql), &(struct explain_by){.rules = &rules}, &e);
                snprintf(got, sizeof(got), "%s [%.*s]", reason_name(e.route.reason), SV_ARG(e.token));
                unit_row("%s: %s", rows[i].sql, got);
                UNIT_ASSERT(strcmp(got, rows[i].expected) == 0);
                UNIT_ASSERT((e.route.target == ROUTE_STANDBY) == (rows[i].target == 'S'));
        }
        lists_free(&lists);
}

/* What the library would try at every place of the text is tried once, and behind the bound nothing. */
static void long_texts_are_cheap(void)
{
        struct options opt = {.route_primary = "/x.*y/ /(x+x+)+y/ /x$/", .route_standby = ""};
        struct patterns *patterns = patterns_new(&opt);
        size_t n = PATTERNS_TEXT_MAX + 10;
        char *text =
            calloc(1, n + 1); /* AddressSanitizer's regexec() wants a NUL, whatever REG_STARTEND says */
        struct facts facts = {.class = CLASS_READ, .reason = REASON_READ};
        clock_t before = clock();

        memset(text, 'x', n);
        text[n - 1] = 'y';
        patterns_judge(patterns, sv_from(text, n), &facts);
        UNIT_ASSERT(facts.class == CLASS_READ);
        UNIT_ASSERT(clock() - before <
                    CLOCKS_PER_SEC); /* far below a second; many seconds when it is quadratic */
        patterns_judge(patterns, sv_from(text, PATTERNS_TEXT_MAX), &facts);
        UNIT_ASSERT(facts.reason == REASON_PATTERN && sv_is(facts.token, "/x$/"));
        patterns_free(patterns);
        free(text);
}

UNIT_SUITE(router_patterns, UNIT_CASE(texts_have_the_last_word), UNIT_CASE(long_texts_are_cheap))

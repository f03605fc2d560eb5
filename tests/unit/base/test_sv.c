#include "base/sv.h"

#include "unit.h"

static void compares(void)
{
        static const struct {
                const char *name;
                struct sv a, b;
                bool eq, ieq;
        } rows[] = {
            {"same", {"abc", 3}, {"abc", 3}, true, true},
            {"other case", {"aBc", 3}, {"AbC", 3}, false, true},
            {"a prefix", {"abc", 3}, {"abcd", 4}, false, false},
            {"other", {"abc", 3}, {"abd", 3}, false, false},
            {"both empty", {"", 0}, {"x", 0}, true, true},
            {"empty without memory", {NULL, 0}, {"", 0}, true, true},
            {"behind a NUL", {"a\0b", 3}, {"a\0c", 3}, false, true},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                UNIT_ASSERT(sv_eq(rows[i].a, rows[i].b) == rows[i].eq);
                UNIT_ASSERT(sv_eq(rows[i].b, rows[i].a) == rows[i].eq);
                UNIT_ASSERT(sv_ieq(rows[i].a, rows[i].b) == rows[i].ieq);
        }
}

static void trims(void)
{
        static const struct {
                const char *name, *text, *trimmed;
        } rows[] = {{"nothing to do", "abc", "abc"},
                    {"both ends", " \t\r\n\v\fabc \t\r\n\v\f", "abc"},
                    {"inside stays", " a b ", "a b"},
                    {"all white", " \t ", ""},
                    {"empty", "", ""},
                    {"other control characters stay",
                     "\x08"
                     "a\x0e",
                     "\x08"
                     "a\x0e"}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                UNIT_ASSERT(sv_is(sv_trim(sv_cstr(rows[i].text)), rows[i].trimmed));
        }
}

static void views_literals(void)
{
        struct sv v = SV("ab\0c");

        UNIT_ASSERT(v.n == 4 && v.p[3] == 'c');
        UNIT_ASSERT(SV("").n == 0 && sv_is(SV(""), ""));
        UNIT_ASSERT(!sv_is(SV("ab\0c"), "ab"));
}

UNIT_SUITE(base_sv, UNIT_CASE(compares), UNIT_CASE(trims), UNIT_CASE(views_literals))

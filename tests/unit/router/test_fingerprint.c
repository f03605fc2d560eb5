#include "router/fingerprint.h"

#include "router/classify.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static void knows_what_is_the_same(void)
{
        static const struct {
                const char *a, *b;
                bool same;
        } rows[] = {
            {"SELECT 1", "select  2", true},
            {"SELECT 1", "SELECT 'x'", true},
            {"SELECT 1", "SELECT $1 ; ", true},
            {"SELECT 1", "/* c */ SELECT -- d\n 1;;", true},
            {"SELECT f(1)", "SELECT F ( 1 )", true},
            {"SELECT f(1, 2, 3)", "SELECT f($1,$2)", true},
            {"SELECT * FROM t WHERE n IN (1)", "SELECT * FROM t WHERE n IN (1,2 , 3)", true},
            {"SELECT 'a''b'", "SELECT $tag$ ; $tag$", true},
            {"SELECT 1; SELECT 2", "select 3 ;; select 4;", true},
            {"SELECT f(1)", "SELECT g(1)", false},
            {"SELECT \"F\"(1)", "SELECT \"f\"(1)", false},
            {"SELECT f(1)", "SELECT f()", false},
            {"SELECT 1", "SELECT 1, a", false},
            {"SELECT a, 1", "SELECT a 1", false},
            {"SELECT ab", "SELECT a b", false},
            {"SELECT \303\251", "SELECT \303\211", false},
            {"SELECT a.b", "SELECT a, b", false},
            {"SELECT 1; SELECT 2", "SELECT 1", false},
            {"SELECT 1 + 2", "SELECT 1 - 2", false},
            {"SELECT f(1,)", "SELECT f(1)", false},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint64_t a = fingerprint_hash(sv_cstr(rows[i].a), 0),
                         b = fingerprint_hash(sv_cstr(rows[i].b), 0);

                unit_row("%s | %s", rows[i].a, rows[i].b);
                UNIT_ASSERT(a != 0 && b != 0 && (a == b) == rows[i].same);
                UNIT_ASSERT(fingerprint_within(a, SV("app")) != a);
                UNIT_ASSERT(fingerprint_within(a, SV("app")) != fingerprint_within(a, SV("other")));
        }
        UNIT_ASSERT(fingerprint_hash(SV("SELECT 'x"), 0) == 0);
        UNIT_ASSERT(fingerprint_hash(SV("SELECT E'\\\\'"), CLASSIFY_BACKSLASH_UNSAFE) == 0);
        UNIT_ASSERT(fingerprint_within(0, SV("app")) == 0);
}

/* Whatever way the scanner takes: one blank, more white space, or none in front, and of any length. */
static void measures_tokens_of_any_length(void)
{
        static const char quotes[] = {'\0', '"', '\''};

        for (size_t q = 0; q < sizeof(quotes); q++)
                for (int n = 1; n < 40; n++) {
                        uint64_t near, far, longer, other;
                        char token[64], text[256];

                        snprintf(token, sizeof(token), "%.1s%0*d%.1s", &quotes[q], n, 0, &quotes[q]);
                        memset(token + (q > 0), 'W', (size_t)n);
                        unit_row("%s", token);
                        snprintf(text, sizeof(text), "select %s,%s from t", token, token);
                        near = fingerprint_hash(sv_cstr(text), 0);
                        snprintf(text, sizeof(text), "select\n%s ,\t %s /**/from\nt", token, token);
                        far = fingerprint_hash(sv_cstr(text), 0);
                        UNIT_ASSERT(near != 0 && near == far);
                        snprintf(text, sizeof(text), "select %s,%s", token, token);
                        UNIT_ASSERT(fingerprint_hash(sv_cstr(text), 0) != near);
                        longer = fingerprint_hash(sv_cstr(text), 0);
                        token[n - (q == 0)] ^= 'W' ^ 'V'; /* its last letter */
                        snprintf(text, sizeof(text), "select %s,%s", token, token);
                        other = fingerprint_hash(sv_cstr(text), 0);
                        UNIT_ASSERT((longer == other) == (quotes[q] == '\''));
                }
}

static void writes_what_is_left(void)
{
        static const struct {
                const char *text, *left;
        } rows[] = {
            {"SELECT  F(1, 'two' ,$3), \"A\".b::int FROM t -- x\nWHERE a[1]=-5 AND b IN (1,2);",
             "select f(?), \"A\".b::int from t where a[?] =- ? and b in(?)"},
            {"SELECT (1), ((a))", "select(?), ((a))"},
            {"", ""},
            {";", ""},
            {"SELECT 1;SELECT 2;", "select ?; select ?"},
        };
        char out[128];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                fingerprint_text(sv_cstr(rows[i].text), 0, out, sizeof(out));
                unit_row("%s: %s", rows[i].text, out);
                UNIT_ASSERT(strcmp(out, rows[i].left) == 0);
        }
        fingerprint_text(SV("SELECT abc"), 0, out, 9);
        UNIT_ASSERT(strcmp(out, "select a") == 0);
        fingerprint_text(SV("SELECT abc"), 0, out, 1);
        UNIT_ASSERT(strcmp(out, "") == 0);
}

UNIT_SUITE(router_fingerprint, UNIT_CASE(knows_what_is_the_same), UNIT_CASE(measures_tokens_of_any_length),
           UNIT_CASE(writes_what_is_left))

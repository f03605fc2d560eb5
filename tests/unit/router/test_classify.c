#include "router/classify.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

struct row {
        enum stmt_class class;
        enum reason reason;
        struct sv text;
};

static const struct row rows[] = {
#define R(sql)         {CLASS_READ, REASON_READ, {sql, sizeof(sql) - 1}},
#define W(reason, sql) {CLASS_WRITE, REASON_##reason, {sql, sizeof(sql) - 1}},
#define N(sql)         {CLASS_NONE, REASON_NOTHING, {sql, sizeof(sql) - 1}},
#include "statements.def"
#undef R
#undef W
#undef N
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Classifies a copy that ends where its memory ends, so that a sanitizer sees every byte read too many. */
static struct facts classify_copy(struct sv text, unsigned options)
{
        char *copy = malloc(text.n + 1);
        struct facts facts;

        UNIT_ASSERT(copy != NULL);
        memcpy(copy + 1, text.p, text.n);
        classify(sv_from(copy + 1, text.n), NULL, options, &facts);
        free(copy);
        return facts;
}

static void labelled_statements(void)
{
        for (size_t i = 0; i < ROWS; i++) {
                struct facts facts = classify_copy(rows[i].text, 0);

                unit_row("%s -> %d %s", rows[i].text.p, (int)facts.class, reason_name(facts.reason));
                UNIT_ASSERT(facts.class == rows[i].class);
                UNIT_ASSERT(facts.reason == rows[i].reason);
        }
}

/* A write stays a write whatever is put around it that leaves it a statement. */
static void context_changes_nothing(void)
{
        static const char *const frames[][2] = {
            {"", " ;"}, {"\n/* c */ -- d\n", ""}, {"SELECT 1;", ""}, {"", "; SELECT 1"}, {";;", ";;"},
        };
        char text[600];

        for (size_t i = 0; i < ROWS; i++)
                for (size_t f = 0; f < sizeof(frames) / sizeof(frames[0]); f++) {
                        struct sv sql = rows[i].text;
                        int n =
                            snprintf(text, sizeof(text), "%s%.*s%s", frames[f][0], SV_ARG(sql), frames[f][1]);
                        bool comment_swallows = memmem(sql.p, sql.n, "--", 2) != NULL;
                        struct facts facts;

                        if (comment_swallows || rows[i].class == CLASS_NONE)
                                continue;
                        facts = classify_copy(sv_from(text, (size_t)n), 0);
                        unit_row("%s", text);
                        UNIT_ASSERT(facts.class == rows[i].class);
                        UNIT_ASSERT(facts.reason == rows[i].reason);
                }
}

/* Upper case, lower case and other white space are the same to PostgreSQL outside of quotes. */
static void case_changes_nothing(void)
{
        char text[600];

        for (size_t i = 0; i < ROWS; i++) {
                struct sv sql = rows[i].text;
                struct facts facts;

                if (memchr(sql.p, '\'', sql.n) != NULL || memchr(sql.p, '"', sql.n) != NULL ||
                    memchr(sql.p, '$', sql.n) != NULL)
                        continue;
                for (int lower = 0; lower < 2; lower++) {
                        for (size_t j = 0; j < sql.n; j++) {
                                char c = sql.p[j];
                                bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

                                text[j] = letter ? (char)(lower ? c | 0x20 : c & ~0x20) : c;
                        }
                        facts = classify_copy(sv_from(text, sql.n), 0);
                        unit_row("%.*s", (int)sql.n, text);
                        UNIT_ASSERT(facts.class == rows[i].class && facts.reason == rows[i].reason);
                }
        }
}

/* Whatever a text is cut down to, under every option: no crash, no read beyond it, and what does not lex or
 * is in the middle of a write is no read unless it is a read of its own. */
static void every_prefix_is_safe(void)
{
        for (size_t i = 0; i < ROWS; i++)
                for (size_t n = 0; n <= rows[i].text.n; n++)
                        for (unsigned options = 0; options < 4; options++) {
                                struct facts facts = classify_copy(sv_from(rows[i].text.p, n), options);

                                unit_row("%.*s", (int)n, rows[i].text.p);
                                UNIT_ASSERT(facts.class != CLASS_READ || facts.reason == REASON_READ);
                                UNIT_ASSERT(facts.class != CLASS_WRITE || facts.reason != REASON_READ);
                        }
}

/* The same rows with one byte turned into others that matter to a scanner. */
static void every_broken_byte_is_safe(void)
{
        static const char bytes[] = "'\"$\\/*-(); \x80\0E";
        char text[600];

        for (size_t i = 0; i < ROWS; i += 3)
                for (size_t at = 0; at < rows[i].text.n; at++)
                        for (size_t b = 0; b < sizeof(bytes) - 1; b++) {
                                struct facts facts;

                                memcpy(text, rows[i].text.p, rows[i].text.n);
                                text[at] = bytes[b];
                                facts = classify_copy(sv_from(text, rows[i].text.n), (unsigned)b & 3);
                                UNIT_ASSERT(facts.reason < REASON_COUNT);
                        }
}

static void depth_has_a_limit(void)
{
        enum { DEEP = 5000 };
        char *text = malloc(2 * DEEP + 100);
        size_t n = 0;

        UNIT_ASSERT(text != NULL);
        for (int depth = 100; depth <= DEEP; depth += DEEP - 100) {
                struct facts facts;

                n = (size_t)sprintf(text, "SELECT ");
                memset(text + n, '(', (size_t)depth);
                n += (size_t)depth;
                text[n++] = '1';
                memset(text + n, ')', (size_t)depth);
                n += (size_t)depth;
                classify(sv_from(text, n), NULL, 0, &facts);
                unit_row("%d parentheses", depth);
                UNIT_ASSERT(facts.class == (depth == DEEP ? CLASS_WRITE : CLASS_READ));
        }
        free(text);
}

/* Behind the limit of the frames the statement is a write, and the statements behind it are still seen. */
static void calls_are_found_at_every_depth(void)
{
        char text[2000];

        for (int depth = 1; depth < 400; depth++) {
                size_t n = (size_t)sprintf(text, "SELECT ");
                struct facts facts;

                memset(text + n, '(', (size_t)depth);
                n += (size_t)depth;
                n += (size_t)sprintf(text + n, "f(1)");
                memset(text + n, ')', (size_t)depth);
                n += (size_t)depth;
                n += (size_t)sprintf(text + n, "; LISTEN x");
                classify(sv_from(text, n), NULL, 0, &facts);
                unit_row("depth %d", depth);
                UNIT_ASSERT(facts.class == CLASS_WRITE && facts.statements == 2 && facts.pins == PIN_LISTEN);
        }
}

static void options_change_the_strings(void)
{
        static const struct {
                const char *sql;
                unsigned options;
                enum stmt_class class;
        } cases[] = {
            {"SELECT '\\', f(1), '", 0, CLASS_WRITE},
            {"SELECT '\\', f(1), '''", 0, CLASS_WRITE},
            {"SELECT '\\'', f(1), '", CLASSIFY_ESCAPE_STRINGS, CLASS_WRITE},
            {"SELECT '\\'', lower('a')", CLASSIFY_ESCAPE_STRINGS, CLASS_READ},
            {"SELECT '\\'', lower('a')", 0, CLASS_WRITE},
            {"SELECT 'a'\n'\\''", CLASSIFY_ESCAPE_STRINGS, CLASS_READ},
            {"SELECT N'\\''", CLASSIFY_ESCAPE_STRINGS, CLASS_READ},
            {"SELECT U&'a'", CLASSIFY_ESCAPE_STRINGS, CLASS_WRITE},
            {"SELECT E'a\\n'", 0, CLASS_READ},
            {"SELECT E'a\\n'", CLASSIFY_BACKSLASH_UNSAFE, CLASS_WRITE},
            {"SELECT E'a'", CLASSIFY_BACKSLASH_UNSAFE, CLASS_READ},
            {"SELECT '\x83\\', 1", CLASSIFY_BACKSLASH_UNSAFE, CLASS_READ},
            {"SELECT \x83|(1)", CLASSIFY_BACKSLASH_UNSAFE, CLASS_WRITE},
            {"SELECT a\x83|(1)", CLASSIFY_BACKSLASH_UNSAFE, CLASS_WRITE},
            {"SELECT \x83\x41 FROM t", CLASSIFY_BACKSLASH_UNSAFE, CLASS_READ},
            {"SELECT a\xb1, b FROM t", CLASSIFY_BACKSLASH_UNSAFE, CLASS_READ},
            {"SELECT lower('A') FROM some_table_name WHERE a = 'b'", CLASSIFY_BACKSLASH_UNSAFE, CLASS_READ},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct facts facts = classify_copy(sv_cstr(cases[i].sql), cases[i].options);

                unit_row("%s (options %u)", cases[i].sql, cases[i].options);
                UNIT_ASSERT(facts.class == cases[i].class);
        }
}

static void rules_of_the_configuration(void)
{
        static const char *const primary[] = {"lower", "app.read_me", NULL};
        static const char *const standby[] = {"my_function", "app.other", "nextval", NULL};
        static const struct classify_rules rules = {.primary_functions = primary,
                                                    .standby_functions = standby};
        static const struct {
                const char *sql;
                enum stmt_class class;
        } cases[] = {
            {"SELECT upper('a')", CLASS_READ},
            {"SELECT lower('A')", CLASS_WRITE},
            {"SELECT pg_catalog.LOWER('A')", CLASS_WRITE},
            {"SELECT my_function(1)", CLASS_READ},
            {"SELECT s.my_function(1)", CLASS_READ},
            {"SELECT \"My_function\"(1)", CLASS_WRITE},
            {"SELECT other(1)", CLASS_WRITE},
            {"SELECT app.other(1)", CLASS_READ},
            {"SELECT App.Other(1)", CLASS_READ},
            {"SELECT x.other(1)", CLASS_WRITE},
            {"SELECT nextval('s')", CLASS_READ},
            {"SELECT app.read_me()", CLASS_WRITE},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct facts facts;

                classify(sv_cstr(cases[i].sql), &rules, 0, &facts);
                unit_row("%s", cases[i].sql);
                UNIT_ASSERT(facts.class == cases[i].class);
        }
}

static void the_token_that_decided(void)
{
        static const struct {
                const char *sql, *token;
        } cases[] = {
            {"SELECT a, My_Func(1) FROM t", "My_Func"},
            {"SELECT * FROM t FOR UPDATE", "UPDATE"},
            {"WITH a AS (delete from t) SELECT 1", "delete"},
            {"SELECT a <=> b", "<=>"},
            {"SELECT 1; insert into t values (1)", "insert"},
            {"SELECT f(1), pg_cancel_backend(2)", "pg_cancel_backend"},
            {"SELECT * FROM pg_locks", "pg_locks"},
            {"SELECT 1", ""},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct facts facts;

                classify(sv_cstr(cases[i].sql), NULL, 0, &facts);
                unit_row("%s: %.*s", cases[i].sql, SV_ARG(facts.token));
                UNIT_ASSERT(sv_is(facts.token, cases[i].token));
        }
}

static void reasons_have_names(void)
{
        for (unsigned i = 0; i < REASON_COUNT; i++)
                for (unsigned j = 0; j <= i; j++) {
                        const char *a = reason_name((enum reason)i), *b = reason_name((enum reason)j);

                        UNIT_ASSERT(a != NULL && reason_text((enum reason)i) != NULL);
                        UNIT_ASSERT(i == j || strcmp(a, b) != 0);
                }
}

UNIT_SUITE(router_classify, UNIT_CASE(labelled_statements), UNIT_CASE(context_changes_nothing),
           UNIT_CASE(case_changes_nothing), UNIT_CASE(every_prefix_is_safe),
           UNIT_CASE(every_broken_byte_is_safe), UNIT_CASE(depth_has_a_limit),
           UNIT_CASE(calls_are_found_at_every_depth), UNIT_CASE(options_change_the_strings),
           UNIT_CASE(rules_of_the_configuration), UNIT_CASE(the_token_that_decided),
           UNIT_CASE(reasons_have_names))

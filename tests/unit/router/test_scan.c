#include "router/scan.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static const char kind_letters[] = {
    [SCAN_END] = '.',          [SCAN_ERROR] = '!',  [SCAN_WORD] = 'w',    [SCAN_QUOTED] = 'q',
    [SCAN_STRING] = 's',       [SCAN_NUMBER] = 'n', [SCAN_PARAM] = 'p',   [SCAN_OPERATOR] = 'o',
    [SCAN_CAST] = ':',         [SCAN_OPEN] = '(',   [SCAN_CLOSE] = ')',   [SCAN_OPEN_SQUARE] = '[',
    [SCAN_CLOSE_SQUARE] = ']', [SCAN_COMMA] = ',',  [SCAN_DOT] = 'd',     [SCAN_COLON] = 'c',
    [SCAN_SEMICOLON] = ';',    [SCAN_NAMED] = '=',  [SCAN_COMMENT] = '?',
};

/* The kinds of a text's tokens as letters, in `out`. */
static void kinds(struct sv text, unsigned options, char *out, size_t room)
{
        struct scan scan;
        struct scan_token token;
        size_t n = 0;

        scan_init(&scan, text, options);
        do {
                const char *before = scan.p;

                scan_next(&scan, &token);
                UNIT_ASSERT(token.text.p >= before && token.text.p + token.text.n <= scan.end);
                UNIT_ASSERT(scan.p == token.text.p + token.text.n);
                if (n + 1 < room)
                        out[n++] = kind_letters[token.kind];
        } while (token.kind != SCAN_END && token.kind != SCAN_ERROR);
        out[n] = '\0';
}

static void tokens(void)
{
        static const struct {
                const char *sql, *kinds;
                unsigned options;
        } cases[] = {
            {"", ".", 0},
            {"a", "w.", 0},
            {"abc DEF _x g1$2", "wwww.", 0},
            {"a.b.\"c\"", "wdwdq.", 0},
            {"\"a\"\"b\" \"\"", "qq.", 0},
            {"\"a", "!", 0},
            {"'a' 'b''c' ''", "sss.", 0},
            {"'a\\'", "s.", 0},
            {"'a\\'", "!", SCAN_ESCAPE_STRINGS},
            {"E'a\\'' x", "sw.", 0},
            {"e'a' 'b\\''", "s.", 0},
            {"E'a' -- c\n 'b\\'' , E'x'", "s,s.", 0},
            {"'a' -- c\n 'b'", "ss.", 0},
            {"B'1' x'1f' N'a' U&'a' n 'a' e 'a'",
             "ssssws"
             "ws.",
             0},
            {"U&\"a\"", "!", 0},
            {"u & \"a\"", "woq.", 0},
            {"u&a", "wow.", 0},
            {"xe'a\\'", "ws.", 0},
            {"$$a$$ $x$ $$ $x$", "ss.", 0},
            {"$x$ $X$ $x$", "s.", 0},
            {"$1 $23::int", "pp:w.", 0},
            {"$1$2", "pp.", 0},
            {"a$$b", "w.", 0},
            {"1$$a$$", "ns.", 0},
            {"$a", "!", 0},
            {"$1a$ x", "pww.", 0},
            {"1 1.5 1. 1e5 1.5e-3 1E+2", "nnnnnn.", 0},
            {".5", "dn.", 0},
            {"1..2", "nddn.", 0},
            {"1e", "nw.", 0},
            {"1e+", "nwo.", 0},
            {"1from", "nw.", 0},
            {"0x1F 1_000", "nwnw.", 0},
            {"1e'a\\''", "ns.", 0},
            {"a+b*c", "wowow.", 0},
            {"a->>b#>c", "wowow.", 0},
            {"a--b", "w.", 0},
            {"a-- b\nc", "ww.", 0},
            {"a--b\rc", "ww.", 0},
            {"a/*b*/c", "ww.", 0},
            {"a/*b/*c*/d*/e", "ww.", 0},
            {"a/*b/*c*/d", "w!", 0},
            {"/*/*/", "!", 0},
            {"/**/", ".", 0},
            {"/***/a", "w.", 0},
            {"a*/*b*/c", "wow.", 0},
            {"a<--b", "wo.", 0},
            {"a=>b c:=d e::f g:h", "w=ww=ww:wwcw.", 0},
            {"a=>-1", "w=n.", 0},
            {"(a[1:2],b);", "(w[ncn],w);.", 0},
            {"\t\r\n\f\v a", "w.", 0},
            {"a\\b", "w!", 0},
            {"{", "!", 0},
            {"a \x01", "w!", 0},
            {"\xc3\xa9t\xc3\xa9$1", "w.", 0},
            {"E'a\\n'", "!", SCAN_BACKSLASH_UNSAFE},
            {"'a\\n'", "s.", SCAN_BACKSLASH_UNSAFE},
            {"\x83|(", "!", SCAN_BACKSLASH_UNSAFE},
            {"\x83|(", "wo(.", 0},
            {"a_long_word_of_more_than_sixteen_bytes, b", "w,w.", 0},
            {"sixteen_bytes_16 sixteen_bytes_17_ x", "www.", 0},
            {"'a string of more than sixteen bytes, and of more than sixty-four bytes, in it' x", "sw.", 0},
            {"\"a name of more than \"\"sixteen\"\" bytes\".x", "qdw.", 0},
        };
        char found[200], shifted[300];

        /* shifted by blanks, every case meets the end and the middle of the 16-byte steps */
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                for (size_t front = 0; front < 20; front++)
                        for (size_t back = 0; back < 20; back += front == 0 ? 1 : 7) {
                                size_t n = strlen(cases[i].sql);
                                char *copy;

                                snprintf(shifted, sizeof(shifted), "%*s%s%*s", (int)front, "", cases[i].sql,
                                         (int)back, "");
                                copy = malloc(front + n + back + 1);
                                UNIT_ASSERT(copy != NULL);
                                memcpy(copy + 1, shifted, front + n + back);
                                kinds(sv_from(copy + 1, front + n + back), cases[i].options, found,
                                      sizeof(found));
                                free(copy);
                                unit_row("%s: %s", shifted, found);
                                UNIT_ASSERT(strcmp(found, cases[i].kinds) == 0);
                        }
}

static void nul_is_no_token(void)
{
        char found[10];

        kinds(sv_from("a\0b", 3), 0, found, sizeof(found));
        UNIT_ASSERT(strcmp(found, "w!") == 0);
}

/* All key words in both cases, at every distance from the text's end; and their neighbours are none. */
static void key_words(void)
{
        static const struct {
                const char *text;
                enum keyword keyword;
                enum keyword_category category;
        } words[] = {
#define KEYWORD(symbol, text, category) {text, KW_##symbol, CATEGORY_##category},
#include "router/keywords.def"
#undef KEYWORD
        };
        char text[80];

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                for (size_t blanks = 0; blanks < 20; blanks++) {
                        size_t n = strlen(words[i].text);
                        struct scan scan;
                        struct scan_token token;

                        memset(text, ' ', sizeof(text));
                        memcpy(text, words[i].text, n);
                        if (blanks % 2 == 1)
                                for (size_t j = 0; j < n; j++)
                                        text[j] = (char)(text[j] == '_' ? '_' : text[j] & ~0x20);
                        scan_init(&scan, sv_from(text, n + blanks), 0);
                        scan_next(&scan, &token);
                        unit_row("%s, %zu blanks", words[i].text, blanks);
                        UNIT_ASSERT(token.kind == SCAN_WORD && token.keyword == words[i].keyword);
                        UNIT_ASSERT(token.category == words[i].category);
                        text[n] = 'x';
                        scan_init(&scan, sv_from(text, n + 1 + blanks), 0);
                        scan_next(&scan, &token);
                        UNIT_ASSERT(token.keyword != words[i].keyword);
                        text[n] = ' ';
                        text[n - 1] = '0';
                        scan_init(&scan, sv_from(text, n + blanks), 0);
                        scan_next(&scan, &token);
                        UNIT_ASSERT(token.keyword == KW_NOT_ONE);
                }
}

static void lists(void)
{
        static const struct {
                const char *text;
                size_t end;
                char last;
        } cases[] = {
            {",2,3)", 4, '3'},
            {", 2, 3 )", 7, '3'},
            {",1,2,3,4,5,6,7,8,9,10,11,12,13, f(1)", 32, ','},
            {",$1,$2,$3,$4,$5,$6,$7,$8,$9,$10 FROM", 32, '0'},
            {",12345678901234$1,2)", 19, '2'},
            {",1234567890123,$1,2)", 19, '2'},
            {",12345678901234,$$a$$", 16, ','},
            {",1,$$,2", 3, ','},
            {",1,$a$,2", 3, ','},
            {",1e5", 2, '1'},
            {"   x", 0, '\0'},
            {"", 0, '\0'},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct scan scan;
                char last;
                const char *end;

                scan_init(&scan, sv_cstr(cases[i].text), 0);
                end = scan_list_end(&scan, scan.p, &last);
                unit_row("%s: %zu", cases[i].text, (size_t)(end - scan.p));
                UNIT_ASSERT((size_t)(end - scan.p) == cases[i].end && last == cases[i].last);
        }
}

static void comments_at_the_head(void)
{
        struct scan scan;
        struct scan_token token;
        struct sv inside;

        scan_init(&scan, SV(" /* a */ --b\n/*c/*d*/*/ SELECT /* e */"), 0);
        UNIT_ASSERT(scan_comment(&scan, &inside) && sv_is(inside, " a "));
        UNIT_ASSERT(scan_comment(&scan, &inside) && sv_is(inside, "b"));
        UNIT_ASSERT(scan_comment(&scan, &inside) && sv_is(inside, "c/*d*/"));
        UNIT_ASSERT(!scan_comment(&scan, &inside));
        scan_next(&scan, &token);
        UNIT_ASSERT(token.keyword == KW_SELECT);
        scan_init(&scan, SV("/* a"), 0);
        UNIT_ASSERT(!scan_comment(&scan, &inside));
        scan_next(&scan, &token);
        UNIT_ASSERT(token.kind == SCAN_ERROR);
}

UNIT_SUITE(router_scan, UNIT_CASE(tokens), UNIT_CASE(nul_is_no_token), UNIT_CASE(key_words), UNIT_CASE(lists),
           UNIT_CASE(comments_at_the_head))

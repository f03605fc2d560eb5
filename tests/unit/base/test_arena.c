#include "base/arena.h"

#include "unit.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static void allocates_zeroed_aligned_and_apart(void)
{
        static const struct {
                const char *name;
                size_t size;
        } rows[] = {{"nothing", 0},   {"one byte", 1},        {"aligned", 16},
                    {"odd", 17},      {"just a chunk", 8192}, {"one above a chunk", 8193},
                    {"large", 100000}};
        struct arena a = {0};
        uint8_t *at[3][7];

        for (int round = 0; round < 3; round++)
                for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                        uint8_t *p = arena_alloc(&a, rows[i].size);
                        bool zero = true;

                        unit_row("%s", rows[i].name);
                        UNIT_ASSERT((uintptr_t)p % 16 == 0);
                        for (size_t b = 0; b < rows[i].size; b++)
                                zero = zero && p[b] == 0;
                        UNIT_ASSERT(zero);
                        memset(p, (int)(round * 10 + (int)i + 1), rows[i].size);
                        at[round][i] = p;
                }
        for (int round = 0; round < 3; round++)
                for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                        bool own = true;

                        unit_row("%s", rows[i].name);
                        for (size_t b = 0; b < rows[i].size; b++)
                                own = own && at[round][i][b] == round * 10 + (int)i + 1;
                        UNIT_ASSERT(own);
                }
        arena_release(&a);
        UNIT_ASSERT(a.chunks == NULL && a.used == 0 && a.cap == 0);
}

static void copies_text(void)
{
        struct arena a = {0};
        char long_text[20000];
        const char *copy;

        UNIT_ASSERT(strcmp(arena_strndup(&a, "abcdef", 3), "abc") == 0);
        UNIT_ASSERT(strcmp(arena_strndup(&a, NULL, 0), "") == 0);
        UNIT_ASSERT(strcmp(arena_strdup(&a, "whole"), "whole") == 0);
        UNIT_ASSERT(strcmp(arena_printf(&a, "%s:%d", "host", 5432), "host:5432") == 0);
        UNIT_ASSERT(strcmp(arena_printf(&a, "%s", ""), "") == 0);
        memset(long_text, 'x', sizeof(long_text) - 1);
        long_text[sizeof(long_text) - 1] = '\0';
        copy = arena_printf(&a, "<%s>", long_text);
        UNIT_ASSERT(strlen(copy) == sizeof(long_text) + 1 && copy[0] == '<');
        UNIT_ASSERT(copy[sizeof(long_text)] == '>');
        arena_release(&a);
        arena_release(&a);
        UNIT_ASSERT(strcmp(arena_strdup(&a, "again"), "again") == 0);
        arena_release(&a);
}

UNIT_SUITE(base_arena, UNIT_CASE(allocates_zeroed_aligned_and_apart), UNIT_CASE(copies_text))

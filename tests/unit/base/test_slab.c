#include "base/slab.h"

#include "dies.h"
#include "unit.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static void hands_out_zeroed_objects_apart(void)
{
        static const struct {
                const char *name;
                size_t size;
        } rows[] = {
            {"one byte", 1}, {"a pointer", 8}, {"odd", 37}, {"many in a block", 1200}, {"the largest", 8192}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct slab s;
                uint8_t *objects[40];

                unit_row("%s", rows[i].name);
                slab_init(&s, "things", rows[i].size);
                UNIT_ASSERT(s.size >= rows[i].size && s.live == 0);
                for (int k = 0; k < 40; k++) {
                        bool zero = true;

                        objects[k] = slab_new(&s);
                        UNIT_ASSERT((uintptr_t)objects[k] % 16 == 0);
                        for (size_t b = 0; b < rows[i].size; b++)
                                zero = zero && objects[k][b] == 0;
                        UNIT_ASSERT(zero);
                        memset(objects[k], k + 1, rows[i].size);
                }
                UNIT_ASSERT(s.live == 40);
                for (int k = 0; k < 40; k++) {
                        bool own = true;

                        for (size_t b = 0; b < rows[i].size; b++)
                                own = own && objects[k][b] == k + 1;
                        UNIT_ASSERT(own);
                        slab_free(&s, objects[k]);
                }
                UNIT_ASSERT(s.live == 0);
                slab_fini(&s);
        }
}

static void uses_what_came_back(void)
{
        struct slab s;
        size_t total;
        uint8_t *p;

        slab_init(&s, "things", 64);
        slab_free(&s, slab_new(&s));
        total = s.total;
        for (int i = 0; i < 10000; i++) {
                p = slab_new(&s);
                UNIT_ASSERT(p[0] == 0 && p[63] == 0);
                memset(p, 0xff, 64);
                slab_free(&s, p);
        }
        UNIT_ASSERT(s.total == total && s.live == 0);
        slab_free(&s, NULL);
        UNIT_ASSERT(s.live == 0);
        slab_fini(&s);
        UNIT_ASSERT(s.total == 0);
}

static void gives_back_the_blocks_in_which_nothing_lives(void)
{
        enum { MANY = 5000 };
        static void *objects[MANY];
        struct slab s;
        size_t one, most;

        slab_init(&s, "things", 1000);
        slab_free(&s, slab_new(&s));
        one = s.total;
        if (one == 0) { /* under AddressSanitizer each object is malloc's own */
                slab_fini(&s);
                return;
        }
        for (int round = 0; round < 3; round++) {
                for (int i = 0; i < MANY; i++)
                        objects[i] = slab_new(&s);
                most = s.total;
                UNIT_ASSERT(s.live == MANY && most >= MANY && most < MANY + one);
                for (int i = 0; i < MANY; i++) { /* in another order than they came in */
                        int k = (i * 7 + round) % MANY;

                        memset(objects[k], 0xff, 1000);
                        slab_free(&s, objects[k]);
                        UNIT_ASSERT(s.total >= s.live);
                }
                UNIT_ASSERT(s.live == 0 && s.total == one);
        }
        for (int i = 0; i < MANY; i++)
                objects[i] = slab_new(&s);
        slab_fini(&s);
        UNIT_ASSERT(s.total == 0 && s.live == 0);
}

static void one_that_may_fail_is_like_the_others(void)
{
        struct slab s;
        uint8_t *p;

        slab_init(&s, "things", 100);
        p = slab_try(&s);
        UNIT_ASSERT(p != NULL && p[0] == 0 && p[99] == 0 && s.live == 1);
        slab_free(&s, p);
        UNIT_ASSERT(s.live == 0);
        slab_fini(&s);
}

static void free_too_often(void *arg)
{
        struct slab s;
        uint8_t object[64] = {0};

        (void)arg;
        slab_init(&s, "things", 64);
        slab_free(&s, object);
}

static void gives_back_no_more_than_it_gave(void)
{
        UNIT_ASSERT(dies(free_too_often, NULL));
}

UNIT_SUITE(base_slab, UNIT_CASE(hands_out_zeroed_objects_apart), UNIT_CASE(uses_what_came_back),
           UNIT_CASE(gives_back_the_blocks_in_which_nothing_lives),
           UNIT_CASE(one_that_may_fail_is_like_the_others), UNIT_CASE(gives_back_no_more_than_it_gave))

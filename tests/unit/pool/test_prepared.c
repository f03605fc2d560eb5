#include "pool/prepared.h"

#include "unit.h"

/* Keys that share their first word, which is all the hash looks at, are told apart all the same. */
static void key_of(unsigned i, uint64_t key[2])
{
        key[0] = i % 3;
        key[1] = i;
}

static void add(struct prepared *p, unsigned i)
{
        uint64_t key[2];

        key_of(i, key);
        prepared_add(p, key, i);
}

static bool touch(struct prepared *p, unsigned i)
{
        uint64_t key[2];

        key_of(i, key);
        return prepared_touch(p, key);
}

static void evicts_the_least_recently_used(void)
{
        static const struct {
                const char *name;
                unsigned touched[4], count;
                unsigned order[4];
        } rows[] = {
            {"as they came", {0}, 0, {0, 1, 2, 3}},
            {"the oldest touched", {0}, 1, {1, 2, 3, 0}},
            {"the newest touched", {3}, 1, {0, 1, 2, 3}},
            {"the middle touched", {1}, 1, {0, 2, 3, 1}},
            {"all turned round", {3, 2, 1, 0}, 4, {3, 2, 1, 0}},
            {"one touched twice", {2, 0, 2}, 3, {1, 3, 0, 2}},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct prepared p;
                uint64_t key[2];

                unit_row("%s", rows[i].name);
                prepared_init(&p);
                for (unsigned k = 0; k < 4; k++)
                        add(&p, k);
                for (unsigned k = 0; k < rows[i].count; k++)
                        UNIT_ASSERT(touch(&p, rows[i].touched[k]));
                for (unsigned k = 0; k < 4; k++) {
                        UNIT_ASSERT(p.count == 4 - k);
                        UNIT_ASSERT(prepared_evict(&p, key) && key[1] == rows[i].order[k]);
                        UNIT_ASSERT(key[0] == key[1] % 3 && !touch(&p, rows[i].order[k]));
                }
                UNIT_ASSERT(!prepared_evict(&p, key) && p.count == 0);
                prepared_fini(&p);
        }
}

static void forgets_one(void)
{
        struct prepared p;
        uint64_t key[2];

        prepared_init(&p);
        UNIT_ASSERT(!touch(&p, 1));
        for (unsigned k = 0; k < 300; k++)
                add(&p, k);
        for (unsigned k = 0; k < 300; k += 2) {
                key_of(k, key);
                prepared_forget(&p, key);
                prepared_forget(&p, key); /* not there: nothing */
        }
        UNIT_ASSERT(p.count == 150);
        for (unsigned k = 0; k < 300; k++)
                UNIT_ASSERT(touch(&p, k) == (k % 2 == 1));
        prepared_fini(&p);
        UNIT_ASSERT(p.count == 0 && !touch(&p, 1));
        add(&p, 5); /* it can be used again */
        UNIT_ASSERT(touch(&p, 5) && p.count == 1);
        prepared_fini(&p);
}

struct seen {
        unsigned count;
        struct prepared_view list[4];
};

static bool see(void *arg, const struct prepared_view *view)
{
        struct seen *seen = arg;

        seen->list[seen->count++] = *view;
        return seen->count < 3;
}

static void tells_what_is_used_how_often(void)
{
        struct seen seen = {0};
        struct prepared p;

        prepared_init(&p);
        for (unsigned k = 0; k < 4; k++)
                add(&p, k);
        UNIT_ASSERT(touch(&p, 1) && touch(&p, 1) && touch(&p, 0));
        prepared_visit(&p, see, &seen);
        UNIT_ASSERT(seen.count == 3); /* it said that this is enough */
        UNIT_ASSERT(seen.list[0].key[1] == 0 && seen.list[0].uses == 2 && seen.list[0].fingerprint == 0);
        UNIT_ASSERT(seen.list[1].key[1] == 1 && seen.list[1].uses == 3 && seen.list[1].fingerprint == 1);
        UNIT_ASSERT(seen.list[2].key[1] == 3 && seen.list[2].uses == 1 && seen.list[2].fingerprint == 3);
        prepared_fini(&p);
}

static void another_process_evicts_in_the_same_order(void)
{
        struct prepared from, to;
        struct buf saved = {0};
        uint64_t key[2];

        prepared_init(&from);
        prepared_init(&to);
        for (unsigned k = 0; k < 9; k++)
                add(&from, k);
        UNIT_ASSERT(touch(&from, 0)); /* now 1 is the oldest */
        UNIT_ASSERT(prepared_save(&from, &saved, 1 << 20) == STATUS_OK);
        UNIT_ASSERT(prepared_load(&to, sv_from(buf_data(&saved), buf_len(&saved))) && to.count == 9);
        for (unsigned i = 0; i < 9; i++) {
                uint64_t expected[2];

                key_of(i == 8 ? 0 : i + 1, expected);
                UNIT_ASSERT(prepared_evict(&to, key) && memcmp(key, expected, sizeof(key)) == 0);
        }
        UNIT_ASSERT(!prepared_load(&to, sv_from(buf_data(&saved), 17)));
        prepared_fini(&from);
        prepared_fini(&to);
        buf_release(&saved);
}

UNIT_SUITE(pool_prepared, UNIT_CASE(another_process_evicts_in_the_same_order),
           UNIT_CASE(evicts_the_least_recently_used), UNIT_CASE(forgets_one),
           UNIT_CASE(tells_what_is_used_how_often))

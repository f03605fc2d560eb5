#include "pool/replies.h"

#include "dies.h"
#include "unit.h"

#include <stddef.h>

static struct reply numbered(unsigned i)
{
        return (struct reply){.kind = (uint8_t)(i % (REPLY_FUNCTION + 1)), .key = {i, ~(uint64_t)i}};
}

/* Pushes and pops so that the ring wraps at every place; each comes out as it went in. */
static void gives_in_order_through_wrap_and_growth(void)
{
        static const struct {
                const char *name;
                unsigned push, pop; /* in turns, up to 500 pushed */
        } rows[] = {{"one by one", 1, 1},          {"within the first ring", 7, 7},
                    {"just the first ring", 8, 8}, {"it grows by steps", 5, 3},
                    {"it grows at once", 100, 60}, {"all and then none", 500, 500}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct replies r;
                unsigned in = 0, out = 0;

                unit_row("%s", rows[i].name);
                replies_init(&r);
                UNIT_ASSERT(replies_head(&r) == NULL);
                while (out < 500) {
                        for (unsigned k = 0; k < rows[i].push && in < 500; k++)
                                UNIT_ASSERT(replies_push(&r, numbered(in++)));
                        for (unsigned k = 0; k < rows[i].pop && out < in; k++) {
                                struct reply *head = replies_head(&r);
                                unsigned syncs = 0;

                                UNIT_ASSERT(head != NULL && head->key[0] == out &&
                                            head->key[1] == ~(uint64_t)out &&
                                            head->kind == numbered(out).kind);
                                for (unsigned n = out; n < in; n++)
                                        syncs += numbered(n).kind >= REPLY_SYNC;
                                UNIT_ASSERT(r.sync_points == syncs && r.count == in - out);
                                replies_pop(&r);
                                out++;
                        }
                }
                UNIT_ASSERT(r.count == 0 && r.sync_points == 0 && replies_head(&r) == NULL);
                replies_fini(&r);
        }
}

static void gives_back_the_memory_of_a_burst(void)
{
        struct replies r;

        replies_init(&r);
        for (unsigned i = 0; i < 1000; i++)
                UNIT_ASSERT(replies_push(&r, numbered(i)));
        UNIT_ASSERT(replies_memory(&r) >= 1000 * sizeof(struct reply));
        for (unsigned i = 0; i < 1000; i++)
                replies_pop(&r);
        UNIT_ASSERT(replies_memory(&r) == 0 && r.cap == REPLIES_FEW);
        UNIT_ASSERT(replies_push(&r, numbered(7)) && replies_head(&r)->key[0] == 7);
        replies_fini(&r);
        UNIT_ASSERT(r.count == 0);
}

static void refuses_too_many(void)
{
        struct replies r;
        unsigned n = 0;

        replies_init(&r);
        while (n <= REPLIES_MAX && replies_push(&r, (struct reply){.kind = REPLY_SYNC}))
                n++;
        UNIT_ASSERT(n == REPLIES_MAX && r.sync_points == REPLIES_MAX);
        replies_pop(&r);
        UNIT_ASSERT(replies_push(&r, (struct reply){.kind = REPLY_BIND}));
        UNIT_ASSERT(r.sync_points == REPLIES_MAX - 1);
        replies_fini(&r);
}

static void knows_what_ends_a_segment(void)
{
        static const bool ends[] = {
            [REPLY_PARSE] = false, [REPLY_BIND] = false, [REPLY_DESCRIBE] = false, [REPLY_EXECUTE] = false,
            [REPLY_CLOSE] = false, [REPLY_SYNC] = true,  [REPLY_QUERY] = true,     [REPLY_FUNCTION] = true};

        for (unsigned kind = 0; kind < sizeof(ends) / sizeof(ends[0]); kind++) {
                struct reply reply = {.kind = (uint8_t)kind};

                unit_row("kind %u", kind);
                UNIT_ASSERT(reply_ends_segment(&reply) == ends[kind]);
        }
}

static void pop_nothing(void *arg)
{
        replies_pop(arg);
}

static void nothing_is_not_taken(void)
{
        struct replies r;

        replies_init(&r);
        UNIT_ASSERT(dies(pop_nothing, &r));
}

/* Saved out of a ring that has wrapped, loaded into an empty one. */
static void another_process_owes_the_same(void)
{
        struct replies from, to;
        struct buf saved = {0};
        uint8_t bad[sizeof(struct reply)] = {99};

        replies_init(&from);
        replies_init(&to);
        for (uint64_t i = 0; i < 40; i++) {
                replies_push(&from, (struct reply){.kind = (uint8_t)(i % 2 == 0 ? REPLY_EXECUTE : REPLY_SYNC),
                                                   .flags = (uint8_t)(i % 3 == 0 ? REPLY_SWALLOW : 0),
                                                   .key = {i, ~i}});
                if (i < 5)
                        replies_pop(&from);
        }
        UNIT_ASSERT(replies_save(&from, &saved, 16) == STATUS_LIMIT);
        buf_release(&saved);
        UNIT_ASSERT(replies_save(&from, &saved, 1 << 20) == STATUS_OK);
        UNIT_ASSERT(replies_load(&to, sv_from(buf_data(&saved), buf_len(&saved))));
        UNIT_ASSERT(to.count == 35 && to.sync_points == from.sync_points);
        for (uint64_t i = 5; to.count > 0; i++, replies_pop(&to))
                UNIT_ASSERT(replies_head(&to)->key[0] == i && replies_head(&to)->key[1] == ~i);
        UNIT_ASSERT(!replies_load(&to, sv_from(bad, sizeof(bad))));
        UNIT_ASSERT(!replies_load(&to, sv_from(buf_data(&saved), buf_len(&saved) - 1)));
        replies_fini(&from);
        replies_fini(&to);
        buf_release(&saved);
}

UNIT_SUITE(pool_replies, UNIT_CASE(another_process_owes_the_same),
           UNIT_CASE(gives_in_order_through_wrap_and_growth), UNIT_CASE(gives_back_the_memory_of_a_burst),
           UNIT_CASE(refuses_too_many), UNIT_CASE(knows_what_ends_a_segment), UNIT_CASE(nothing_is_not_taken))

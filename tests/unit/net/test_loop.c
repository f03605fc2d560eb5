#include "net/loop.h"

#include "base/clock.h"
#include "unit.h"

#include <unistd.h>

struct corpse {
        struct letter letter;
        struct grave grave;
        struct loop *loop;
        int buried;
        bool buried_in_callback;
        int64_t first_us, second_us;
};

static void bury(struct grave *grave)
{
        list_item(grave, struct corpse, grave)->buried++;
}

static void die(struct letter *letter, void *owner)
{
        struct corpse *c = list_item(letter, struct corpse, letter);

        (void)owner;
        c->first_us = loop_now(c->loop);
        loop_bury(c->loop, &c->grave, bury);
        c->buried_in_callback = c->buried != 0;
        usleep(2000);
        c->second_us = loop_now(c->loop);
        loop_stop(c->loop);
}

static void buries_after_the_turn_and_keeps_its_time(void)
{
        struct loop loop;
        struct corpse c = {.loop = &loop};
        int64_t before = clock_us();

        loop_init(&loop, NULL);
        c.letter.open = die;
        mailbox_post(&loop.mailbox, &c.letter);
        loop_run(&loop);
        UNIT_ASSERT(!c.buried_in_callback && c.buried == 1);
        UNIT_ASSERT(c.first_us == c.second_us && c.first_us >= before && c.first_us <= clock_us());
        loop_fini(&loop);
        UNIT_ASSERT(c.buried == 1);
}

static void buries_the_rest_when_taken_down(void)
{
        static const char *const ways[] = {"drain", "fini"};

        for (int way = 0; way < 2; way++) {
                struct loop loop;
                struct corpse c = {.loop = &loop};

                unit_row("%s", ways[way]);
                loop_init(&loop, NULL);
                c.letter.open = die;
                mailbox_post(&loop.mailbox, &c.letter);
                if (way == 0) {
                        loop_drain(&loop);
                        UNIT_ASSERT(c.buried == 1);
                }
                loop_fini(&loop);
                UNIT_ASSERT(c.buried == 1);
        }
}

UNIT_SUITE(net_loop, UNIT_CASE(buries_after_the_turn_and_keeps_its_time),
           UNIT_CASE(buries_the_rest_when_taken_down))

#include "health/history.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

static void tells_what_each_cost(void)
{
        static struct history h;
        uint64_t toll[TOLL_KINDS] = {0};
        struct failover f;

        history_elected(&h, "a:1", 1, 100, 1000);
        UNIT_ASSERT(!history_at(&h, 0, 200, toll, &f) && !history_last(&h, 200, toll, &f));
        history_lost(&h, "a:1", "refused", 1000000, 7, toll);
        toll[TOLL_HELD] = 5;
        UNIT_ASSERT(history_at(&h, 0, 1500000, toll, &f));
        UNIT_ASSERT(strcmp(f.from, "a:1") == 0 && f.to[0] == '\0' && strcmp(f.why, "refused") == 0);
        UNIT_ASSERT(f.gap_us == 500000 && f.elected_wall_us == 0 && f.toll[TOLL_HELD] == 5);
        history_elected(&h, "b:2", 2, 3000000, 9);
        toll[TOLL_DRAINED] = 5;
        UNIT_ASSERT(history_at(&h, 0, 9000000, toll, &f));
        UNIT_ASSERT(strcmp(f.to, "b:2") == 0 && f.timeline == 2);
        UNIT_ASSERT(f.gap_us == 2000000 && f.lost_wall_us == 7 && f.elected_wall_us == 9);
        UNIT_ASSERT(f.toll[TOLL_DRAINED] == 5);
        /* the next one begins its own account */
        history_lost(&h, "b:2", "fenced", 10000000, 11, toll);
        history_elected(&h, "c:3", 3, 10000000, 11);
        toll[TOLL_UNKNOWN] = 1;
        UNIT_ASSERT(history_at(&h, 0, 11000000, toll, &f) && f.toll[TOLL_UNKNOWN] == 0 &&
                    f.toll[TOLL_HELD] == 5);
        UNIT_ASSERT(history_at(&h, 1, 11000000, toll, &f) && f.toll[TOLL_UNKNOWN] == 1 &&
                    f.toll[TOLL_HELD] == 0);
        UNIT_ASSERT(f.gap_us == 0);
        UNIT_ASSERT(history_last(&h, 11000000, toll, &f) && strcmp(f.to, "c:3") == 0);
        UNIT_ASSERT(!history_at(&h, 2, 11000000, toll, &f));
}

static void forgets_the_oldest(void)
{
        static struct history h;
        const uint64_t toll[TOLL_KINDS] = {0};
        struct failover f;

        for (int i = 0; i < HISTORY_MAX + 3; i++) {
                char name[16];

                snprintf(name, sizeof(name), "n:%d", i);
                history_lost(&h, name, "", i, i, toll);
        }
        UNIT_ASSERT(history_at(&h, 0, 100, toll, &f) && strcmp(f.from, "n:3") == 0);
        UNIT_ASSERT(history_at(&h, HISTORY_MAX - 1, 100, toll, &f));
        UNIT_ASSERT(!history_at(&h, HISTORY_MAX, 100, toll, &f));
}

UNIT_SUITE(health_history, UNIT_CASE(tells_what_each_cost), UNIT_CASE(forgets_the_oldest))

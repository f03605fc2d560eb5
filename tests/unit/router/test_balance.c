#include "router/balance.h"

#include "base/clock.h"
#include "unit.h"

enum { NODES = 4, DRAWS = 12000 };

static const int64_t NOW_US = 1000 * INT64_C(1000000);

static struct node nodes[NODES];
static uint64_t random_state;

/* The same numbers in every run. */
static uint64_t next_random(void)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return random_state;
}

/* What is said of the nodes; all else is 0, and the weight 1. */
struct scene {
        const char *name;
        int fit; /* the first so many */
        uint32_t in_flight[NODES], waiting[NODES], latency_us[NODES];
        int64_t silent_us[NODES];   /* since the latency was measured */
        int64_t returned_us[NODES]; /* so long ago; 0: it never left */
        uint16_t weight[NODES];
        uint64_t near;
        int64_t slow_start_us;
        int share[NODES]; /* of 100 draws; each may be off by 3 */
};

static void set(const struct scene *scene, struct topology *topology, struct balance_terms *terms)
{
        *topology = (struct topology){.primary = -1, .count = NODES};
        *terms = (struct balance_terms){.near = scene->near};
        for (int i = 0; i < NODES; i++) {
                atomic_store(&nodes[i].in_flight, scene->in_flight[i]);
                atomic_store(&nodes[i].waiting, scene->waiting[i]);
                atomic_store(&nodes[i].latency_us, scene->latency_us[i]);
                atomic_store(&nodes[i].measured_us, NOW_US - scene->silent_us[i]);
                topology->nodes[i].node = &nodes[i];
                if (scene->returned_us[i] != 0)
                        topology->nodes[i].returned_us = NOW_US - scene->returned_us[i];
                terms->weight[i] = scene->weight[i] != 0 ? scene->weight[i] : 1;
        }
}

/* Of two the better one is taken whenever both are drawn: with three the best gets two thirds. Equal ones
 * share. */
static void picks_the_better_of_two(void)
{
        static const struct scene scenes[] = {
            {.name = "one", .fit = 1, .share = {100}},
            {.name = "two alike", .fit = 2, .share = {50, 50}},
            {.name = "four alike", .fit = 4, .share = {25, 25, 25, 25}},
            {.name = "two, one busy", .fit = 2, .in_flight = {3, 2}, .share = {0, 100}},
            {.name = "two, one with a queue",
             .fit = 2,
             .in_flight = {2, 3},
             .waiting = {2},
             .share = {0, 100}},
            {.name = "three, one idle", .fit = 3, .in_flight = {1, 0, 1}, .share = {17, 67, 17}},
            {.name = "two, one slow", .fit = 2, .latency_us = {900, 2000}, .share = {100, 0}},
            {.name = "two, one a little slow", .fit = 2, .latency_us = {900, 1300}, .share = {50, 50}},
            {.name = "below 50 us all are alike", .fit = 2, .latency_us = {49, 7}, .share = {50, 50}},
            {.name = "unknown is fast", .fit = 2, .latency_us = {0, 100}, .share = {100, 0}},
            {.name = "twice as slow, half as busy",
             .fit = 2,
             .in_flight = {3, 1},
             .latency_us = {500, 1000},
             .share = {50, 50}},
            {.name = "ten times as slow, and idle",
             .fit = 2,
             .in_flight = {8, 0},
             .latency_us = {500, 5000},
             .share = {100, 0}},
            {.name = "and idle, while the other has more",
             .fit = 2,
             .in_flight = {10, 0},
             .latency_us = {500, 5000},
             .share = {0, 100}},
            {.name = "once slow, long ago",
             .fit = 2,
             .latency_us = {1000, 64000},
             .silent_us = {0, 7 * (US_PER_SEC / 4 + 8 * 64000)},
             .share = {0, 100}},
            {.name = "slow lately",
             .fit = 2,
             .latency_us = {1000, 64000},
             .silent_us = {0, 5 * (US_PER_SEC / 4 + 8 * 64000)},
             .share = {100, 0}},
            {.name = "slow for ever and a day",
             .fit = 2,
             .latency_us = {60, UINT32_MAX},
             .silent_us = {0, 1000000 * US_PER_SEC},
             .share = {50, 50}},
            {.name = "measured in the future",
             .fit = 2,
             .latency_us = {60, 100},
             .silent_us = {-5, -5},
             .share = {100, 0}},
            {.name = "nothing overflows",
             .fit = 2,
             .in_flight = {UINT32_MAX, UINT32_MAX},
             .latency_us = {UINT32_MAX, UINT32_MAX},
             .weight = {1000, 999},
             .share = {100, 0}},
            {.name = "weights", .fit = 2, .weight = {4, 1}, .share = {80, 20}},
            {.name = "weights of three", .fit = 3, .weight = {5, 3, 2}, .share = {50, 30, 20}},
            {.name = "weights, as busy as they say",
             .fit = 2,
             .in_flight = {4, 1},
             .weight = {4, 1},
             .share = {80, 20}},
            {.name = "weights, less busy",
             .fit = 2,
             .in_flight = {3, 1},
             .weight = {4, 1},
             .share = {100, 0}},
            {.name = "weights, busier", .fit = 2, .in_flight = {5, 1}, .weight = {4, 1}, .share = {0, 100}},
            {.name = "just back",
             .fit = 2,
             .returned_us = {0, 1},
             .slow_start_us = 10 * US_PER_SEC,
             .share = {91, 9}},
            {.name = "just back, with one already",
             .fit = 2,
             .in_flight = {9, 1},
             .returned_us = {0, 1},
             .slow_start_us = 10 * US_PER_SEC,
             .share = {100, 0}},
            {.name = "just back, the other busier than ten to one",
             .fit = 2,
             .in_flight = {11, 1},
             .returned_us = {0, 1},
             .slow_start_us = 10 * US_PER_SEC,
             .share = {0, 100}},
            {.name = "half warm: 55 to 100",
             .fit = 2,
             .returned_us = {0, 5 * US_PER_SEC},
             .slow_start_us = 10 * US_PER_SEC,
             .share = {65, 35}},
            {.name = "warm",
             .fit = 2,
             .returned_us = {0, 10 * US_PER_SEC},
             .slow_start_us = 10 * US_PER_SEC,
             .share = {50, 50}},
            {.name = "without a slow start", .fit = 2, .returned_us = {0, 1}, .share = {50, 50}},
            {.name = "two in our zone", .fit = 4, .near = 0x6, .share = {0, 50, 50, 0}},
            {.name = "one in our zone, however busy",
             .fit = 4,
             .near = 0x2,
             .in_flight = {0, 90},
             .share = {0, 100, 0, 0}},
            {.name = "none that is fit in our zone", .fit = 2, .near = 0xc, .share = {50, 50}},
        };

        for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
                const int fit[NODES] = {0, 1, 2, 3};
                struct balance balance = {.now_us = NOW_US, .slow_start_us = scenes[i].slow_start_us};
                struct balance_terms terms;
                struct topology topology;
                int got[NODES] = {0};

                set(&scenes[i], &topology, &terms);
                balance.terms = &terms;
                random_state = 88172645463325252U;
                for (int draw = 0; draw < DRAWS; draw++) {
                        int node;

                        balance.random = next_random();
                        node = balance_pick(&balance, &topology, fit, (uint32_t)scenes[i].fit);
                        UNIT_ASSERT(node >= 0 && node < scenes[i].fit);
                        got[node]++;
                }
                for (int node = 0; node < NODES; node++) {
                        int share = (got[node] * 100 + DRAWS / 2) / DRAWS;

                        unit_row("%s: node %d has %d %%", scenes[i].name, node, share);
                        UNIT_ASSERT(share >= scenes[i].share[node] - 3 && share <= scenes[i].share[node] + 3);
                }
        }
}

/* Only what is fit is picked, by its own index. */
static void picks_what_is_fit(void)
{
        static const struct scene scene = {.fit = 2};
        struct balance balance = {.now_us = NOW_US};
        struct balance_terms terms;
        struct topology topology;

        set(&scene, &topology, &terms);
        for (balance.random = 0; balance.random < 64; balance.random++) {
                int node = balance_pick(&balance, &topology, (const int[]){3, 1}, 2);

                UNIT_ASSERT(node == 3 || node == 1);
        }
}

UNIT_SUITE(router_balance, UNIT_CASE(picks_the_better_of_two), UNIT_CASE(picks_what_is_fit))

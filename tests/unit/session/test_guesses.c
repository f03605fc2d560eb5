#include "session/guesses.h"

#include "unit.h"

#include <stdio.h>

enum { BASE = 100, MOST = 1000 };

static const struct guesses_price price = {BASE, MOST};

static void each_failure_costs_twice_the_last(void)
{
        static const int64_t paid[] = {100, 300, 700, 1500, 2000, 2000};
        struct guesses *g = guesses_new();

        for (size_t i = 0; i < sizeof(paid) / sizeof(paid[0]); i++) {
                unit_row("failure %zu at once", i + 1);
                UNIT_ASSERT(guesses_failed(g, "a", &price, 5000) == 5000 + paid[i]);
                UNIT_ASSERT(guesses_turn(g, "a", &price) == 5000 + paid[i] - MOST);
                UNIT_ASSERT(guesses_turn(g, "b", &price) == 0);
        }
        unit_row("another");
        UNIT_ASSERT(guesses_failed(g, "b", &price, 5000) == 5000 + BASE);
        guesses_free(g);
}

static void who_waits_pays_the_same(void)
{
        static const int64_t delays[] = {100, 200, 400, 800, 1000, 1000};
        struct guesses *g = guesses_new();
        int64_t now = 7;

        for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
                int64_t paid = guesses_failed(g, "a", &price, now);

                unit_row("failure %zu after the refusal of the one before", i + 1);
                UNIT_ASSERT(paid - now == delays[i]);
                UNIT_ASSERT(guesses_turn(g, "a", &price) <= paid);
                now = paid;
        }
        guesses_free(g);
}

static void is_forgotten_by_and_by(void)
{
        static const struct {
                int64_t rest;
                int64_t delay; /* of the next failure, after three */
        } rows[] = {{0, 800},        {MOST - 1, 800}, {MOST, 400},
                    {2 * MOST, 200}, {3 * MOST, 100}, {99 * MOST, 100}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct guesses *g = guesses_new();
                int64_t paid = 0;

                for (int k = 0; k < 3; k++)
                        paid = guesses_failed(g, "a", &price, paid);
                unit_row("after a rest of %d", (int)rows[i].rest);
                paid += rows[i].rest;
                UNIT_ASSERT(guesses_failed(g, "a", &price, paid) == paid + rows[i].delay);
                guesses_free(g);
        }
}

/* However many there are, who fails most is not the one to be forgotten. */
static void is_bounded(void)
{
        struct guesses *g = guesses_new();
        int64_t paid = 0;
        char who[24];

        for (int k = 0; k < 8; k++)
                paid = guesses_failed(g, "the guesser", &price, 0);
        for (int i = 0; i < 4 * GUESSES_SETS * GUESSES_WAYS; i++) {
                snprintf(who, sizeof(who), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
                UNIT_ASSERT(guesses_failed(g, who, &price, 0) == BASE);
        }
        UNIT_ASSERT(guesses_turn(g, "the guesser", &price) == paid - MOST && paid == 2 * MOST);
        guesses_free(g);
}

UNIT_SUITE(session_guesses, UNIT_CASE(each_failure_costs_twice_the_last), UNIT_CASE(who_waits_pays_the_same),
           UNIT_CASE(is_forgotten_by_and_by), UNIT_CASE(is_bounded))

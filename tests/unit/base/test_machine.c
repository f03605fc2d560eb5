#include "base/machine.h"

#include "dies.h"
#include "unit.h"

enum { RED, GREEN, YELLOW, OFF, LIGHTS };

static const struct machine_state lights[LIGHTS] = {
    [RED] = {"red", MOVE(GREEN) | MOVE(OFF)},
    [GREEN] = {"green", MOVE(YELLOW) | MOVE(OFF)},
    [YELLOW] = {"yellow", MOVE(RED) | MOVE(OFF)},
    [OFF] = {"off", 0},
};

static const int allowed[LIGHTS][LIGHTS] = {
    [RED] = {[GREEN] = 1, [OFF] = 1},
    [GREEN] = {[YELLOW] = 1, [OFF] = 1},
    [YELLOW] = {[RED] = 1, [OFF] = 1},
};

struct step {
        unsigned from, to;
};

static void move(void *arg)
{
        struct step *step = arg;

        machine_move(lights, step->from, step->to);
}

static void moves_as_its_table_says_and_no_other_way(void)
{
        for (unsigned from = 0; from < LIGHTS; from++)
                for (unsigned to = 0; to < LIGHTS; to++) {
                        struct step step = {from, to};

                        unit_row("%s to %s", lights[from].name, lights[to].name);
                        UNIT_ASSERT(machine_allows(lights, from, to) == allowed[from][to]);
                        if (allowed[from][to])
                                machine_move(lights, from, to);
                        else
                                UNIT_ASSERT(dies(move, &step));
                }
}

UNIT_SUITE(base_machine, UNIT_CASE(moves_as_its_table_says_and_no_other_way))

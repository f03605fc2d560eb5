/* machine: a state machine's table, and the one door its state goes through.
 *
 * Each machine declares an enum of states and a const table {name, allowed next states as bits}; its one
 * moving function calls machine_move, which aborts on a move the table does not allow. */
#pragma once

#include "base/check.h"

#include <stdint.h>

struct machine_state {
        const char *name;
        uint32_t next; /* bit i: state i may follow */
};

#define MOVE(state) (UINT32_C(1) << (state))

/* Whether `table` lets `to` follow `from`. */
static inline int machine_allows(const struct machine_state *table, unsigned from, unsigned to)
{
        return (table[from].next & MOVE(to)) != 0;
}

static inline void machine_move(const struct machine_state *table, unsigned from, unsigned to)
{
        CHECK(machine_allows(table, from, to));
}

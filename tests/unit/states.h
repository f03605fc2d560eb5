/* states: holds a state machine's table against what its header's picture says. */
#pragma once

#include "base/machine.h"
#include "unit.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* `allowed[i]` names the states that may follow state i, with a blank before and behind each. State 0 is the
 * first one, the last is where all ends. */
static inline void states_check(const struct machine_state *table, unsigned count, const char *const *allowed)
{
        uint32_t reached = MOVE(0);
        char word[64];

        for (unsigned i = 0; i < count; i++) {
                unit_row("state %u", i);
                UNIT_ASSERT(table[i].name != NULL && table[i].name[0] != '\0');
                for (unsigned k = 0; k < i && table[i].name != NULL; k++)
                        UNIT_ASSERT(strcmp(table[i].name, table[k].name) != 0);
        }
        for (unsigned from = 0; from < count; from++)
                for (unsigned to = 0; to < count; to++) {
                        snprintf(word, sizeof(word), " %s ", table[to].name);
                        unit_row("%s to %s", table[from].name, table[to].name);
                        UNIT_ASSERT(machine_allows(table, from, to) == (strstr(allowed[from], word) != NULL));
                }
        for (unsigned round = 0; round < count; round++)
                for (unsigned i = 0; i < count; i++)
                        if (reached & MOVE(i))
                                reached |= table[i].next;
        for (unsigned i = 0; i < count; i++) {
                unit_row("%s", table[i].name);
                UNIT_ASSERT((reached & MOVE(i)) != 0);
                UNIT_ASSERT((table[i].next >> count) == 0);
                UNIT_ASSERT(i == count - 1 ? table[i].next == 0 : machine_allows(table, i, count - 1));
        }
}

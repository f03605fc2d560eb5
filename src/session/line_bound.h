/* line_bound: how many lines about clients' statements a worker writes in a second: what is more is counted,
 * and the next second says how many there were. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LINES_A_SECOND = 1000 };

struct line_bound {
        unsigned written, left_out; /* in this second */
        int64_t since_us;           /* when it began */
};

/* Whether one more may be written now. `option` is what asks for such lines. */
bool line_bound_allows(struct line_bound *b, int64_t now_us, const char *option);

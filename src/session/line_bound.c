#include "session/line_bound.h"

#include "base/clock.h"
#include "base/log.h"

bool line_bound_allows(struct line_bound *b, int64_t now_us, const char *option)
{
        if (now_us - b->since_us >= US_PER_SEC) {
                if (b->left_out > 0)
                        log_info("%s: %u lines left out", option, b->left_out);
                *b = (struct line_bound){.since_us = now_us};
        }
        if (b->written >= LINES_A_SECOND) {
                b->left_out++;
                return false;
        }
        b->written++;
        return true;
}

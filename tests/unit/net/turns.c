#include "net/turns.h"

#include "base/clock.h"

#include <unistd.h>

enum { TURNS_PATIENCE_MS = 10000 };

static void turn(struct loop *loop)
{
        loop_turn(loop, false);
        loop_drain(loop);
}

bool turns_until(struct loop *const *loops, const bool *done, int ms)
{
        int64_t end = clock_us() + ms * US_PER_MS;

        while (!*done && clock_us() < end) {
                for (size_t i = 0; loops[i] != NULL; i++)
                        turn(loops[i]);
                usleep(100);
        }
        return *done;
}

bool turns_till(struct loop *loop, bool (*until)(void *arg), void *arg)
{
        int64_t end = clock_us() + TURNS_PATIENCE_MS * US_PER_MS;

        while (!until(arg)) {
                if (clock_us() > end)
                        return false;
                turn(loop);
                usleep(100);
        }
        return true;
}

void turns_for(struct loop *loop, int ms)
{
        struct loop *const loops[] = {loop, NULL};
        bool never = false;

        (void)turns_until(loops, &never, ms);
}

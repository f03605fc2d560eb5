/* turns: runs a loop in a test until something has come about. */
#pragma once

#include "net/loop.h"

/* Turns all of `loops` (NULL ends them) until *done, at most `ms` milliseconds. Returns *done. */
bool turns_until(struct loop *const *loops, const bool *done, int ms);

/* Turns one loop until until(arg), at most 10 s. Returns whether it came about. */
bool turns_till(struct loop *loop, bool (*until)(void *arg), void *arg);

/* Turns one loop for `ms` milliseconds: for what must not happen. */
void turns_for(struct loop *loop, int ms);

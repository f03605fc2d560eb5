/* The unit tests' frame, for the fuzzers that borrow of them: what they assert must hold. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

void unit_check(int ok, const char *condition, const char *file, int line)
{
        if (ok)
                return;
        fprintf(stderr, "%s:%d: %s\n", file, line, condition);
        abort();
}

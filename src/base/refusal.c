#include "base/refusal.h"

#include <stdio.h>

void refusal_set(struct refusal *r, const char *severity, const char *sqlstate, const char *format, ...)
{
        va_list args;

        r->severity = severity;
        r->sqlstate = sqlstate;
        r->hint = NULL;
        va_start(args, format);
        vsnprintf(r->text, sizeof(r->text), format, args);
        va_end(args);
}

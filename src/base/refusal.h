/* refusal: bad news for a client, made where its cause is known, sent in one place (session/client).
 *
 * The fields are those of ErrorResponse (PostgreSQL manual, "Error and Notice Message Fields"). Strings may
 * be static or live in `text_buf`; a refusal is a value and owns nothing. */
#pragma once

#include <stdarg.h>

struct refusal {
        const char *severity; /* "ERROR" or "FATAL"; NULL while there is nothing to say */
        const char *sqlstate; /* five characters, static */
        const char *hint;     /* what to do about it, static; NULL for none */
        char text[256];
};

/* Fills `r`. `sqlstate` must be static. Text longer than the field is cut. Returns nothing. */
void refusal_set(struct refusal *r, const char *severity, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

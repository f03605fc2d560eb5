#include "base/refusal.h"

#include "unit.h"

#include <string.h>

static void says_what_it_was_told(void)
{
        struct refusal r;

        memset(&r, 0x55, sizeof(r));
        refusal_set(&r, "FATAL", "28P01", "no user \"%s\" on port %d", "bob", 5432);
        UNIT_ASSERT(strcmp(r.severity, "FATAL") == 0 && strcmp(r.sqlstate, "28P01") == 0);
        UNIT_ASSERT(strcmp(r.text, "no user \"bob\" on port 5432") == 0);
        UNIT_ASSERT(r.hint == NULL);
}

static void cuts_what_is_too_long(void)
{
        struct refusal r;
        char text[1000];

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        refusal_set(&r, "ERROR", "08P01", "%s", text);
        UNIT_ASSERT(strlen(r.text) == sizeof(r.text) - 1 && memcmp(r.text, text, sizeof(r.text) - 1) == 0);
}

UNIT_SUITE(base_refusal, UNIT_CASE(says_what_it_was_told), UNIT_CASE(cuts_what_is_too_long))

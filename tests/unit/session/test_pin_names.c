#include "session/pin_names.h"

#include "unit.h"

#include <stdio.h>

static void the_last_one_ends_the_pin(void)
{
        struct pin_names names = {0};

        pin_names_begin(&names, PIN_HOLD, SV("a"));
        pin_names_begin(&names, PIN_HOLD, SV("\"A\""));
        pin_names_begin(&names, PIN_HOLD, SV("A")); /* the first again */
        pin_names_begin(&names, PIN_LISTEN, SV("a"));
        pin_names_end(&names, PIN_HOLD, SV("A"));
        UNIT_ASSERT(pin_names_settle(&names, true) == 0);
        pin_names_end(&names, PIN_HOLD, SV("\"A\""));
        UNIT_ASSERT(pin_names_settle(&names, false) == 0);
        UNIT_ASSERT(pin_names_settle(&names, true) == 0); /* that was rolled back */
        pin_names_end(&names, PIN_HOLD, SV("\"A\""));
        UNIT_ASSERT(pin_names_settle(&names, true) == PIN_HOLD);
        UNIT_ASSERT(pin_names_settle(&names, true) == 0);
        pin_names_end(&names, PIN_HOLD | PIN_LISTEN, SV(""));
        UNIT_ASSERT(pin_names_settle(&names, true) == PIN_LISTEN);
}

static void what_begins_again_does_not_end(void)
{
        struct pin_names names = {0};

        pin_names_begin(&names, PIN_HOLD, SV("a"));
        pin_names_end(&names, PIN_HOLD, SV("a"));
        pin_names_begin(&names, PIN_HOLD, SV("a"));
        UNIT_ASSERT(pin_names_settle(&names, true) == 0);
        pin_names_end(&names, PIN_HOLD, SV("a"));
        UNIT_ASSERT(pin_names_settle(&names, true) == PIN_HOLD);
}

static void names_without_a_place_end_with_all(void)
{
        struct pin_names names = {0};
        char name[64 + 8];

        for (int i = 0; i <= PIN_NAMES_MAX; i++) {
                snprintf(name, sizeof(name), "n%d", i);
                pin_names_begin(&names, PIN_HOLD, sv_cstr(name));
        }
        for (int i = 0; i <= PIN_NAMES_MAX; i++) {
                snprintf(name, sizeof(name), "n%d", i);
                pin_names_end(&names, PIN_HOLD, sv_cstr(name));
        }
        UNIT_ASSERT(pin_names_settle(&names, true) == 0);
        pin_names_forget(&names, PIN_HOLD);
        memset(name, 'n', sizeof(name) - 1); /* longer than PostgreSQL's: it cuts them */
        name[sizeof(name) - 1] = '\0';
        pin_names_begin(&names, PIN_HOLD, SV("a"));
        pin_names_begin(&names, PIN_HOLD, sv_cstr(name));
        pin_names_end(&names, PIN_HOLD, SV("a"));
        UNIT_ASSERT(pin_names_settle(&names, true) == 0);
}

UNIT_SUITE(session_pin_names, UNIT_CASE(the_last_one_ends_the_pin), UNIT_CASE(what_begins_again_does_not_end),
           UNIT_CASE(names_without_a_place_end_with_all))

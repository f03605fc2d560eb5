#include "session/client.h"

#include "states.h"

static void moves_as_its_picture_says(void)
{
        /* A console login goes from STARTUP, LOOKUP, AUTH or INQUIRY to IDLE on its way out; a granted wait
         * whose segment is cancelled or lost goes back to IDLE. */
        static const char *const allowed[CLIENT_STATES] = {
            [CLIENT_STARTUP] = " gate resolve lookup auth welcome idle closed ",
            [CLIENT_GATE] = " resolve lookup auth welcome idle closed ",
            [CLIENT_RESOLVE] = " lookup auth welcome idle closed ",
            [CLIENT_LOOKUP] = " auth welcome idle closed ",
            [CLIENT_AUTH] = " inquiry delayed welcome idle closed ",
            [CLIENT_INQUIRY] = " auth delayed welcome idle closed ",
            [CLIENT_DELAYED] = " auth closed ",
            [CLIENT_WELCOME] = " idle closed ",
            [CLIENT_IDLE] = " waiting held catching setting active begun closed ",
            [CLIENT_WAITING] = " setting active idle begun closed ",
            [CLIENT_HELD] = " idle begun closed ",
            [CLIENT_CATCHING] = " idle begun closed ",
            [CLIENT_ASKING] = " idle closed ",
            [CLIENT_SETTING] = " active idle begun aborted closed ",
            [CLIENT_ACTIVE] = " idle begun setting asking aborted closed ",
            [CLIENT_ABORTED] = " idle begun closed ",
            [CLIENT_BEGUN] = " waiting held catching setting active aborted idle closed ",
            [CLIENT_CLOSED] = " ",
        };

        states_check(client_states, CLIENT_STATES, allowed);
}

UNIT_SUITE(session_client, UNIT_CASE(moves_as_its_picture_says))

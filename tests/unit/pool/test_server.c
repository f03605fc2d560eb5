#include "pool/server.h"

#include "states.h"

static void moves_as_its_picture_says(void)
{
        /* A login, a reset, a move and a cancel may each end in what pool_give_back decides. */
        static const char *const allowed[SERVER_STATES] = {
            [SERVER_CONNECTING] = " login closed ",
            [SERVER_LOGIN] = " idle active moving closed ",
            [SERVER_IDLE] = " active tested moving closed ",
            [SERVER_LEASED] = " idle active tested being_canceled moving closed ",
            [SERVER_RESETTING] = " idle active being_canceled moving closed ",
            [SERVER_PARKED] = " idle active tested moving closed ",
            [SERVER_MOVING] = " idle active tested moving closed ",
            [SERVER_CLOSED] = " ",
        };

        states_check(server_states, SERVER_STATES, allowed);
}

UNIT_SUITE(pool_server, UNIT_CASE(moves_as_its_picture_says))

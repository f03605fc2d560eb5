#include "session/suspend.h"

#include "session/client.h"
#include "session/entry.h"

/* Whether all that it has sent has been passed on, and all that it is owed has been sent. */
static bool at_rest(const struct client *c)
{
        switch (c->state) {
        case CLIENT_IDLE:
        case CLIENT_ACTIVE:
        case CLIENT_ABORTED:
        case CLIENT_BEGUN: break;
        case CLIENT_STARTUP:
        case CLIENT_GATE:
        case CLIENT_RESOLVE:
        case CLIENT_LOOKUP:
        case CLIENT_AUTH:
        case CLIENT_DELAYED:
        case CLIENT_INQUIRY:
        case CLIENT_WELCOME:
        case CLIENT_WAITING:
        case CLIENT_HELD:
        case CLIENT_CATCHING:
        case CLIENT_SETTING:
        case CLIENT_ASKING:
        case CLIENT_CLOSED:
        case CLIENT_STATES: return false;
        }
        return buf_len(&c->in) == 0 && c->pass == 0 && c->drop == 0 && stream_unsent(&c->stream) == 0;
}

/* What the tick does for who waits; it does nothing while the room is suspended. */
static void serve_waiting(struct room *room)
{
        pools_serve_waiting(&room->pools);
        list_for_each_safe (node, &room->logins) {
                struct client *c = list_item(node, struct client, in_phase);

                if (client_asks(c)) {
                        entry_ask(c);
                        client_go_on(c);
                }
        }
}

int room_suspend(struct room *room, bool force)
{
        int busy = 0;

        if (!room->suspended)
                room_unlisten(room);
        room->suspended = true;
        list_for_each_safe (node, &room->clients) {
                struct client *c = list_item(node, struct client, in_clients);

                if (at_rest(c))
                        stream_hold(&c->stream, true);
                else if (force)
                        client_refuse(c, "08P01", "suspend_timeout");
                else
                        busy++;
        }
        if (busy > 0) {
                serve_waiting(room);
                return busy;
        }
        return pools_suspend(&room->pools, force);
}

void room_wake(struct room *room)
{
        if (!room->suspended)
                return;
        room->suspended = false;
        list_for_each (node, &room->clients)
                stream_hold(&list_item(node, struct client, in_clients)->stream, false);
        pools_wake(&room->pools);
        if (room->listeners != NULL)
                room_listen(room, room->listeners);
}

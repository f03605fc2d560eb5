#include "session/orders.h"

#include "base/check.h"
#include "base/memory.h"
#include "session/catchup.h"
#include "session/client.h"
#include "session/handover.h"
#include "session/suspend.h"

#include <stdlib.h>
#include <string.h>

/* One order to all; each worker gets a letter that points here, the last one to carry it out sends it back.
 */
struct order {
        struct letter letter; /* back home */
        enum order_kind kind;
        char database[128];
        struct mailbox *home;
        void (*done)(void *arg, int busy);
        void *arg;
        _Atomic int missing, busy;
};

struct copy {
        struct letter letter;
        struct order *order;
        struct room *room;
};

static void open_home(struct letter *letter, void *owner)
{
        struct order *order = list_item(letter, struct order, letter);

        (void)owner;
        order->done(order->arg, atomic_load(&order->busy));
        free(order);
}

static bool concerns(const struct client *c, const char *database)
{
        return database == NULL || (c->endpoint != NULL && strcmp(c->endpoint->database, database) == 0);
}

static void kill_clients(struct room *room, const char *database)
{
        list_for_each_safe (node, &room->clients) {
                struct client *c = list_item(node, struct client, in_clients);

                if (concerns(c, database))
                        client_refuse(c, "08P01", "database removed");
        }
}

/* Only who has logged in: others have not been shown. */
static int kill_client(struct room *room, uint64_t id)
{
        list_for_each (node, &room->clients) {
                struct client *c = list_item(node, struct client, in_clients);

                if (c->id == id && c->state >= CLIENT_WELCOME) {
                        client_refuse(c, "08P01", "admin forced disconnect");
                        return 1;
                }
        }
        return 0;
}

/* Who has a transaction may end it; who would begin one is told to go. */
static int drain(struct room *room)
{
        int busy = pools_pause(&room->pools, NULL, true);

        list_for_each_safe (node, &room->clients) {
                struct client *c = list_item(node, struct client, in_clients);

                if (client_asks(c) || c->state == CLIENT_WAITING || c->state == CLIENT_HELD ||
                    c->state == CLIENT_CATCHING)
                        client_refuse(c, "08P01", "server shutting down");
        }
        return busy;
}

static int count_clients(const struct room *room)
{
        return atomic_load(&room->crowd->clients[room->self]);
}

static int carry_out(struct room *room, const struct order *order)
{
        const char *database = order->database[0] != '\0' ? order->database : NULL;

        switch (order->kind) {
        case ORDER_CONFIGURE: room_configure(room); return 0;
        case ORDER_NOTHING: return 0;
        case ORDER_TOPOLOGY: room_topology_changed(room); return 0;
        case ORDER_FRESHNESS: catchup_look(room); return 0;
        case ORDER_PAUSE: return pools_pause(&room->pools, database, true);
        case ORDER_RESUME: return pools_pause(&room->pools, database, false);
        case ORDER_RECONNECT: pools_reconnect(&room->pools, database); return 0;
        case ORDER_KILL:
                pools_kill(&room->pools, database);
                kill_clients(room, database);
                return 0;
        case ORDER_KILL_CLIENT: return kill_client(room, strtoull(order->database, NULL, 10));
        case ORDER_DISABLE: nameset_add(&room->disabled, order->database); return 0;
        case ORDER_ENABLE: nameset_remove(&room->disabled, order->database); return 0;
        case ORDER_SUSPEND: return room_suspend(room, false);
        case ORDER_SUSPEND_FORCED: return room_suspend(room, true);
        case ORDER_WAKE: room_wake(room); return 0;
        case ORDER_UNLISTEN: room_unlisten_tcp(room); return 0;
        case ORDER_COUNT_CLIENTS: return count_clients(room);
        case ORDER_HUSH: return room_hush(room);
        case ORDER_LISTEN: room_relisten(room); return 0;
        case ORDER_DRAIN: return drain(room);
        case ORDER_STOP: loop_stop(room->loop); return 0;
        }
        return 0;
}

static void open_copy(struct letter *letter, void *owner)
{
        struct copy *copy = list_item(letter, struct copy, letter);
        struct order *order = copy->order;

        (void)owner;
        atomic_fetch_add(&order->busy, carry_out(copy->room, order));
        free(copy);
        if (atomic_fetch_sub(&order->missing, 1) > 1)
                return;
        if (order->done != NULL) {
                mailbox_post(order->home, &order->letter);
                return;
        }
        free(order);
}

void orders_give(struct crowd *crowd, enum order_kind kind, const char *database, struct mailbox *home,
                 void (*done)(void *arg, int busy), void *arg)
{
        struct order *order = xcalloc(1, sizeof(*order));
        size_t n = database != NULL ? strlen(database) : 0;

        order->letter.open = open_home;
        order->kind = kind;
        if (n >= sizeof(order->database))
                n = sizeof(order->database) - 1;
        if (n > 0)
                memcpy(order->database, database, n);
        order->home = home;
        order->done = done;
        order->arg = arg;
        atomic_init(&order->missing, crowd->workers);
        for (int i = 0; i < crowd->workers; i++) {
                struct copy *copy = xcalloc(1, sizeof(*copy));

                copy->letter.open = open_copy;
                copy->order = order;
                copy->room = crowd->rooms[i];
                mailbox_post(&copy->room->loop->mailbox, &copy->letter);
        }
}

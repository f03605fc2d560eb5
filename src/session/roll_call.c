#include "session/roll_call.h"

#include "base/check.h"
#include "base/memory.h"
#include "net/loop.h"
#include "session/entry.h"
#include "session/gate.h"

#include <stdlib.h>

struct summons {
        struct letter letter;
        struct roll_call *of;
        struct loop *at;
        bool seen; /* opened once */
};

struct roll_call {
        struct letter letter; /* in which it comes back */
        struct room *room;
        unsigned number;
        _Atomic int missing;
        struct summons summons[]; /* one for each thread */
};

static void begin(struct room *room);

/* Who came while this one was under way needs another. */
static void on_end(struct letter *letter, void *owner)
{
        struct roll_call *of = list_item(letter, struct roll_call, letter);
        struct room *room = of->room;
        unsigned number = of->number;
        bool more = false;

        (void)owner;
        free(of);
        room->calling = false;
        if (room->loop->stop)
                return;
        list_for_each_safe (node, &room->logins) {
                struct client *c = list_item(node, struct client, in_phase);

                if (c->state != CLIENT_GATE)
                        continue;
                if (c->entry->call == number)
                        gate_try_again(c);
                else
                        more = true;
        }
        if (more)
                begin(room);
}

static void open_summons(struct letter *letter, void *owner)
{
        struct summons *one = list_item(letter, struct summons, letter);
        struct roll_call *of = one->of;

        (void)owner;
        if (!one->seen && !one->at->stop) {
                one->seen = true;
                mailbox_post(&one->at->mailbox, letter);
        } else if (atomic_fetch_sub(&of->missing, 1) == 1) {
                mailbox_post(&of->room->loop->mailbox, &of->letter);
        }
}

static void begin(struct room *room)
{
        const struct crowd *crowd = room->crowd;
        int threads = crowd->workers + (crowd->control != NULL);
        struct roll_call *of = xcalloc(1, sizeof(*of) + (unsigned long)threads * sizeof(of->summons[0]));

        *of = (struct roll_call){.letter.open = on_end, .room = room, .number = room->next_call++};
        room->calling = true;
        atomic_init(&of->missing, threads);
        for (int i = 0; i < threads; i++) {
                struct summons *one = &of->summons[i];

                one->letter.open = open_summons;
                one->of = of;
                one->at = i < crowd->workers ? crowd->rooms[i]->loop : crowd->control;
        }
        for (int i = 0; i < threads; i++)
                mailbox_post(&of->summons[i].at->mailbox, &of->summons[i].letter);
}

void roll_call_await(struct client *c)
{
        struct room *room = c->room;

        c->entry->call = room->next_call;
        if (!room->calling)
                begin(room);
}

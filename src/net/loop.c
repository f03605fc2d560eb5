#include "net/loop.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/names.h"

#include <event2/event.h>
#include <stdlib.h>

static void *need(size_t size)
{
        return xmalloc(size);
}

static void *need_again(void *old, size_t size)
{
        return xrealloc(old, size);
}

void loop_prepare(void)
{
        event_set_mem_functions(need, need_again, free);
}

void loop_init(struct loop *loop, void *owner)
{
        struct event_config *config = event_config_new();

        *loop = (struct loop){0};
        CHECK(config != NULL);
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        loop->base = event_base_new_with_config(config);
        event_config_free(config);
        descriptor_needed(loop->base != NULL, "an event loop");
        list_init(&loop->nudges);
        loop->scratch = xmalloc(LOOP_SCRATCH_BYTES);
        mailbox_init(&loop->mailbox, loop->base, owner);
}

static void sweep(struct loop *loop)
{
        struct grave *grave;

        while ((grave = loop->graveyard) != NULL) {
                loop->graveyard = grave->next;
                grave->bury(grave);
        }
}

void loop_fini(struct loop *loop)
{
        mailbox_fini(&loop->mailbox);
        sweep(loop);
        names_free(loop->names);
        event_base_free(loop->base);
        free(loop->scratch);
}

/* Only those that are due now: what they ask for is the next turn's. */
static void act_on_nudges(struct loop *loop)
{
        struct list *last = list_last(&loop->nudges), *node;

        while (last != NULL && (node = list_first(&loop->nudges)) != NULL) {
                struct nudge *nudge = list_item(node, struct nudge, in_nudges);
                bool more = node != last;

                loop_unnudge(nudge);
                nudge->act(nudge);
                if (!more)
                        return;
        }
}

void loop_turn(struct loop *loop, bool wait)
{
        loop->turn++;
        loop->now_us = 0;
        loop->handshakes = 0;
        loop->handshakes_us = 0;
        act_on_nudges(loop);
        CHECK(event_base_loop(loop->base, wait ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
}

void loop_run(struct loop *loop)
{
        while (!loop->stop) {
                loop_turn(loop, true);
                sweep(loop);
        }
}

void loop_drain(struct loop *loop)
{
        loop->now_us = 0;
        mailbox_empty(&loop->mailbox);
        sweep(loop);
}

void loop_stop(struct loop *loop)
{
        loop->stop = true;
}

void loop_nudge(struct loop *loop, struct nudge *nudge, void (*act)(struct nudge *nudge))
{
        nudge->act = act;
        if (nudge->due)
                return;
        nudge->due = true;
        list_append(&loop->nudges, &nudge->in_nudges);
}

void loop_unnudge(struct nudge *nudge)
{
        if (nudge->due)
                list_unlink(&nudge->in_nudges);
        nudge->due = false;
}

void loop_bury(struct loop *loop, struct grave *grave, void (*bury)(struct grave *grave))
{
        grave->bury = bury;
        grave->next = loop->graveyard;
        loop->graveyard = grave;
}

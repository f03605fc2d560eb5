#include "net/mailbox.h"

#include "base/list.h"
#include "net/loop.h"
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>

enum { SENDERS = 6, LETTERS = 3000 };

struct note {
        struct letter letter;
        int sender, number;
};

struct owner {
        struct loop loop;
        int next[SENDERS], opened;
        bool in_order, own_thread;
        pthread_t thread;
};

static void open_note(struct letter *letter, void *arg)
{
        struct note *note = list_item(letter, struct note, letter);
        struct owner *owner = arg;

        if (note->number != owner->next[note->sender]++)
                owner->in_order = false;
        if (!pthread_equal(pthread_self(), owner->thread))
                owner->own_thread = false;
        free(note);
        if (++owner->opened == SENDERS * LETTERS)
                loop_stop(&owner->loop);
}

static void post(struct owner *owner, int sender, int number)
{
        struct note *note = calloc(1, sizeof(*note));

        note->letter.open = open_note;
        note->sender = sender;
        note->number = number;
        mailbox_post(&owner->loop.mailbox, &note->letter);
}

struct sender {
        struct owner *owner;
        int number;
};

static void *send_all(void *arg)
{
        struct sender *sender = arg;

        for (int i = 0; i < LETTERS; i++)
                post(sender->owner, sender->number, i);
        return NULL;
}

static void owner_init(struct owner *owner)
{
        *owner = (struct owner){.in_order = true, .own_thread = true, .thread = pthread_self()};
        loop_init(&owner->loop, owner);
}

static void opens_all_in_each_senders_order(void)
{
        struct owner owner;
        struct sender senders[SENDERS];
        pthread_t threads[SENDERS];

        owner_init(&owner);
        for (int i = 0; i < SENDERS; i++) {
                senders[i] = (struct sender){&owner, i};
                pthread_create(&threads[i], NULL, send_all, &senders[i]);
        }
        loop_run(&owner.loop); /* ends with the last letter: a lost wake-up would hang here */
        for (int i = 0; i < SENDERS; i++)
                pthread_join(threads[i], NULL);
        UNIT_ASSERT(owner.opened == SENDERS * LETTERS && owner.in_order && owner.own_thread);
        loop_fini(&owner.loop);
}

static void opens_what_is_left_at_the_end(void)
{
        struct owner owner;

        owner_init(&owner);
        for (int i = 0; i < 5; i++)
                post(&owner, 0, i);
        UNIT_ASSERT(owner.opened == 0);
        loop_fini(&owner.loop);
        UNIT_ASSERT(owner.opened == 5 && owner.in_order);
}

struct chain {
        struct letter letter;
        struct loop *loop;
        int left;
};

static void open_chain(struct letter *letter, void *owner)
{
        struct chain *chain = list_item(letter, struct chain, letter);

        (void)owner;
        if (chain->left-- == 0)
                loop_stop(chain->loop);
        else
                mailbox_post(&chain->loop->mailbox, letter); /* it is ours again while it is opened */
}

static void letter_may_be_posted_again_while_opened(void)
{
        struct loop loop;
        struct chain chain = {.loop = &loop, .left = 50};

        loop_init(&loop, NULL);
        chain.letter.open = open_chain;
        mailbox_post(&loop.mailbox, &chain.letter);
        loop_run(&loop);
        UNIT_ASSERT(chain.left == -1);
        loop_fini(&loop);
}

UNIT_SUITE(net_mailbox, UNIT_CASE(opens_all_in_each_senders_order), UNIT_CASE(opens_what_is_left_at_the_end),
           UNIT_CASE(letter_may_be_posted_again_while_opened))

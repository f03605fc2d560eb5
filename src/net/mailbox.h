/* mailbox: how threads talk: letters put in from any thread, opened by the owner's loop. Lock-free push, one
 * eventfd write when the box was empty.
 *
 *     sender:  mailbox_post(box, &letter)           owner's loop:  letter->open(letter, owner) for each, in
 * order
 *
 * A letter belongs to the box from post until it is opened; the opener then owns it. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

struct event;
struct event_base;

struct letter {
        struct letter *next;
        /* Runs on the owner's thread; frees or reuses the letter. */
        void (*open)(struct letter *letter, void *owner);
};

struct mailbox {
        _Atomic(struct letter *) top; /* newest first */
        int fd;                       /* eventfd */
        void *owner;
        struct event *readable;
};

/* When `what` could not be had (errno says why), the process ends with status 1 and says so: for its start.
 */
void descriptor_needed(bool got, const char *what);

/* Opens letters on `base`'s thread with `owner`. */
void mailbox_init(struct mailbox *box, struct event_base *base, void *owner);

/* Any thread. */
void mailbox_post(struct mailbox *box, struct letter *letter);

/* Opens what is there; the owner's thread. */
void mailbox_empty(struct mailbox *box);

/* Opens what is left (the owner's thread, or after it has ended), then closes. */
void mailbox_fini(struct mailbox *box);

#include "net/mailbox.h"

#include "base/check.h"
#include "base/log.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

void descriptor_needed(bool got, const char *what)
{
        if (got)
                return;
        log_write(LOG_FATAL_, "cannot have %s: %s; allow pgsteer more open files (LimitNOFILE=, ulimit -n)",
                  what, strerrordesc_np(errno));
        _exit(1);
}

void mailbox_empty(struct mailbox *box)
{
        struct letter *letter = atomic_exchange_explicit(&box->top, NULL, memory_order_acquire);
        struct letter *oldest = NULL;

        while (letter != NULL) { /* newest first becomes oldest first */
                struct letter *next = letter->next;

                letter->next = oldest;
                oldest = letter;
                letter = next;
        }
        while (oldest != NULL) {
                struct letter *next = oldest->next;

                oldest->open(oldest, box->owner);
                oldest = next;
        }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
        eventfd_t count;

        (void)what;
        (void)eventfd_read(fd, &count); /* before emptying: a later post writes again */
        mailbox_empty(arg);
}

void mailbox_init(struct mailbox *box, struct event_base *base, void *owner)
{
        atomic_init(&box->top, NULL);
        box->owner = owner;
        box->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        descriptor_needed(box->fd >= 0, "an eventfd");
        box->readable = event_new(base, box->fd, EV_READ | EV_PERSIST, on_readable, box);
        CHECK(box->readable != NULL);
        descriptor_needed(event_add(box->readable, NULL) == 0, "an eventfd watched");
}

void mailbox_post(struct mailbox *box, struct letter *letter)
{
        struct letter *top = atomic_load_explicit(&box->top, memory_order_relaxed);

        do {
                letter->next = top;
        } while (!atomic_compare_exchange_weak_explicit(&box->top, &top, letter, memory_order_release,
                                                        memory_order_relaxed));
        if (top == NULL)
                (void)eventfd_write(box->fd, 1);
}

void mailbox_fini(struct mailbox *box)
{
        mailbox_empty(box);
        event_free(box->readable);
        close(box->fd);
}

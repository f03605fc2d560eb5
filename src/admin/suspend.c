/* SUSPEND as the whole console sees it: the workers are asked until all is at rest, then it lasts until
 * RESUME, a signal, or the last console's end. */
#include "admin/inner.h"
#include "base/clock.h"
#include "base/log.h"

static void ask_again(void *arg);

/* Nobody could end it any more. */
static void wake_if_alone(struct admin *a)
{
        if (a->paused.suspended && a->suspended && a->console_count == 0) {
                log_info("admin disappeared when suspended, doing RESUME");
                admin_wake(a);
        }
}

static void on_asked(void *arg, int busy)
{
        struct admin *a = arg;

        if (!a->closed && a->paused.suspended) {
                a->suspended = busy == 0;
                if (busy > 0)
                        timer_once(a->suspend_timer, ADMIN_POLL_US);
                wake_if_alone(a);
        }
        admin_unref(a);
}

static void ask_again(void *arg)
{
        struct admin *a = arg;
        int64_t limit = a->ops->conf(a->arg)->opt.suspend_timeout_us;
        bool force = limit > 0 && clock_us() - a->suspend_since_us >= limit;

        if (!a->paused.suspended || a->suspended)
                return;
        a->workers->order(a->crowd, force ? ORDER_SUSPEND_FORCED : ORDER_SUSPEND, "", &a->loop->mailbox,
                          on_asked, admin_ref(a));
}

void admin_suspend(struct admin *admin)
{
        admin->paused.suspended = true;
        admin->suspended = false;
        admin->suspend_since_us = clock_us();
        if (admin->suspend_timer == NULL)
                admin->suspend_timer = timer_new(admin->loop, ask_again, admin);
        ask_again(admin);
}

void admin_wake(struct admin *admin)
{
        admin->paused.suspended = admin->suspended = false;
        if (admin->suspend_timer != NULL)
                timer_stop(admin->suspend_timer);
        admin->workers->order(admin->crowd, ORDER_WAKE, "", &admin->loop->mailbox, NULL, NULL);
}

void admin_console_left(struct admin *admin)
{
        if (!admin->closed)
                wake_if_alone(admin);
}

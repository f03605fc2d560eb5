#include "net/timer.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

#include <event2/event.h>
#include <stdlib.h>

struct timer {
        struct loop *loop;
        struct event *event;
        void (*fire)(void *arg);
        void *arg;
};

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
        struct timer *timer = arg;

        (void)fd;
        (void)what;
        timer->fire(timer->arg);
}

struct timer *timer_new(struct loop *loop, void (*fire)(void *arg), void *arg)
{
        struct timer *timer = xcalloc(1, sizeof(*timer));

        timer->loop = loop;
        timer->fire = fire;
        timer->arg = arg;
        timer->event = event_new(loop->base, -1, 0, on_timeout, timer);
        CHECK(timer->event != NULL);
        return timer;
}

static void start(struct timer *timer, short how, int64_t us)
{
        struct timeval delay = {us / US_PER_SEC, us % US_PER_SEC};

        event_del(timer->event);
        CHECK(event_assign(timer->event, timer->loop->base, -1, how, on_timeout, timer) == 0);
        CHECK(event_add(timer->event, &delay) == 0);
}

void timer_every(struct timer *timer, int64_t interval_us)
{
        start(timer, EV_PERSIST, interval_us);
}

void timer_once(struct timer *timer, int64_t delay_us)
{
        start(timer, 0, delay_us);
}

void timer_stop(struct timer *timer)
{
        event_del(timer->event);
}

void timer_free(struct timer *timer)
{
        if (timer == NULL)
                return;
        event_free(timer->event);
        free(timer);
}

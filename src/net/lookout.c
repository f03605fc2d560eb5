#include "net/lookout.h"

#include "base/check.h"

#include <event2/event.h>

enum { AGAIN_EVERY_US = 20000 };

static void ask(struct lookout *lookout, struct event_base *base);

static void on_again(evutil_socket_t fd, short what, void *arg)
{
        struct lookout *lookout = arg;

        (void)fd;
        (void)what;
        ask(lookout, event_get_base(&lookout->event));
}

static void ask(struct lookout *lookout, struct event_base *base)
{
        struct timeval later = {.tv_usec = AGAIN_EVERY_US};

        CHECK(event_assign(&lookout->event, base, lookout->fd, lookout->what, lookout->on_ready,
                           lookout->arg) == 0);
        if (event_add(&lookout->event, NULL) == 0)
                return;
        CHECK(event_assign(&lookout->event, base, -1, EV_TIMEOUT, on_again, lookout) == 0);
        CHECK(event_add(&lookout->event, &later) == 0);
}

void lookout_start(struct lookout *lookout, struct event_base *base, int fd, short what, lookout_fn *on_ready,
                   void *arg)
{
        lookout_stop(lookout);
        lookout->fd = fd;
        lookout->what = what;
        lookout->on_ready = on_ready;
        lookout->arg = arg;
        ask(lookout, base);
}

void lookout_stop(struct lookout *lookout)
{
        if (event_initialized(&lookout->event))
                event_del(&lookout->event);
}

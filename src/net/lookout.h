/* lookout: a descriptor of somebody else's (libpq's, libcurl's, c-ares') on a loop. The kernel may have no
 * room or memory for it (epoll_ctl: ENOSPC, ENOMEM): then it is asked again, many times a second, and what
 * came meanwhile is late, not lost.
 *
 * Owner and thread: the loop's. Embed it; it starts zeroed. */
#pragma once

#include <event2/event_struct.h>

struct event_base;

typedef void lookout_fn(int fd, short what, void *arg);

struct lookout {
        struct event event;
        int fd;
        short what;
        lookout_fn *on_ready;
        void *arg;
};

/* From now on on_ready(fd, what, arg) is called when `fd` is ready: for EV_READ, EV_WRITE, with EV_PERSIST
 * more than once. Replaces what was watched before. */
void lookout_start(struct lookout *lookout, struct event_base *base, int fd, short what, lookout_fn *on_ready,
                   void *arg);

/* Before the descriptor is closed. Harmless when nothing is watched. */
void lookout_stop(struct lookout *lookout);

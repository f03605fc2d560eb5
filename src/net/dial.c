#include "net/dial.h"

#include "base/check.h"
#include "base/memory.h"
#include "net/names.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIAL_ADDRESSES_MAX = 8 };

struct dial {
        struct grave grave;
        struct loop *loop;
        dial_fn *done; /* NULL: reported or cancelled */
        void *arg;
        struct address addresses[DIAL_ADDRESSES_MAX];
        int count, next, port;
        int fd;
        struct event event; /* first the start (a timer), then the socket's writability */
        struct name_ask ask;
        bool resolving;
        char why[160];
};

static void free_dial(struct grave *grave)
{
        struct dial *d = list_item(grave, struct dial, grave);

        free(d);
}

static void end(struct dial *d)
{
        event_del(&d->event);
        if (d->fd >= 0)
                close(d->fd);
        d->fd = -1;
        d->done = NULL;
        if (d->resolving)
                names_cancel(&d->ask);
        loop_bury(d->loop, &d->grave, free_dial);
}

static void report(struct dial *d, int fd)
{
        dial_fn *done = d->done;

        d->fd = -1;
        end(d);
        done(d->arg, fd, fd < 0 ? d->why : NULL);
}

static void try_next(struct dial *d);

static void on_start(evutil_socket_t fd, short what, void *arg);

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
        struct dial *d = arg;
        int error = 0;
        socklen_t size = sizeof(error);

        (void)what;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
                error = errno;
        if (error == 0) {
                report(d, fd);
                return;
        }
        snprintf(d->why, sizeof(d->why), "connect failed: %s", strerrordesc_np(error));
        close(d->fd);
        d->fd = -1;
        try_next(d);
}

/* Returns true when the attempt is under way or has succeeded. */
static bool try_address(struct dial *d, const struct address *address)
{
        d->fd = socket(address->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (d->fd >= 0)
                socket_buffers(d->fd, d->loop->buffer_bytes);
        if (d->fd >= 0 && (connect(d->fd, &address->u.any, address->size) == 0 || errno == EINPROGRESS)) {
                event_assign(&d->event, d->loop->base, d->fd, EV_WRITE, on_writable, d);
                if (event_add(&d->event, NULL) == 0)
                        return true;
                event_assign(&d->event, d->loop->base, -1, EV_TIMEOUT, on_start, d);
        }
        snprintf(d->why, sizeof(d->why), "connect failed: %s", strerrordesc_np(errno));
        if (d->fd >= 0)
                close(d->fd);
        d->fd = -1;
        return false;
}

static void try_next(struct dial *d)
{
        while (d->next < d->count)
                if (try_address(d, &d->addresses[d->next++]))
                        return;
        report(d, -1);
}

static void on_resolved(void *arg, const struct name_answer *answer)
{
        struct timeval at_once = {0, 0};
        struct dial *d = arg;

        d->resolving = false;
        if (answer->count == 0)
                snprintf(d->why, sizeof(d->why), "server DNS lookup failed: %s", answer->why);
        while (answer->count > 0 && d->count < answer->count && d->count < DIAL_ADDRESSES_MAX) {
                struct address *a = &d->addresses[d->count];

                *a = answer->list[(answer->first + d->count++) % answer->count];
                address_set_port(a, d->port);
        }
        event_add(&d->event, &at_once); /* we may be inside dial_start, which must not report */
}

static void on_start(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        try_next(arg);
}

static struct dial *dial_new(struct loop *loop, dial_fn *done, void *arg)
{
        struct dial *d = xcalloc(1, sizeof(*d));

        d->loop = loop;
        d->done = done;
        d->arg = arg;
        d->fd = -1;
        event_assign(&d->event, loop->base, -1, EV_TIMEOUT, on_start, d);
        return d;
}

/* Tries the first address at once; only the report of a failure waits for the loop. */
static void try_first(struct dial *d)
{
        struct timeval now = {0, 0};

        d->count = 1;
        if (!try_address(d, &d->addresses[d->next++]))
                event_add(&d->event, &now);
}

struct dial *dial_start_at(struct loop *loop, const struct address *address, dial_fn *done, void *arg)
{
        struct dial *d = dial_new(loop, done, arg);

        d->addresses[0] = *address;
        try_first(d);
        return d;
}

struct dial *dial_start(struct loop *loop, const char *host, int port, dial_fn *done, void *arg)
{
        struct dial *d = dial_new(loop, done, arg);
        struct timeval now = {0, 0};

        switch (address_parse(host, port, &d->addresses[0])) {
        case STATUS_OK: try_first(d); return d;
        case STATUS_ABSENT:
                d->resolving = true;
                d->port = port;
                d->ask.done = on_resolved;
                d->ask.arg = d;
                names_ask(names_of(loop), host, &d->ask);
                return d;
        case STATUS_AGAIN:
        case STATUS_EOF:
        case STATUS_IO:
        case STATUS_INVALID:
        case STATUS_LIMIT:
        case STATUS_DENIED:
                snprintf(d->why, sizeof(d->why), "cannot connect: bad address \"%.100s\"", host);
                break;
        }
        event_add(&d->event, &now);
        return d;
}

const struct address *dial_address(const struct dial *d)
{
        return &d->addresses[d->next > 0 ? d->next - 1 : 0];
}

bool dial_is_resolving(const struct dial *d)
{
        return d->resolving;
}

void dial_cancel(struct dial *d)
{
        end(d);
}

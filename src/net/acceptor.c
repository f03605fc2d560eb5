#include "net/acceptor.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/listener.h"
#include "net/timer.h"

#include <errno.h>
#include <event2/event.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_INTERVAL_US = 10000000 };

struct acceptor {
        struct loop *loop;
        void (*accepted)(void *arg, int fd, const struct address *peer);
        void *arg;
        struct timer *pause;
        unsigned turn;   /* when there was one last */
        unsigned streak; /* turns up to that, one after the other, in which there may have been more */
        int count;
        struct event *events[LISTENERS_MAX];
};

static void say(int error)
{
        static _Atomic int64_t next_us;
        int64_t now = clock_us(), due = atomic_load(&next_us);

        if (now < due || !atomic_compare_exchange_strong(&next_us, &due, now + LOG_INTERVAL_US))
                return;
        if (error == EMFILE || error == ENFILE)
                log_error("cannot accept connections: %s; they wait. Give %s, or lower max_client_conn",
                          strerrordesc_np(error),
                          error == EMFILE ? "pgsteer more (LimitNOFILE=, ulimit -n)"
                                          : "the machine more (sysctl fs.file-max)");
        else
                log_error("cannot accept connections: %s; they wait", strerrordesc_np(error));
}

bool accept_must_wait(int error)
{
        if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
                return false;
        say(error);
        return true;
}

static void look_away(struct acceptor *a)
{
        for (int i = 0; i < a->count; i++)
                event_del(a->events[i]);
        timer_once(a->pause, ACCEPT_PAUSE_US);
}

/* What the kernel cannot watch now it may watch later. */
static void look_again(void *arg)
{
        struct acceptor *a = arg;

        for (int i = 0; i < a->count; i++)
                if (event_add(a->events[i], NULL) != 0)
                        timer_once(a->pause, ACCEPT_PAUSE_US);
}

/* Most come alone, and to ask in vain for a second one costs as much as to get it: whether there are more,
 * the next turn shows. When that goes on and on, twice as many are taken each turn. */
static int how_many(struct acceptor *a)
{
        a->streak = a->turn + 1 == a->loop->turn ? a->streak + 1 : 0;
        a->turn = a->loop->turn;
        if (a->streak < ALONE_TURNS)
                return 1;
        return a->streak - ALONE_TURNS < 4 ? 2 << (a->streak - ALONE_TURNS) : ACCEPTS_MAX;
}

static void on_connection(evutil_socket_t listening, short what, void *arg)
{
        struct acceptor *a = arg;

        (void)what;
        for (int left = how_many(a); left > 0; left--) {
                struct address peer = {.size = sizeof(peer.u)};
                int fd = accept4(listening, &peer.u.any, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (fd >= 0) {
                        a->accepted(a->arg, fd, &peer);
                } else if (accept_must_wait(errno)) {
                        look_away(a);
                        return;
                } else if (errno != EINTR && errno != ECONNABORTED) {
                        a->streak = 0;
                        return;
                }
        }
}

struct acceptor *acceptor_new(const struct listeners *l, struct loop *loop,
                              void (*accepted)(void *arg, int fd, const struct address *peer), void *arg)
{
        struct acceptor *a = xcalloc(1, sizeof(*a));

        a->loop = loop;
        a->turn = loop->turn - 1; /* none in the turn before the next */
        a->accepted = accepted;
        a->arg = arg;
        a->pause = timer_new(loop, look_again, a);
        for (int i = 0; i < l->count; i++) {
                if (l->fds[i] < 0)
                        continue;
                a->events[a->count] =
                    event_new(loop->base, l->fds[i], EV_READ | EV_PERSIST, on_connection, a);
                CHECK(a->events[a->count] != NULL);
                a->count++;
        }
        look_again(a);
        return a;
}

void acceptor_free(struct acceptor *a)
{
        if (a == NULL)
                return;
        for (int i = 0; i < a->count; i++)
                event_free(a->events[i]);
        timer_free(a->pause);
        free(a);
}

void acceptor_leave_tcp(struct acceptor *a)
{
        int kept = 0;

        for (int i = 0; a != NULL && i < a->count; i++) {
                if (listener_is_unix(event_get_fd(a->events[i])))
                        a->events[kept++] = a->events[i];
                else
                        event_free(a->events[i]);
        }
        if (a != NULL)
                a->count = kept;
}

#include "net/lookout.h"

#include "net/no_room.h"
#include "net/turns.h"
#include "unit.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

struct eye {
        struct lookout lookout;
        struct loop loop;
        int ends[2], times;
};

static void on_ready(int fd, short what, void *arg)
{
        struct eye *e = arg;

        UNIT_ASSERT(fd == e->ends[0] && what == EV_READ);
        e->times++;
}

static bool has_seen(void *arg)
{
        return ((struct eye *)arg)->times > 0;
}

static void eye_init(struct eye *e)
{
        *e = (struct eye){0};
        loop_init(&e->loop, NULL);
        UNIT_ASSERT(socketpair(AF_UNIX, SOCK_STREAM, 0, e->ends) == 0 && send(e->ends[1], "x", 1, 0) == 1);
}

static void eye_fini(struct eye *e)
{
        lookout_stop(&e->lookout);
        close(e->ends[0]);
        close(e->ends[1]);
        loop_fini(&e->loop);
}

static void once_or_till_it_is_stopped(void)
{
        struct eye e;

        eye_init(&e);
        lookout_stop(&e.lookout);
        lookout_start(&e.lookout, e.loop.base, e.ends[0], EV_READ, on_ready, &e);
        turns_for(&e.loop, 20);
        UNIT_ASSERT(e.times == 1);
        lookout_start(&e.lookout, e.loop.base, e.ends[0], EV_READ | EV_PERSIST, on_ready, &e);
        turns_for(&e.loop, 20);
        UNIT_ASSERT(e.times > 2);
        lookout_stop(&e.lookout);
        e.times = 0;
        turns_for(&e.loop, 20);
        UNIT_ASSERT(e.times == 0);
        eye_fini(&e);
}

static void sees_what_came_when_there_is_room_again(void)
{
        struct eye e;

        eye_init(&e);
        no_room = true;
        lookout_start(&e.lookout, e.loop.base, e.ends[0], EV_READ, on_ready, &e);
        turns_for(&e.loop, 60);
        UNIT_ASSERT(e.times == 0);
        no_room = false;
        UNIT_ASSERT(turns_till(&e.loop, has_seen, &e));
        turns_for(&e.loop, 60);
        UNIT_ASSERT(e.times == 1);
        no_room = true;
        lookout_start(&e.lookout, e.loop.base, e.ends[0], EV_READ, on_ready, &e);
        lookout_stop(&e.lookout);
        no_room = false;
        turns_for(&e.loop, 60);
        UNIT_ASSERT(e.times == 1);
        eye_fini(&e);
}

UNIT_SUITE(net_lookout, UNIT_CASE(once_or_till_it_is_stopped),
           UNIT_CASE(sees_what_came_when_there_is_room_again))

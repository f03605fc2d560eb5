#include "worker.h"

#include "base/check.h"
#include "base/thread.h"
#include "session/handover.h"

#include <stdio.h>

static void *run(void *arg)
{
        struct worker *w = arg;

        thread_enter();
        room_listen(&w->room, w->listeners);
        room_go_on(&w->room);
        loop_run(&w->loop);
        return NULL;
}

void worker_init(struct worker *w, struct conf *conf, struct crowd *crowd, int self)
{
        loop_init(&w->loop, &w->room);
        room_init(&w->room, &w->loop, conf, crowd, self);
}

void worker_start(struct worker *w, const struct listeners *listeners)
{
        char name[16];

        w->listeners = listeners;
        snprintf(name, sizeof(name), "worker %d", w->room.self);
        thread_start(&w->thread, run, w, name);
        w->started = true;
}

void worker_join(struct worker *w)
{
        if (w->started)
                CHECK(pthread_join(w->thread, NULL) == 0);
        w->started = false;
}

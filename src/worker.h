/* worker: a thread with its loop and its room. */
#pragma once

#include "session/room.h"

#include <pthread.h>

struct worker {
        pthread_t thread;
        struct loop loop;
        struct room room;
        const struct listeners *listeners;
        bool started;
};

/* Makes loop and room (on the calling thread; nothing runs yet). */
void worker_init(struct worker *w, struct conf *conf, struct crowd *crowd, int self);

/* Starts the thread, which accepts from `listeners`. */
void worker_start(struct worker *w, const struct listeners *listeners);

/* Waits for the thread's end. */
void worker_join(struct worker *w);

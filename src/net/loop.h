/* loop: one thread's event loop, with what all that live on it share: the time, a scratch buffer to read
 * into, and the graveyard, where dead objects wait until no callback can be using them.
 *
 * Owner and thread: the thread that runs it. Only loop->mailbox may be used by others. */
#pragma once

#include "base/clock.h"
#include "base/list.h"
#include "net/mailbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct names;

enum { LOOP_SCRATCH_BYTES = 65536 };

/* Something that is dead. Embed it; `bury` frees the object that holds it. */
struct grave {
        struct grave *next;
        void (*bury)(struct grave *grave);
};

/* Something to be done at the beginning of the next turn, after all others had theirs. Embed it. */
struct nudge {
        struct list in_nudges;
        bool due; /* it is in there */
        void (*act)(struct nudge *nudge);
};

struct loop {
        struct event_base *base;
        struct names *names; /* net/names.h; NULL: nobody has asked for one */
        struct mailbox mailbox;
        struct grave *graveyard; /* who came last is first */
        struct list nudges;
        unsigned turn;    /* its number */
        int64_t now_us;   /* 0: not asked in this turn */
        int buffer_bytes; /* for socket_buffers of connections made here; 0: the system's */
        int handshakes;   /* steps of TLS handshakes in this turn, and the time they took (net/secure.h) */
        int64_t handshakes_us;
        uint8_t *scratch; /* LOOP_SCRATCH_BYTES; free between callbacks */
        bool stop;
};

/* Once, before all else: libevent's own memory is what the program needs (base/memory.h). */
void loop_prepare(void);

/* `owner` is what letters are opened with. */
void loop_init(struct loop *loop, void *owner);
void loop_fini(struct loop *loop);

/* One turn: nudges, then what is ready; `wait` until something is. */
void loop_turn(struct loop *loop, bool wait);

/* Runs until loop_stop; sweeps the graveyard after each turn. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Opens the letters and buries the dead of a loop that does not run any more; for taking a thread's things
 * down. */
void loop_drain(struct loop *loop);

/* The monotonic time of this turn, microseconds (base/clock.h). */
static inline int64_t loop_now(struct loop *loop)
{
        if (loop->now_us == 0)
                loop->now_us = clock_us();
        return loop->now_us;
}

/* Has `act` called at the beginning of the next turn, once however often it is asked for. loop_unnudge calls
 * that off; harmless when there is nothing to call off. */
void loop_nudge(struct loop *loop, struct nudge *nudge, void (*act)(struct nudge *nudge));
void loop_unnudge(struct nudge *nudge);

/* Frees `grave` after this turn. */
void loop_bury(struct loop *loop, struct grave *grave, void (*bury)(struct grave *grave));

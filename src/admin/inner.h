/* inner: what admin.c, console.c and job.c share: the console as a whole. For them alone. */
#pragma once

#include "admin/admin.h"
#include "admin/averages.h"
#include "admin/latencies.h"
#include "admin/paused.h"
#include "net/timer.h"

#include <stdatomic.h>

struct census_socket;
struct switchover;

enum {
        CONSOLES_MAX = 1000,
        ADMIN_POLL_US = 50000, /* between two looks at whether PAUSE or WAIT_CLOSE is done */
};

/* How workers are asked; a test answers itself. */
struct admin_workers {
        struct census *(*census)(struct crowd *crowd, unsigned parts, struct mailbox *home, void *arg,
                                 void (*done)(struct letter *letter, void *owner));
        void (*census_free)(struct census *census);
        void (*order)(struct crowd *crowd, enum order_kind kind, const char *database, struct mailbox *home,
                      void (*done)(void *arg, int busy), void *arg);
};

struct admin {
        _Atomic int refs; /* the roof's, one of each letter on its way and of each job */
        bool closed;      /* admin_free was called; what is left only goes away */
        struct loop *loop;
        struct crowd *crowd;
        const struct admin_ops *ops;
        void *arg;
        const struct admin_workers *workers;
        struct list consoles;
        size_t console_count;
        struct paused paused;
        /* admin/suspend.c: while paused.suspended */
        bool suspended; /* all is at rest */
        int64_t suspend_since_us;
        struct timer *suspend_timer; /* NULL: never needed yet */
        /* admin/takeover.c: while a successor takes over */
        const void *taker;         /* its console; NULL: there is none */
        struct handover *handover; /* NULL: logins are still awaited */
        bool handed_over;          /* it has got everything, and now has the word */
        int64_t takeover_since_us;
        struct timer *takeover_timer;  /* NULL: never needed yet */
        struct switchover *switchover; /* NULL: none is under way */
        struct averages averages;
        struct latency_history latency;
        struct list statements; /* SELECTs that helpers have */
        struct counters own;    /* what the console itself was asked */
        struct timer *stats_timer;
};

/* admin_new with other workers. */
struct admin *admin_new_with(struct loop *loop, struct crowd *crowd, const struct admin_ops *ops, void *arg,
                             const struct admin_workers *workers);

struct admin *admin_ref(struct admin *admin);
void admin_unref(struct admin *admin);

/* Everything goes on, but for what is paused by name: remembers that, and pauses those again, since the order
 * to resume has reached them too. */
void admin_resumed(struct admin *admin);

/* SUSPEND begins; admin->suspended says when it is complete. */
void admin_suspend(struct admin *admin);
/* And ends. */
void admin_wake(struct admin *admin);
/* A console has gone: when it was the last one, nobody is left to end a SUSPEND. */
void admin_console_left(struct admin *admin);

/* After admin_stop_statements, when no helper begins or posts anything any more: frees what they had. */
void admin_drop_statements(struct admin *admin);

/* KILL_CLIENT of a console; false: none has this number. */
bool admin_kill_console(struct admin *admin, uint64_t id);

/* Its clients as rows of SHOW CLIENTS; the caller frees the array, the strings are the clients' own. */
struct census_socket *admin_consoles(struct admin *admin, size_t *count);

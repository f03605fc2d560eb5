/* quota: what all workers share about one pool: how many connections there may be, how many there are, who
 * has idle ones and who waits. Numbers are atomics.
 *
 * The limit is exact: a connection is counted before it is opened, in the pool and in the budgets of its
 * database and its user (pool/budget.h), and until it is closed, in whatever worker and state. The masks have
 * a bit per worker; a worker that gives a server back looks at `waiting`, one that starts to wait looks at
 * `idle`, each after setting its own bit, so one of them sees the other. */
#pragma once

#include "cluster/node.h"
#include "pool/budget.h"

enum { WORKERS_MAX = 64 };

struct quota {
        struct quota *next;
        int refs; /* under the lock */
        /* read-only */
        char *database, *user; /* PgBouncer's pool: the line's name, the server-side user */
        struct node *node;     /* NULL: of a plain line, for all its hosts together */
        struct budget *budget[BUDGET_KINDS];
        struct list in_budget[BUDGET_KINDS]; /* under the budgets' lock */
        /* shared */
        _Atomic int limit;               /* of connections; 0: none */
        _Atomic int reserve;             /* so many more for who has waited long */
        _Atomic int open;                /* those of cancel requests too */
        _Atomic int ready;               /* of those, how many have logged in */
        _Atomic int cancels;             /* of those, how many carry a cancel request */
        _Atomic unsigned next_host;      /* a plain line's host list: whose turn it is */
        _Atomic int64_t lifetime_end_us; /* when the last one was closed because of its age */
        _Atomic unsigned generation;     /* servers of an older one are closed when they come back */
        _Atomic uint64_t waiting, idle;
        _Atomic int64_t oldest_us[WORKERS_MAX]; /* since when each worker's first client waits */
        _Atomic int64_t idle_us[WORKERS_MAX];   /* since when each worker's longest idle server is idle */
};

/* The quota of (database, user, node), with a reference; made when new. Thread-safe (locks; called when a
 * worker first meets the pool). */
struct quota *quota_for(const char *database, const char *user, struct node *node);

/* Gives the reference back; the last one frees. Nothing is open then, in any worker. */
void quota_unref(struct quota *q);

enum quota_answer {
        QUOTA_TAKEN,
        QUOTA_FULL,    /* the pool has so many */
        QUOTA_BLOCKED, /* a budget has no room */
};

/* Counts one connection in, unless the pool has `most` (0: no limit) or a budget has no room. `blocked`, the
 * asking pool's, is then in the queue for that budget's room with the place `since_us` gives it, and in no
 * queue otherwise. NULL: asks for nobody who waits, and does not queue. */
enum quota_answer quota_take(struct quota *q, int most, struct blocked *blocked, int64_t since_us);
/* Counts one in that is open already, whatever the limits. */
void quota_adopt(struct quota *q);
void quota_return(struct quota *q);

/* The same for a connection that carries a cancel request: of these and others together there may be twice
 * the limit, whatever the budgets say (they count it), so that queries can be canceled when all connections
 * are busy with them. */
bool quota_take_cancel(struct quota *q);
void quota_return_cancel(struct quota *q);

/* Whether there are more connections than limit and reserve, cancel requests' apart. */
bool quota_exceeded(struct quota *q);

/* Waits no more. */
void quota_unblock(struct blocked *blocked);

/* Who is to be told that there is room in q's budgets: how many (quota, worker) pairs have been written. To
 * be asked after whatever may have made room. */
struct call {
        struct quota *quota;
        int worker;
};
int quota_next(struct quota *q, struct call call[BUDGET_KINDS]);

/* The pool and worker with the server that has been idle longest among those whose end would help `blocked`;
 * false when none is idle. A hint: it may be gone when it is looked for. */
bool quota_find_idle(const struct blocked *blocked, struct call *call);

/* Of the waiting workers other than `self`, the one whose first client waits longest, and since when; -1:
 * none. */
int quota_longest_waiting(struct quota *q, int self, int64_t *since_us);

/* quota: what all workers share about one pool: how many connections there may be, how many there are, who
 * has idle ones and who waits. Atomics only.
 *
 * The limit is exact: a connection is counted before it is opened, with compare-and-swap, and until it is
 * closed, in whatever worker and state. The masks have a bit per worker; a worker that gives a server back
 * looks at `waiting`, one that starts to wait looks at `idle`, each after setting its own bit, so one of them
 * sees the other. */
#pragma once

#include "cluster/node.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { WORKERS_MAX = 64 };

struct quota {
        struct quota *next;
        /* read-only */
        char *database, *user; /* PgBouncer's pool: the line's name, the server-side user */
        struct node *node;     /* NULL: of a plain line, for all its hosts together */
        /* shared */
        _Atomic int limit;           /* 0: none */
        _Atomic int open;            /* those of cancel requests too */
        _Atomic int ready;           /* of those, how many have logged in */
        _Atomic int cancels;         /* of those, how many carry a cancel request */
        _Atomic unsigned next_host;  /* a plain line's host list: whose turn it is */
        _Atomic unsigned generation; /* servers of an older one are closed when they come back */
        _Atomic uint64_t waiting, idle;
        _Atomic int64_t oldest_us[WORKERS_MAX]; /* since when each worker's first client waits */
};

/* The quota of (database, user, node); made when new, kept until the process ends. Thread-safe (locks; called
 * when a worker first meets the pool). */
struct quota *quota_for(const char *database, const char *user, struct node *node);

/* Counts one connection in; false when the limit is reached. */
bool quota_take(struct quota *q);
void quota_return(struct quota *q);

/* The same for a connection that carries a cancel request: of these and others together there may be twice
 * the limit, so that queries can be canceled when all connections are busy with them. */
bool quota_take_cancel(struct quota *q);
void quota_return_cancel(struct quota *q);

/* Whether there are more connections than the limit, cancel requests' apart. */
bool quota_exceeded(struct quota *q);

/* Of the waiting workers other than `self`, the one whose first client waits longest, and since when; -1:
 * none. */
int quota_longest_waiting(struct quota *q, int self, int64_t *since_us);

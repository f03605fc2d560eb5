/* budget: what all workers share about one database line or one user: how many connections to servers and how
 * many clients there are, how many servers there may be, and who is kept from opening one by that.
 *
 * The limits are exact: a client is counted before it may come in, with compare-and-swap; a connection before
 * it is opened, under a lock, together with the other budget and the pool it counts in (pool/quota.h), since
 * only that can give back nothing half taken. Room goes to the pool whose client waits longest: it is kept
 * free for that one until it has been taken or is no longer wanted. The lock is never taken for a
 * transaction that need not wait for a connection to be opened. */
#pragma once

#include "base/list.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum budget_kind { BUDGET_DATABASE, BUDGET_USER, BUDGET_KINDS };

struct budget;
struct quota;

/* A worker's pool that a budget keeps from opening a connection; embed it. Zeroed: it is not. */
struct blocked {
        struct budget *by; /* written by the owner's thread under the lock; NULL: by none */
        struct list in_budget;
        struct quota *quota;
        int worker;
        int64_t since_us; /* since when its first client waits */
};

/* What SHOW shows. */
struct budget_numbers {
        int servers, clients;
};

/* The budget of a database (as its line names it) or user; made when new. A reference, for budget_unref.
 * Thread-safe; locks. */
struct budget *budget_for(enum budget_kind kind, const char *name);
void budget_unref(struct budget *b);

/* The numbers of a budget, zeros when there is none. Thread-safe; locks. */
struct budget_numbers budget_numbers(enum budget_kind kind, const char *name);

/* Counts a client in unless there are `limit` (0: no limit) already. */
bool budget_enter(struct budget *b, int limit);

/* Counts a client out of those it is counted in (NULL: none), gives the references back, and clears them. */
void budgets_leave(struct budget *budget[BUDGET_KINDS]);

/* At most so many servers from now on (0: no limit). Closes nothing. */
void budget_set_limit(struct budget *b, int limit);

/* Whether anybody at all is blocked: one load. A worker that made a server idle asks after its idle bit is to
 * be seen, one that is blocked looks at idle bits after it has said so: one of them sees the other. */
extern _Atomic int budgets_blocked;

static inline bool budgets_wanted(void)
{
        return atomic_load(&budgets_blocked) > 0;
}

/* Since when the longest waiting of those waits who would be helped if a connection that counts in `b` was
 * closed; INT64_MAX: nobody. No lock. */
int64_t budget_oldest(struct budget *b);

/* ---- for quota.c alone; with the lock held ---- */

void budget_lock(void);
void budget_unlock(void);

/* Whether one more may be counted in for `asker` (NULL: nobody in particular), who has waited since
 * `since_us`: others that are blocked and have waited longer come first. */
bool budget_has_room(const struct budget *b, const struct blocked *asker, int64_t since_us);
void budget_count(struct budget *b, int servers);

void budget_block(struct budget *by, struct blocked *blocked, int64_t since_us);
void budget_unblock(struct blocked *blocked);

/* Who is to have the room there is; NULL: nobody wants it, or there is none. */
struct blocked *budget_next(const struct budget *b);

/* The head of the list of quotas that count in `b`, through their in_budget[kind]. */
struct list *budget_quotas(struct budget *b);

#include "pool/quota.h"

#include "base/check.h"
#include "base/memory.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct quota *quotas;

struct quota *quota_for(const char *database, const char *user, struct node *node)
{
        struct quota *q;

        pthread_mutex_lock(&lock);
        for (q = quotas; q != NULL; q = q->next)
                if (q->node == node && strcmp(q->database, database) == 0 && strcmp(q->user, user) == 0)
                        break;
        if (q == NULL) {
                q = xcalloc(1, sizeof(*q));
                q->database = xstrdup(database);
                q->user = xstrdup(user);
                q->node = node;
                q->budget[BUDGET_DATABASE] = budget_for(BUDGET_DATABASE, database);
                q->budget[BUDGET_USER] = budget_for(BUDGET_USER, user);
                budget_lock();
                for (int i = 0; i < BUDGET_KINDS; i++)
                        list_append(budget_quotas(q->budget[i]), &q->in_budget[i]);
                budget_unlock();
                q->next = quotas;
                quotas = q;
        }
        q->refs++;
        pthread_mutex_unlock(&lock);
        return q;
}

void quota_unref(struct quota *q)
{
        struct quota **at = &quotas;
        bool last;

        pthread_mutex_lock(&lock);
        last = --q->refs == 0;
        while (last && *at != q)
                at = &(*at)->next;
        if (last)
                *at = q->next;
        pthread_mutex_unlock(&lock);
        if (!last)
                return;
        CHECK(atomic_load(&q->open) == 0);
        budget_lock();
        for (int i = 0; i < BUDGET_KINDS; i++)
                list_unlink(&q->in_budget[i]);
        budget_unlock();
        for (int i = 0; i < BUDGET_KINDS; i++)
                budget_unref(q->budget[i]);
        free(q->database);
        free(q->user);
        free(q);
}

static bool is_full(const struct quota *q, int most)
{
        return most > 0 && atomic_load_explicit(&q->open, memory_order_relaxed) >= most;
}

/* With the budgets' lock held. */
static void count(struct quota *q, int n)
{
        CHECK(atomic_fetch_add(&q->open, n) + n >= 0);
        for (int i = 0; i < BUDGET_KINDS; i++)
                budget_count(q->budget[i], n);
}

enum quota_answer quota_take(struct quota *q, int most, struct blocked *blocked, int64_t since_us)
{
        struct budget *by = NULL;
        bool full;

        if (is_full(q, most) && (blocked == NULL || blocked->by == NULL))
                return QUOTA_FULL; /* a client that waits in a pool that is used up costs no lock */
        if (blocked != NULL && blocked->by != NULL && blocked->since_us == since_us && !is_full(q, most) &&
            budget_oldest(blocked->by) != INT64_MAX)
                return QUOTA_BLOCKED; /* nor does one behind a budget that still is */
        budget_lock();
        full = is_full(q, most);
        for (int i = 0; i < BUDGET_KINDS && !full && by == NULL; i++)
                if (!budget_has_room(q->budget[i], blocked, since_us))
                        by = q->budget[i];
        if (!full && by == NULL)
                count(q, 1);
        if (blocked != NULL && by != NULL)
                budget_block(by, blocked, since_us);
        else if (blocked != NULL)
                budget_unblock(blocked);
        budget_unlock();
        return full ? QUOTA_FULL : by != NULL ? QUOTA_BLOCKED : QUOTA_TAKEN;
}

void quota_adopt(struct quota *q)
{
        budget_lock();
        count(q, 1);
        budget_unlock();
}

void quota_return(struct quota *q)
{
        budget_lock();
        count(q, -1);
        budget_unlock();
}

void quota_unblock(struct blocked *blocked)
{
        if (blocked->by == NULL)
                return;
        budget_lock();
        budget_unblock(blocked);
        budget_unlock();
}

int quota_next(struct quota *q, struct call call[BUDGET_KINDS])
{
        int n = 0;

        if (!budgets_wanted())
                return 0;
        budget_lock();
        for (int i = 0; i < BUDGET_KINDS; i++) {
                const struct blocked *next = budget_next(q->budget[i]);

                if (next != NULL)
                        call[n++] = (struct call){next->quota, next->worker};
        }
        budget_unlock();
        return n;
}

/* Its longest idle server of any worker, when that beats *since_us. */
static void consider_idle(struct quota *q, struct call *call, int64_t *since_us)
{
        uint64_t workers = atomic_load(&q->idle);

        while (workers != 0) {
                int worker = __builtin_ctzll(workers);
                int64_t since = atomic_load_explicit(&q->idle_us[worker], memory_order_relaxed);

                workers &= workers - 1;
                if (since < *since_us) {
                        *since_us = since;
                        *call = (struct call){q, worker};
                }
        }
}

bool quota_find_idle(const struct blocked *blocked, struct call *call)
{
        int64_t since = INT64_MAX;

        if (blocked->by == NULL)
                return false;
        budget_lock();
        for (int i = 0; i < BUDGET_KINDS; i++)
                if (blocked->by == blocked->quota->budget[i])
                        list_for_each (node, budget_quotas(blocked->by))
                                consider_idle(list_item(node - i, struct quota, in_budget[0]), call, &since);
        budget_unlock();
        return since != INT64_MAX;
}

bool quota_take_cancel(struct quota *q)
{
        int limit = atomic_load_explicit(&q->limit, memory_order_relaxed);
        bool full;

        budget_lock();
        full = is_full(q, limit > INT_MAX / 2 ? INT_MAX : 2 * limit);
        /* Counted before it is open and until it is not, so that quota_exceeded never counts one of these. */
        if (!full) {
                atomic_fetch_add(&q->cancels, 1);
                count(q, 1);
        }
        budget_unlock();
        return !full;
}

void quota_return_cancel(struct quota *q)
{
        quota_return(q);
        CHECK(atomic_fetch_sub(&q->cancels, 1) > 0);
}

bool quota_exceeded(struct quota *q)
{
        int limit = atomic_load_explicit(&q->limit, memory_order_relaxed);
        int reserve = atomic_load_explicit(&q->reserve, memory_order_relaxed);
        int open = atomic_load_explicit(&q->open, memory_order_relaxed);

        return limit > 0 && open > limit + reserve &&
               open - atomic_load_explicit(&q->cancels, memory_order_relaxed) > limit + reserve;
}

int quota_longest_waiting(struct quota *q, int self, int64_t *since_us)
{
        uint64_t others = atomic_load(&q->waiting) & ~(UINT64_C(1) << self);
        int found = -1;

        while (others != 0) {
                int worker = __builtin_ctzll(others);
                int64_t since = atomic_load_explicit(&q->oldest_us[worker], memory_order_relaxed);

                others &= others - 1;
                if (found < 0 || since < *since_us) {
                        found = worker;
                        *since_us = since;
                }
        }
        return found;
}

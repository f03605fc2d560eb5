#include "pool/quota.h"

#include "base/check.h"

#include <limits.h>
#include <pthread.h>
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
                q->next = quotas;
                quotas = q;
        }
        pthread_mutex_unlock(&lock);
        return q;
}

static bool take(struct quota *q, int limit)
{
        int open = atomic_load_explicit(&q->open, memory_order_relaxed);

        do {
                if (limit > 0 && open >= limit)
                        return false;
        } while (!atomic_compare_exchange_weak(&q->open, &open, open + 1));
        return true;
}

bool quota_take(struct quota *q)
{
        return take(q, atomic_load_explicit(&q->limit, memory_order_relaxed));
}

void quota_return(struct quota *q)
{
        CHECK(atomic_fetch_sub(&q->open, 1) > 0);
}

bool quota_take_cancel(struct quota *q)
{
        int limit = atomic_load_explicit(&q->limit, memory_order_relaxed);

        /* Counted before it is open and until it is not, so that quota_exceeded never counts one of these. */
        atomic_fetch_add(&q->cancels, 1);
        if (take(q, limit > INT_MAX / 2 ? INT_MAX : 2 * limit))
                return true;
        CHECK(atomic_fetch_sub(&q->cancels, 1) > 0);
        return false;
}

void quota_return_cancel(struct quota *q)
{
        quota_return(q);
        CHECK(atomic_fetch_sub(&q->cancels, 1) > 0);
}

bool quota_exceeded(struct quota *q)
{
        int limit = atomic_load_explicit(&q->limit, memory_order_relaxed);
        int open = atomic_load_explicit(&q->open, memory_order_relaxed);

        return limit > 0 && open > limit &&
               open - atomic_load_explicit(&q->cancels, memory_order_relaxed) > limit;
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

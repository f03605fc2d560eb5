#include "pool/budget.h"

#include "base/check.h"
#include "base/hash_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct budget {
        UT_hash_handle hh; /* by key; under the lock */
        int refs;          /* under the lock */
        _Atomic int clients;
        /* written under the lock, read by anybody */
        _Atomic int servers, limit;
        _Atomic int64_t oldest_us; /* of the blocked */
        /* under the lock */
        struct list blocked; /* who waits longest first */
        struct list quotas;
        unsigned key_size;
        char key[]; /* the kind, and the name NUL */
};

_Atomic int budgets_blocked;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct budget *budgets;

void budget_lock(void)
{
        pthread_mutex_lock(&lock);
}

void budget_unlock(void)
{
        pthread_mutex_unlock(&lock);
}

static struct budget *make(enum budget_kind kind, const char *name)
{
        size_t n = strlen(name) + 1;
        struct budget *b = xcalloc(1, sizeof(*b) + 1 + n);

        b->key_size = (unsigned)n + 1;

        b->key[0] = (char)kind;
        memcpy(b->key + 1, name, n);
        atomic_init(&b->oldest_us, INT64_MAX);
        list_init(&b->blocked);
        list_init(&b->quotas);
        return b;
}

static struct budget *find(const struct budget *like)
{
        struct budget *b;

        HASH_FIND(hh, budgets, like->key, like->key_size, b);
        return b;
}

struct budget *budget_for(enum budget_kind kind, const char *name)
{
        struct budget *fresh = make(kind, name), *b;

        budget_lock();
        b = find(fresh);
        if (b == NULL) {
                b = fresh;
                fresh = NULL;
                HASH_ADD_KEYPTR(hh, budgets, b->key, b->key_size, b);
        }
        b->refs++;
        budget_unlock();
        free(fresh);
        return b;
}

void budget_unref(struct budget *b)
{
        bool last;

        budget_lock();
        last = --b->refs == 0;
        if (last)
                HASH_DEL(budgets, b);
        budget_unlock();
        if (!last)
                return;
        CHECK(atomic_load(&b->clients) == 0 && atomic_load(&b->servers) == 0 && list_empty(&b->blocked));
        free(b);
}

struct budget_numbers budget_numbers(enum budget_kind kind, const char *name)
{
        struct budget *key = make(kind, name), *b;
        struct budget_numbers numbers = {0};

        budget_lock();
        b = find(key);
        if (b != NULL)
                numbers = (struct budget_numbers){atomic_load(&b->servers), atomic_load(&b->clients)};
        budget_unlock();
        free(key);
        return numbers;
}

/* ---- clients ---- */

bool budget_enter(struct budget *b, int limit)
{
        int n = atomic_load_explicit(&b->clients, memory_order_relaxed);

        do {
                if (limit > 0 && n >= limit)
                        return false;
        } while (!atomic_compare_exchange_weak(&b->clients, &n, n + 1));
        return true;
}

void budgets_leave(struct budget *budget[BUDGET_KINDS])
{
        for (int i = 0; i < BUDGET_KINDS; i++) {
                if (budget[i] == NULL)
                        continue;
                CHECK(atomic_fetch_sub(&budget[i]->clients, 1) > 0);
                budget_unref(budget[i]);
                budget[i] = NULL;
        }
}

/* ---- servers ---- */

void budget_set_limit(struct budget *b, int limit)
{
        atomic_store_explicit(&b->limit, limit, memory_order_relaxed);
}

static int limit_of(const struct budget *b)
{
        return atomic_load_explicit(&b->limit, memory_order_relaxed);
}

static int room_in(const struct budget *b)
{
        int limit = limit_of(b);

        return limit > 0 ? limit - atomic_load_explicit(&b->servers, memory_order_relaxed) : INT32_MAX;
}

int64_t budget_oldest(struct budget *b)
{
        return room_in(b) > 0 ? INT64_MAX : atomic_load(&b->oldest_us);
}

bool budget_has_room(const struct budget *b, const struct blocked *asker, int64_t since_us)
{
        int room = room_in(b);

        list_for_each (node, &b->blocked) {
                const struct blocked *other = list_item(node, const struct blocked, in_budget);

                if (room <= 0 || other->since_us >= since_us)
                        break;
                room -= other != asker;
        }
        return room > 0;
}

void budget_count(struct budget *b, int servers)
{
        CHECK(atomic_fetch_add(&b->servers, servers) + servers >= 0);
}

static void note_oldest(struct budget *b)
{
        struct list *first = list_first(&b->blocked);

        atomic_store(&b->oldest_us,
                     first != NULL ? list_item(first, struct blocked, in_budget)->since_us : INT64_MAX);
}

void budget_unblock(struct blocked *blocked)
{
        struct budget *b = blocked->by;

        if (b == NULL)
                return;
        list_unlink(&blocked->in_budget);
        blocked->by = NULL;
        atomic_fetch_sub(&budgets_blocked, 1);
        note_oldest(b);
}

void budget_block(struct budget *by, struct blocked *blocked, int64_t since_us)
{
        struct list *before;

        if (blocked->by == by && blocked->since_us == since_us)
                return;
        budget_unblock(blocked);
        before = by->blocked.prev;
        while (before != &by->blocked && list_item(before, struct blocked, in_budget)->since_us > since_us)
                before = before->prev;
        list_prepend(before, &blocked->in_budget);
        blocked->by = by;
        blocked->since_us = since_us;
        atomic_fetch_add(&budgets_blocked, 1);
        note_oldest(by);
}

struct blocked *budget_next(const struct budget *b)
{
        struct list *first = list_first(&b->blocked);

        return first != NULL && room_in(b) > 0 ? list_item(first, struct blocked, in_budget) : NULL;
}

struct list *budget_quotas(struct budget *b)
{
        return &b->quotas;
}

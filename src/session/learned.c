#include "session/learned.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { WAYS = 4 /* places that a fingerprint may have */ };

static struct {
        _Atomic uint32_t count;
        _Atomic uint64_t keys[LEARNED_MAX]; /* 0: free; written under the lock */
        _Atomic uint64_t uses[LEARNED_MAX];
        pthread_mutex_t lock;
        struct learned rows[LEARNED_MAX]; /* under the lock */
        uint64_t next_number;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool learned_any(void)
{
        return atomic_load_explicit(&table.count, memory_order_relaxed) > 0;
}

static size_t first_place(uint64_t fingerprint)
{
        return fingerprint % (LEARNED_MAX / WAYS) * WAYS;
}

bool learned_has(uint64_t fingerprint, bool counts)
{
        size_t first = first_place(fingerprint);

        for (size_t i = first; fingerprint != 0 && i < first + WAYS; i++)
                if (atomic_load_explicit(&table.keys[i], memory_order_relaxed) == fingerprint) {
                        if (counts)
                                atomic_fetch_add_explicit(&table.uses[i], 1, memory_order_relaxed);
                        return true;
                }
        return false;
}

static void clear(size_t i)
{
        if (table.keys[i] == 0)
                return;
        table.keys[i] = 0;
        atomic_fetch_sub_explicit(&table.count, 1, memory_order_relaxed);
}

/* Where it is, where there is room, or where the oldest is. */
static size_t place_for(uint64_t fingerprint)
{
        size_t first = first_place(fingerprint), best = first;

        for (size_t i = first; i < first + WAYS; i++) {
                if (table.keys[i] == fingerprint)
                        return i;
                if (table.keys[best] != 0 &&
                    (table.keys[i] == 0 || table.rows[i].number < table.rows[best].number))
                        best = i;
        }
        return best;
}

void learned_add(uint64_t fingerprint, const struct lesson *lesson)
{
        struct learned *row;
        size_t i;

        if (fingerprint == 0)
                return;
        CHECK(pthread_mutex_lock(&table.lock) == 0);
        i = place_for(fingerprint);
        if (table.keys[i] != fingerprint) {
                clear(i);
                row = &table.rows[i];
                row->fingerprint = fingerprint;
                row->number = table.next_number++;
                row->catalog = lesson->catalog;
                row->since_wall_us = clock_wall_us();
                snprintf(row->database, sizeof(row->database), "%s", lesson->database);
                snprintf(row->text, sizeof(row->text), "%s", lesson->text);
                snprintf(row->sqlstate, sizeof(row->sqlstate), "%.*s", SV_ARG(lesson->sqlstate));
                atomic_store(&table.uses[i], 0);
                atomic_store(&table.keys[i], fingerprint);
                atomic_fetch_add(&table.count, 1);
        }
        CHECK(pthread_mutex_unlock(&table.lock) == 0);
}

/* Those of `database` (NULL: of all) that an older catalog was the reason of. */
static size_t forget(const char *database, uint64_t catalog)
{
        size_t n = 0;

        CHECK(pthread_mutex_lock(&table.lock) == 0);
        for (size_t i = 0; i < LEARNED_MAX; i++)
                if (table.keys[i] != 0 && table.rows[i].catalog < catalog &&
                    (database == NULL || strcmp(table.rows[i].database, database) == 0)) {
                        clear(i);
                        n++;
                }
        CHECK(pthread_mutex_unlock(&table.lock) == 0);
        return n;
}

size_t learned_forget(const char *database)
{
        return forget(database, UINT64_MAX);
}

void learned_renew(const char *database, uint64_t catalog)
{
        if (learned_any())
                (void)forget(database, catalog);
}

static int by_age(const void *a, const void *b)
{
        const struct learned *x = a, *y = b;

        return (x->number > y->number) - (x->number < y->number);
}

struct learned *learned_list(size_t *count)
{
        struct learned *list = NULL;
        size_t n = 0;

        CHECK(pthread_mutex_lock(&table.lock) == 0);
        if (table.count > 0)
                list = xcalloc(table.count, sizeof(*list));
        for (size_t i = 0; list != NULL && i < LEARNED_MAX; i++)
                if (table.keys[i] != 0) {
                        list[n] = table.rows[i];
                        list[n++].uses = atomic_load(&table.uses[i]);
                }
        CHECK(pthread_mutex_unlock(&table.lock) == 0);
        if (list != NULL)
                qsort(list, n, sizeof(*list), by_age);
        *count = n;
        return list;
}

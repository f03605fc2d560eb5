#include "admin/averages.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTERS = sizeof(struct counters) / sizeof(uint64_t) };
_Static_assert(COUNTERS * sizeof(uint64_t) == sizeof(struct counters), "struct counters is uint64_t only");

void counters_add(struct counters *sum, const struct counters *n)
{
        uint64_t *to = (uint64_t *)(void *)sum;
        const uint64_t *from = (const uint64_t *)(const void *)n;

        for (size_t i = 0; i < COUNTERS; i++)
                to[i] += from[i];
}

static void add(struct totals *t, const char *database, const struct counters *n)
{
        if (t->count == t->cap) {
                t->cap = t->cap == 0 ? 16 : t->cap * 2;
                t->list = xrealloc(t->list, t->cap * sizeof(*t->list));
        }
        t->list[t->count++] = (struct total){arena_strdup(&t->arena, database), *n};
}

static int by_database(const void *a, const void *b)
{
        const struct total *x = a, *y = b;

        return strcmp(x->database, y->database);
}

void totals_make(struct totals *t, const struct census *census, const struct counters *own)
{
        size_t kept = 0;

        *t = (struct totals){0};
        add(t, "pgbouncer", own);
        for (int w = 0; w < census->workers; w++)
                for (size_t i = 0; i < census->worker[w].stats_count; i++)
                        add(t, census->worker[w].stats[i].database, &census->worker[w].stats[i].n);
        qsort(t->list, t->count, sizeof(*t->list), by_database);
        for (size_t i = 1; i < t->count; i++) {
                if (by_database(&t->list[kept], &t->list[i]) == 0)
                        counters_add(&t->list[kept].n, &t->list[i].n);
                else
                        t->list[++kept] = t->list[i];
        }
        t->count = kept + 1;
}

const struct counters *totals_find(const struct totals *t, const char *database)
{
        struct total key = {.database = database};
        const struct total *found =
            t->count == 0 ? NULL : bsearch(&key, t->list, t->count, sizeof(*t->list), by_database);

        return found == NULL ? NULL : &found->n;
}

struct counters totals_sum(const struct totals *t)
{
        struct counters sum = {0};

        for (size_t i = 0; i < t->count; i++)
                counters_add(&sum, &t->list[i].n);
        return sum;
}

void totals_fini(struct totals *t)
{
        arena_release(&t->arena);
        free(t->list);
        *t = (struct totals){0};
}

void averages_init(struct averages *a, int64_t now_us)
{
        /* As if a snapshot of nothing had been taken a second ago: no average is of less than a second. */
        *a = (struct averages){.older_us = now_us - US_PER_SEC, .newer_us = now_us};
}

void averages_shift(struct averages *a, struct totals *now, int64_t now_us)
{
        totals_fini(&a->older);
        a->older = a->newer;
        a->older_us = a->newer_us;
        a->newer = *now;
        a->newer_us = now_us;
        *now = (struct totals){0};
}

static uint64_t per_second(uint64_t now, uint64_t then, int64_t duration_us)
{
        return (uint64_t)((double)(now - then) * (double)US_PER_SEC / (double)duration_us);
}

static uint64_t per_event(uint64_t now, uint64_t then, uint64_t events)
{
        return events == 0 ? 0 : (now - then) / events;
}

struct counters averages_of(const struct averages *a, const char *database, const struct counters *current,
                            int64_t now_us)
{
        const struct counters *found = database == NULL ? NULL : totals_find(&a->older, database);
        struct counters old = database == NULL ? totals_sum(&a->older)
                              : found != NULL  ? *found
                                               : (struct counters){0};
        struct counters avg = {0};
        int64_t d = now_us - a->older_us;

        if (d <= 0)
                return avg;
#define RATE(field)         avg.field = per_second(current->field, old.field, d)
#define EACH(field, events) avg.field = per_event(current->field, old.field, current->events - old.events)
        RATE(server_assignment_count);
        RATE(xact_count);
        RATE(query_count);
        RATE(received);
        RATE(sent);
        EACH(xact_time, xact_count);
        EACH(query_time, query_count);
        EACH(wait_time, server_assignment_count);
        RATE(client_parse_count);
        RATE(server_parse_count);
        RATE(bind_count);
        RATE(client_login_count);
#undef RATE
#undef EACH
        return avg;
}

void averages_line(const struct counters *avg, char *out, size_t size)
{
        snprintf(out, size,
                 "%" PRIu64 " xacts/s, %" PRIu64 " queries/s, %" PRIu64 " client parses/s, %" PRIu64
                 " server parses/s, %" PRIu64 " binds/s, in %" PRIu64 " B/s, out %" PRIu64
                 " B/s, xact %" PRIu64 " us, query %" PRIu64 " us, wait %" PRIu64 " us",
                 avg->xact_count, avg->query_count, avg->client_parse_count, avg->server_parse_count,
                 avg->bind_count, avg->received, avg->sent, avg->xact_time, avg->query_time, avg->wait_time);
}

void averages_fini(struct averages *a)
{
        totals_fini(&a->older);
        totals_fini(&a->newer);
}

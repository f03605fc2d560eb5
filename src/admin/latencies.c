#include "admin/latencies.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const char *const a[3], const char *const b[3])
{
        int order = 0;

        for (int i = 0; i < 3 && order == 0; i++)
                order = strcmp(a[i], b[i]);
        return order;
}

static int compare(const void *a, const void *b)
{
        const struct latency_row *x = a, *y = b;

        return compare_names((const char *const[]){x->database, x->user, x->node},
                             (const char *const[]){y->database, y->user, y->node});
}

static int compare_pools(const void *a, const void *b)
{
        const struct census_latency *x = *(const struct census_latency *const *)a;
        const struct census_latency *y = *(const struct census_latency *const *)b;

        return compare_names((const char *const[]){x->database, x->user, x->node},
                             (const char *const[]){y->database, y->user, y->node});
}

/* An empty row behind the last, which has room. */
static struct latency_row *add_row(struct latencies *l, const char *database, const char *user,
                                   const char *node)
{
        struct latency_row *row = &l->list[l->count++];

        row->database = arena_strdup(&l->arena, database);
        row->user = arena_strdup(&l->arena, user);
        row->node = arena_strdup(&l->arena, node);
        return row;
}

/* All pools of all workers, sorted; the caller frees it. */
static const struct census_latency **pools_of(const struct census *census, size_t *count)
{
        const struct census_latency **pools;
        size_t most = 0;

        for (int w = 0; w < census->workers; w++)
                most += census->worker[w].latency_count;
        pools = xcalloc(most + 1, sizeof(struct census_latency *));
        *count = 0;
        for (int w = 0; w < census->workers; w++)
                for (size_t i = 0; i < census->worker[w].latency_count; i++)
                        pools[(*count)++] = &census->worker[w].latency[i];
        qsort(pools, *count, sizeof(struct census_latency *), compare_pools);
        return pools;
}

void latencies_make(struct latencies *l, const struct census *census)
{
        size_t count;
        const struct census_latency **pools = pools_of(census, &count);

        *l = (struct latencies){.list = xcalloc(count + 1, sizeof(*l->list))};
        for (size_t i = 0; i < count; i++) {
                struct latency_row *row =
                    i > 0 && compare_pools(&pools[i - 1], &pools[i]) == 0
                        ? &l->list[l->count - 1]
                        : add_row(l, pools[i]->database, pools[i]->user, pools[i]->node);

                for (int k = 0; k < LATENCY_KINDS; k++)
                        histogram_fold(&row->n.of[k], &pools[i]->of[k]);
        }
        free(pools);
}

void latencies_since(struct latencies *l, const struct latencies *now, const struct latencies *then)
{
        *l = (struct latencies){.list = xcalloc(now->count + 1, sizeof(*l->list))};
        for (size_t i = 0; i < now->count; i++) {
                const struct latency_row *from = &now->list[i];
                const struct latency_row *old =
                    then->count == 0 ? NULL
                                     : bsearch(from, then->list, then->count, sizeof(*then->list), compare);
                struct latency_row *row = add_row(l, from->database, from->user, from->node);

                for (int k = 0; k < LATENCY_KINDS; k++)
                        row->n.of[k] =
                            old == NULL ? from->n.of[k] : histogram_since(&from->n.of[k], &old->n.of[k]);
        }
}

/* The newest first: of what is sorted by database, a database's row is the last one. */
static struct latency_row *find_or_add(struct latencies *l, const struct latency_row *wanted)
{
        for (size_t i = l->count; i-- > 0;)
                if (compare(&l->list[i], wanted) == 0)
                        return &l->list[i];
        return add_row(l, wanted->database, wanted->user, wanted->node);
}

void latencies_by(struct latencies *l, const struct latencies *pools, unsigned key)
{
        *l = (struct latencies){.list = xcalloc(pools->count + 1, sizeof(*l->list))};
        for (size_t i = 0; i < pools->count; i++) {
                const struct latency_row *from = &pools->list[i];
                struct latency_row *row =
                    find_or_add(l, &(struct latency_row){.database = key & BY_DATABASE ? from->database : "",
                                                         .user = key & BY_USER ? from->user : "",
                                                         .node = key & BY_NODE ? from->node : ""});

                for (int k = 0; k < LATENCY_KINDS; k++) {
                        struct histogram_extract all = histogram_view(&from->n.of[k]);

                        histogram_fold(&row->n.of[k], &all);
                }
        }
}

void latencies_fini(struct latencies *l)
{
        arena_release(&l->arena);
        free(l->list);
        *l = (struct latencies){0};
}

void latency_history_shift(struct latency_history *h, struct latencies *now)
{
        latencies_fini(&h->older);
        h->older = h->newer;
        h->newer = *now;
        *now = (struct latencies){0};
}

void latency_history_fini(struct latency_history *h)
{
        latencies_fini(&h->older);
        latencies_fini(&h->newer);
}

#include "admin/fill.h"
#include "base/check.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>

/* The queries of all workers, by fingerprint: they know the text of what no client has prepared any more. */
struct known {
        const struct census_query **list;
        size_t count;
};

static int by_fingerprint(const void *a, const void *b)
{
        uint64_t x = (*(const struct census_query *const *)a)->fingerprint;
        uint64_t y = (*(const struct census_query *const *)b)->fingerprint;

        return x < y ? -1 : x > y;
}

static void known_make(struct known *k, const struct census *census)
{
        size_t most = 1;

        for (int w = 0; w < census->workers; w++)
                most += census->worker[w].query_count;
        *k = (struct known){.list = xcalloc(most, sizeof(struct census_query *))};
        for (int w = 0; w < census->workers; w++)
                for (size_t i = 0; i < census->worker[w].query_count; i++)
                        k->list[k->count++] = &census->worker[w].queries[i];
        qsort(k->list, k->count, sizeof(struct census_query *), by_fingerprint);
}

/* NULL: nobody knows. */
static const char *known_text(const struct known *k, uint64_t fingerprint)
{
        const struct census_query key = {.fingerprint = fingerprint}, *sought = &key;
        const struct census_query **found =
            bsearch(&sought, k->list, k->count, sizeof(struct census_query *), by_fingerprint);

        return found != NULL ? (*found)->text : NULL;
}

static void prepared_row(struct table *t, const struct census_prepared *p, const struct known *k)
{
        table_text(t, p->on_server ? "server" : "client");
        table_int(t, (int64_t)p->id);
        table_text(t, p->database);
        table_text(t, p->user);
        table_text(t, p->node);
        table_text(t, p->name);
        table_text(t, p->server_name);
        table_text(t, p->text != NULL ? p->text : known_text(k, p->fingerprint));
        table_counter(t, p->uses);
        if (p->fingerprint == 0)
                table_null(t);
        else
                table_textf(t, "%016" PRIx64, p->fingerprint);
}

void fill_prepared_statements(struct table *t, const struct scene *s)
{
        struct known known;

        known_make(&known, s->census);
        for (int w = 0; w < s->census->workers; w++)
                for (size_t i = 0; i < s->census->worker[w].prepared_count; i++)
                        prepared_row(t, &s->census->worker[w].prepared[i], &known);
        free(known.list);
}

/* SHOW MEM: PgBouncer's caches by its names, where there is such a thing here, and ours. Objects that differ
 * in size have their mean size. */
#include "admin/console.h"
#include "admin/fill.h"

#include <malloc.h>
#include <string.h>

static void row(struct table *t, const char *name, size_t size, const struct census_cache *c)
{
        table_text(t, name);
        table_int(t, (int64_t)size);
        table_int(t, (int64_t)c->used);
        table_int(t, (int64_t)c->spare);
        table_int(t, (int64_t)c->bytes);
}

static void fixed_row(struct table *t, const char *name, size_t size, size_t used)
{
        row(t, name, size, &(struct census_cache){.used = used, .bytes = used * size});
}

/* The i-th cache of all workers together; without a name there are no workers. */
static struct census_cache sum(const struct scene *s, int i)
{
        struct census_cache all = {0};

        for (int w = 0; w < s->census->workers; w++) {
                const struct census_cache *one = &s->census->worker[w].caches[i];

                all.name = one->name;
                all.size = one->size;
                all.used += one->used;
                all.spare += one->spare;
                all.bytes += one->bytes;
        }
        return all;
}

/* What malloc has taken for all of it and the rest, in units of 1 KiB. */
static void heap_row(struct table *t)
{
        struct mallinfo2 heap = mallinfo2();

        row(t, "heap_kib", 1024,
            &(struct census_cache){.used = (heap.uordblks + heap.hblkhd) / 1024,
                                   .spare = heap.fordblks / 1024,
                                   .bytes = heap.arena + heap.hblkhd});
}

void fill_mem(struct table *t, const struct scene *s)
{
        fixed_row(t, "user_cache", sizeof(struct conf_user), s->conf->user_count);
        fixed_row(t, "db_cache", sizeof(struct conf_database), s->conf->database_count);
        fixed_row(t, "peer_cache", sizeof(struct conf_peer), s->conf->peer_count);
        for (int i = 0; i < CENSUS_CACHES; i++) {
                struct census_cache c = sum(s, i);
                size_t objects = c.used + c.spare;

                if (c.name != NULL)
                        row(t, c.name, c.size > 0 || objects == 0 ? c.size : c.bytes / objects, &c);
        }
        fixed_row(t, "console_cache", sizeof(struct console), s->console_count);
        heap_row(t);
}

size_t count_spare_clients(const struct scene *s)
{
        size_t spare = 0;

        for (int i = 0; i < CENSUS_CACHES; i++) {
                struct census_cache c = sum(s, i);

                if (c.name != NULL && strcmp(c.name, "client_cache") == 0)
                        spare += c.spare;
        }
        return spare;
}

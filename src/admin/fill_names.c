/* SHOW DNS_HOSTS. */
#include "admin/fill.h"
#include "base/check.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
        const struct census_name *x = a, *y = b;
        int order = strcmp(x->name, y->name);

        return order != 0 ? order : (x->left_us < y->left_us) - (x->left_us > y->left_us);
}

/* Every worker asks for itself: of one name the youngest answer is shown. The caller frees. */
static struct census_name *name_rows(const struct scene *s, size_t *count)
{
        struct census_name *rows;
        size_t most = 1, n = 0, kept = 0;

        for (int w = 0; w < s->census->workers; w++)
                most += s->census->worker[w].name_count;
        rows = xcalloc(most, sizeof(*rows));
        for (int w = 0; w < s->census->workers; w++)
                for (size_t i = 0; i < s->census->worker[w].name_count; i++)
                        rows[n++] = s->census->worker[w].names[i];
        qsort(rows, n, sizeof(*rows), by_name);
        for (size_t i = 0; i < n; i++)
                if (kept == 0 || strcmp(rows[kept - 1].name, rows[i].name) != 0)
                        rows[kept++] = rows[i];
        *count = kept;
        return rows;
}

void fill_dns_hosts(struct table *t, const struct scene *s)
{
        size_t count;
        struct census_name *rows = name_rows(s, &count);

        for (size_t i = 0; i < count; i++) {
                table_text(t, rows[i].name);
                table_int(t, rows[i].left_us / US_PER_SEC);
                table_text(t, rows[i].addresses);
        }
        free(rows);
}

size_t count_dns_names(const struct scene *s)
{
        size_t count;

        free(name_rows(s, &count));
        return count;
}

size_t count_dns_lookups(const struct scene *s)
{
        size_t count = 0;

        for (int w = 0; w < s->census->workers; w++)
                count += (size_t)s->census->worker[w].lookups;
        return count;
}

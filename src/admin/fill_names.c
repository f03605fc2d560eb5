/* SHOW DNS_HOSTS and DNS_ZONES. Every worker asks for itself, and is in the census with its own answers. */
#include "admin/fill.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Of one name, the youngest answer first. */
static int by_name(const void *a, const void *b)
{
        const struct census_name *x = a, *y = b;
        int order = strcmp(x->name, y->name);

        return order != 0 ? order : (x->left_us < y->left_us) - (x->left_us > y->left_us);
}

static int by_zone(const void *a, const void *b)
{
        const struct census_name *x = a, *y = b;
        int order = strcasecmp(x->zone, y->zone);

        return order != 0 ? order : by_name(a, b);
}

/* Of all workers. The caller frees. */
static struct census_name *all_rows(const struct scene *s, int (*order)(const void *, const void *),
                                    size_t *count)
{
        struct census_name *rows;
        size_t most = 1, n = 0;

        for (int w = 0; w < s->census->workers; w++)
                most += s->census->worker[w].name_count;
        rows = xcalloc(most, sizeof(*rows));
        for (int w = 0; w < s->census->workers; w++)
                for (size_t i = 0; i < s->census->worker[w].name_count; i++)
                        rows[n++] = s->census->worker[w].names[i];
        qsort(rows, n, sizeof(*rows), order);
        *count = n;
        return rows;
}

/* One a name, of its youngest answer. The caller frees. */
static struct census_name *name_rows(const struct scene *s, size_t *count)
{
        size_t n, kept = 0;
        struct census_name *rows = all_rows(s, by_name, &n);

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

/* The rows of one zone, from `i` on. Returns where the next one begins. */
static size_t sum_zone(const struct census_name *rows, size_t count, size_t i, uint32_t *serial, int *names)
{
        size_t end = i;

        *serial = 0;
        *names = 0;
        for (; end < count && strcasecmp(rows[end].zone, rows[i].zone) == 0; end++) {
                *names += end == i || strcmp(rows[end].name, rows[end - 1].name) != 0;
                /* serials go round, and 0 is none */
                if (*serial == 0 || (rows[end].serial != 0 && (int32_t)(rows[end].serial - *serial) > 0))
                        *serial = rows[end].serial;
        }
        return end;
}

void fill_dns_zones(struct table *t, const struct scene *s)
{
        size_t count, next;
        struct census_name *rows = all_rows(s, by_zone, &count);

        for (size_t i = 0; i < count; i = next) {
                uint32_t serial;
                int names;

                next = sum_zone(rows, count, i, &serial, &names);
                if (rows[i].zone[0] == '\0')
                        continue;
                table_text(t, rows[i].zone);
                table_int(t, serial);
                table_int(t, names);
        }
        free(rows);
}

size_t count_dns_zones(const struct scene *s)
{
        size_t count, zones = 0;
        struct census_name *rows = all_rows(s, by_zone, &count);

        for (size_t i = 0; i < count; i++)
                zones +=
                    rows[i].zone[0] != '\0' && (i == 0 || strcasecmp(rows[i].zone, rows[i - 1].zone) != 0);
        free(rows);
        return zones;
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

#include "admin/fill.h"

#include "admin/latencies.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "router/route.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The eleven counters that SHOW STATS and its relatives show, in their order; `total` names them in SHOW
 * TOTALS. */
static const struct {
        const char *total;
        size_t offset;
} shown[] = {
    {"server_assignment_count", offsetof(struct counters, server_assignment_count)},
    {"xact_count", offsetof(struct counters, xact_count)},
    {"query_count", offsetof(struct counters, query_count)},
    {"client_bytes", offsetof(struct counters, received)},
    {"server_bytes", offsetof(struct counters, sent)},
    {"xact_time", offsetof(struct counters, xact_time)},
    {"query_time", offsetof(struct counters, query_time)},
    {"wait_time", offsetof(struct counters, wait_time)},
    {"ps_client_parse_count", offsetof(struct counters, client_parse_count)},
    {"ps_server_parse_count", offsetof(struct counters, server_parse_count)},
    {"ps_bind_count", offsetof(struct counters, bind_count)},
};

enum { SHOWN = sizeof(shown) / sizeof(shown[0]) };

static uint64_t value(const struct counters *n, int i)
{
        uint64_t v;

        memcpy(&v, (const char *)n + shown[i].offset, sizeof(v));
        return v;
}

static void eleven(struct table *t, const struct counters *n)
{
        for (int i = 0; i < SHOWN; i++)
                table_counter(t, value(n, i));
}

static void rows(struct table *t, const struct scene *s, bool totals, bool averages)
{
        struct totals now;

        totals_make(&now, s->census, s->own);
        for (size_t i = 0; i < now.count; i++) {
                table_text(t, now.list[i].database);
                if (totals)
                        eleven(t, &now.list[i].n);
                if (averages) {
                        struct counters avg =
                            averages_of(s->averages, now.list[i].database, &now.list[i].n, s->now_us);

                        eleven(t, &avg);
                }
        }
        totals_fini(&now);
}

void fill_stats(struct table *t, const struct scene *s)
{
        rows(t, s, true, true);
}

void fill_stats_totals(struct table *t, const struct scene *s)
{
        rows(t, s, true, false);
}

void fill_stats_averages(struct table *t, const struct scene *s)
{
        rows(t, s, false, true);
}

void fill_totals(struct table *t, const struct scene *s)
{
        struct totals now;
        struct counters sum, avg;

        totals_make(&now, s->census, s->own);
        sum = totals_sum(&now);
        avg = averages_of(s->averages, NULL, &sum, s->now_us);
        for (int i = 0; i < SHOWN; i++) {
                table_textf(t, "total_%s", shown[i].total);
                table_counter(t, value(&sum, i));
        }
        for (int i = 0; i < SHOWN; i++) {
                table_textf(t, "avg_%s", shown[i].total);
                table_counter(t, value(&avg, i));
        }
        totals_fini(&now);
}

void fill_routes(struct table *t, const struct scene *s)
{
        static const char *const targets[] = {[ROUTE_PRIMARY] = "primary", [ROUTE_STANDBY] = "standby"};
        struct totals now;

        totals_make(&now, s->census, s->own);
        for (size_t i = 0; i < now.count; i++) {
                for (int target = 0; target < 2; target++) {
                        for (int reason = 0; reason < REASON_COUNT; reason++) {
                                uint64_t count = now.list[i].n.routes[target][reason];

                                if (count == 0)
                                        continue;
                                table_text(t, now.list[i].database);
                                table_text(t, targets[target]);
                                table_text(t, reason_name((enum reason)reason));
                                table_counter(t, count);
                        }
                }
        }
        totals_fini(&now);
}

/* ---- SHOW LATENCY ---- */

/* PERCENTILE_COLUMNS. */
static void percentiles(struct table *t, const struct histogram *h)
{
        static const double shares[] = {0.5, 0.95, 0.99, 0.999};

        for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
                table_int(t, (int64_t)histogram_percentile(h, shares[i]));
        table_int(t, (int64_t)h->max);
}

static const char *const kinds[LATENCY_KINDS] = {
    [LATENCY_TRANSACTION] = "transaction", [LATENCY_QUERY] = "query", [LATENCY_WAIT] = "wait"};

/* `recent` has the same rows as `all`. */
static void latency_rows(struct table *t, const char *level, const struct latencies *all,
                         const struct latencies *recent)
{
        for (size_t i = 0; i < all->count; i++) {
                const struct latency_row *row = &all->list[i];

                for (int k = 0; k < LATENCY_KINDS; k++) {
                        table_text(t, level);
                        table_text(t, row->database[0] != '\0' ? row->database : NULL);
                        table_text(t, row->user[0] != '\0' ? row->user : NULL);
                        table_text(t, row->node[0] != '\0' ? row->node : NULL);
                        table_text(t, kinds[k]);
                        table_counter(t, histogram_count(&row->n.of[k]));
                        percentiles(t, &row->n.of[k]);
                        table_counter(t, histogram_count(&recent->list[i].n.of[k]));
                        percentiles(t, &recent->list[i].n.of[k]);
                }
        }
}

void fill_latency(struct table *t, const struct scene *s)
{
        static const struct {
                const char *name;
                unsigned key;
        } levels[] = {{"database", BY_DATABASE}, {"node", BY_NODE}};
        struct latencies now, recent;

        latencies_make(&now, s->census);
        latencies_since(&recent, &now, &s->latency->older);
        for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
                struct latencies all, lately;

                latencies_by(&all, &now, levels[i].key);
                latencies_by(&lately, &recent, levels[i].key);
                latency_rows(t, levels[i].name, &all, &lately);
                latencies_fini(&all);
                latencies_fini(&lately);
        }
        latency_rows(t, "pool", &now, &recent);
        latencies_fini(&now);
        latencies_fini(&recent);
}

/* ---- SHOW LATENCY_BUCKETS ---- */

/* 256 us to 17 s: powers of two, which the histograms' own buckets end at. */
enum { BUCKET_FIRST = 8, BUCKET_LAST = 24 };

static void bucket_row(struct table *t, const struct latency_row *row, int kind, const char *le,
                       uint64_t count)
{
        table_text(t, row->database);
        table_text(t, row->node);
        table_text(t, kinds[kind]);
        table_text(t, le);
        table_counter(t, count);
}

static void bucket_rows(struct table *t, const struct latency_row *row, int kind)
{
        const struct histogram *h = &row->n.of[kind];
        char le[32];

        for (unsigned power = BUCKET_FIRST; power <= BUCKET_LAST; power++) {
                snprintf(le, sizeof(le), "%g", (double)(UINT64_C(1) << power) / (double)US_PER_SEC);
                bucket_row(t, row, kind, le, histogram_count_below(h, power));
                table_null(t);
                table_null(t);
        }
        bucket_row(t, row, kind, "+Inf", histogram_count(h));
        table_counter(t, histogram_count(h));
        table_counter(t, h->sum);
}

void fill_latency_buckets(struct table *t, const struct scene *s)
{
        struct latencies pools, all;

        latencies_make(&pools, s->census);
        latencies_by(&all, &pools, BY_DATABASE | BY_NODE);
        for (size_t i = 0; i < all.count; i++)
                for (int kind = 0; kind < LATENCY_KINDS; kind++)
                        bucket_rows(t, &all.list[i], kind);
        latencies_fini(&all);
        latencies_fini(&pools);
}

/* ---- SHOW QUERIES ---- */

static int by_key(const void *a, const void *b)
{
        const struct census_query *x = *(const struct census_query *const *)a;
        const struct census_query *y = *(const struct census_query *const *)b;

        return x->key < y->key ? -1 : x->key > y->key;
}

/* What the workers know of one query: `count` of them, side by side. */
static void query_row(struct table *t, const struct census_query *const *list, size_t count)
{
        struct census_query sum = *list[0];
        struct histogram time = {0};

        histogram_fold(&time, &list[0]->time);
        for (size_t i = 1; i < count; i++) {
                sum.calls += list[i]->calls;
                sum.errors += list[i]->errors;
                sum.rows += list[i]->rows;
                sum.on_primary += list[i]->on_primary;
                sum.on_standby += list[i]->on_standby;
                histogram_fold(&time, &list[i]->time);
        }
        table_text(t, sum.database);
        table_text(t, sum.user);
        table_text(t, sum.text);
        table_counter(t, sum.calls);
        table_counter(t, sum.errors);
        table_counter(t, sum.rows);
        table_counter(t, sum.on_primary);
        table_counter(t, sum.on_standby);
        table_counter(t, time.sum);
        percentiles(t, &time);
        table_textf(t, "%016" PRIx64, sum.fingerprint);
}

void fill_queries(struct table *t, const struct scene *s)
{
        const struct census *census = s->census;
        const struct census_query **list;
        size_t count = 0, same;

        for (int w = 0; w < census->workers; w++)
                count += census->worker[w].query_count;
        list = xcalloc(count + 1, sizeof(struct census_query *));
        count = 0;
        for (int w = 0; w < census->workers; w++)
                for (size_t i = 0; i < census->worker[w].query_count; i++)
                        list[count++] = &census->worker[w].queries[i];
        qsort(list, count, sizeof(struct census_query *), by_key);
        for (size_t i = 0; i < count; i += same) {
                for (same = 1; i + same < count && list[i + same]->key == list[i]->key;)
                        same++;
                query_row(t, list + i, same);
        }
        free(list);
}

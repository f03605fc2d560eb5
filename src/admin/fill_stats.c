#include "admin/fill.h"

#include "router/route.h"

#include <stdio.h>
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

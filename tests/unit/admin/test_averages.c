#include "admin/averages.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* A census of two workers; the databases of both. */
struct two {
        struct census *census;
        struct census_stats stats[2][2];
};

static void two_init(struct two *two)
{
        memset(two, 0, sizeof(*two));
        two->census = xcalloc(1, sizeof(*two->census) + 2 * sizeof(two->census->worker[0]));
        two->census->workers = 2;
        for (int w = 0; w < 2; w++) {
                two->census->worker[w].stats = two->stats[w];
                two->census->worker[w].stats_count = 2;
                two->stats[w][0].database = w == 0 ? "zoo" : "app";
                two->stats[w][1].database = w == 0 ? "app" : "only";
        }
}

static void adds_up_workers(void)
{
        struct two two;
        struct totals t;
        struct counters own = {.query_count = 3}, sum;

        two_init(&two);
        two.stats[0][1].n.query_count = 10;
        two.stats[1][0].n.query_count = 5;
        two.stats[1][0].n.routes[1][0] = 2;
        two.stats[0][1].n.routes[1][0] = 2;
        two.stats[0][0].n.lost = 7;
        totals_make(&t, two.census, &own);
        UNIT_ASSERT(t.count == 4);
        UNIT_ASSERT(strcmp(t.list[0].database, "app") == 0 && strcmp(t.list[3].database, "zoo") == 0);
        UNIT_ASSERT(totals_find(&t, "app")->query_count == 15);
        UNIT_ASSERT(totals_find(&t, "app")->routes[1][0] == 4);
        UNIT_ASSERT(totals_find(&t, "zoo")->lost == 7);
        UNIT_ASSERT(totals_find(&t, "pgbouncer")->query_count == 3);
        UNIT_ASSERT(totals_find(&t, "nobody") == NULL);
        sum = totals_sum(&t);
        UNIT_ASSERT(sum.query_count == 18);
        totals_fini(&t);
        free(two.census);
}

static void sample(struct averages *a, struct two *two, int64_t now_us)
{
        struct totals t;
        struct counters own = {0};

        totals_make(&t, two->census, &own);
        averages_shift(a, &t, now_us);
}

/* An average reaches back to the snapshot before the newest. */
static void averages_over_one_to_two_periods(void)
{
        struct two two;
        struct averages a;
        struct counters *app, now, avg;

        two_init(&two);
        app = &two.stats[0][1].n;
        averages_init(&a, 0);
        app->query_count = 1000;
        sample(&a, &two, 10 * US_PER_SEC);
        app->query_count = 2000;
        app->query_time = 500;
        sample(&a, &two, 20 * US_PER_SEC);
        now = *app;
        now.query_count = 2500;
        now.query_time = 2000;
        now.wait_time = 900;
        now.server_assignment_count = 30;
        now.sent = 3000000;

        avg = averages_of(&a, "app", &now, 25 * US_PER_SEC);
        UNIT_ASSERT(avg.query_count == 100);        /* 1500 in 15 s */
        UNIT_ASSERT(avg.query_time == 2000 / 1500); /* a query */
        UNIT_ASSERT(avg.wait_time == 30);           /* an assignment */
        UNIT_ASSERT(avg.server_assignment_count == 2);
        UNIT_ASSERT(avg.sent == 200000);
        UNIT_ASSERT(avg.xact_time == 0); /* no transaction: no division */

        unit_row("a database that came after the snapshot");
        avg = averages_of(&a, "new", &now, 25 * US_PER_SEC);
        UNIT_ASSERT(avg.query_count == 2500 / 15);
        unit_row("no time has passed");
        avg = averages_of(&a, "app", &now, 10 * US_PER_SEC);
        UNIT_ASSERT(avg.query_count == 0);
        averages_fini(&a);
        free(two.census);
}

static void large_numbers_do_not_overflow(void)
{
        struct averages a;
        struct counters now = {.sent = UINT64_C(1) << 60}, avg;

        averages_init(&a, 0);
        avg = averages_of(&a, "app", &now, 1023 * US_PER_SEC);
        UNIT_ASSERT(avg.sent == UINT64_C(1) << 50);
        averages_fini(&a);
}

static void writes_pgbouncers_line(void)
{
        struct counters avg = {.xact_count = 1,
                               .query_count = 2,
                               .client_parse_count = 3,
                               .server_parse_count = 4,
                               .bind_count = 5,
                               .received = 6,
                               .sent = 7,
                               .xact_time = 8,
                               .query_time = 9,
                               .wait_time = 10};
        char line[512];

        averages_line(&avg, line, sizeof(line));
        UNIT_ASSERT(
            strcmp(line, "1 xacts/s, 2 queries/s, 3 client parses/s, 4 server parses/s, 5 binds/s, in 6 B/s, "
                         "out 7 B/s, xact 8 us, query 9 us, wait 10 us") == 0);
}

UNIT_SUITE(admin_averages, UNIT_CASE(adds_up_workers), UNIT_CASE(averages_over_one_to_two_periods),
           UNIT_CASE(large_numbers_do_not_overflow), UNIT_CASE(writes_pgbouncers_line))

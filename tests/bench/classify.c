/* What classify() costs: nanoseconds of thread CPU time a text, the least of several rounds, for texts of
 * three sizes and for hostile ones, where only the time a byte matters (it must not grow with the length).
 *
 * What stands in front of "hostile" is what clients send. Where a scanner is compared by "26 KB", a list of
 * strings is meant: on one machine PostgreSQL's own raw parser (libpg_query's pg_query_split_with_parser)
 * takes 1.15 us for the point select, 6.5 us for the ORM's, 140 us for the list of UUIDs, 231 us for that of
 * short strings, 297 us for that of numbers, and 487 us for the report, all of which is dense SQL.
 *
 *     build/bench/classify [NAME]
 * With the name of one of the texts it classifies that one COUNTED times and prints nothing, for who counts
 * instructions: valgrind --tool=callgrind --toggle-collect=classify build/bench/classify report */
#include "router/classify.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 9, COUNTED = 100 };

static double cpu_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static const char *only; /* the one text to classify COUNTED times, for who counts instructions */

static void measure(const char *name, struct sv text)
{
        unsigned long repeats = 20000000 / (text.n + 200) + 1;
        double least = 1e18;
        struct facts facts = {0};
        static const char *const classes[] = {"none", "read", "write"};

        if (only != NULL) {
                for (int i = 0; i < COUNTED && strcmp(only, name) == 0; i++)
                        classify(text, NULL, 0, &facts);
                return;
        }
        for (int round = 0; round < ROUNDS; round++) {
                double begin = cpu_ns(), took;

                for (unsigned long i = 0; i < repeats; i++)
                        classify(text, NULL, 0, &facts);
                took = (cpu_ns() - begin) / (double)repeats;
                least = took < least ? took : least;
        }
        printf("%-28s %9zu bytes %12.0f ns %8.3f ns/byte  %s\n", name, text.n, least, least / (double)text.n,
               classes[facts.class]);
}

/* `head`, then `unit` until there are at least `size` bytes, then `tail`. */
static void repeated(const char *name, const char *head, const char *unit, const char *tail, size_t size)
{
        size_t room = size + strlen(head) + strlen(unit) + strlen(tail) + 1;
        char *text = malloc(room), *p = text;

        if (text == NULL)
                abort();
        p = stpcpy(p, head);
        while ((size_t)(p - text) < size)
                p = stpcpy(p, unit);
        p = stpcpy(p, tail);
        measure(name, sv_from(text, (size_t)(p - text)));
        free(text);
}

static const char *const point_select = "SELECT abalance FROM pgbench_accounts WHERE aid = $1";

static const char *const orm_select =
    "SELECT \"orders\".\"id\", \"orders\".\"customer_id\", \"orders\".\"status\", "
    "\"orders\".\"total_cents\", "
    "\"customers\".\"name\", count(\"items\".\"id\") AS item_count FROM \"orders\" INNER JOIN \"customers\" "
    "ON \"customers\".\"id\" = \"orders\".\"customer_id\" LEFT OUTER JOIN \"items\" ON "
    "\"items\".\"order_id\" = \"orders\".\"id\" WHERE \"orders\".\"status\" IN ('paid', 'sent') AND "
    "\"orders\".\"created_at\" > $1 GROUP BY 1, 5 ORDER BY 2 LIMIT 50";

static const char *const report_part =
    "SELECT c.region, date_trunc('month', o.created_at) AS month, sum(o.total_cents) FILTER (WHERE o.status "
    "= "
    "'paid') AS paid, /* refunds come later */ count(DISTINCT o.customer_id) AS customers FROM orders o JOIN "
    "customers c ON c.id = o.customer_id WHERE o.created_at >= now() - interval '1 year' AND c.region = ANY "
    "($1) GROUP BY c.region, month HAVING sum(o.total_cents) > 1000 UNION ALL\n";

int main(int argc, char **argv)
{
        only = argc > 1 ? argv[1] : NULL;
        measure("point select", sv_cstr(point_select));
        measure("ORM select", sv_cstr(orm_select));
        repeated("report", "", report_part, "SELECT 1, now(), 2, 3", 26000);
        repeated("IN list of numbers", "SELECT * FROM t WHERE id IN (0", ", 1234567", ")", 26000);
        repeated("IN list of parameters", "SELECT * FROM t WHERE id IN ($1", ", $1234", ")", 26000);
        repeated("IN list of strings", "SELECT * FROM t WHERE id IN (''", ", 'a1b2c3d4e5f6'", ")", 26000);
        repeated("IN list of UUIDs", "SELECT * FROM t WHERE id IN (''",
                 ", '0f8fad5b-d9cb-469f-a165-70867728950e'", ")", 26000);
        repeated("INSERT of rows", "INSERT INTO t VALUES (0)", ", (1234, 'some text', NULL, now())", "",
                 26000);
        puts("hostile");
        for (size_t size = 20000; size <= 2000000; size *= 10) {
                repeated("nested comments", "", "/*", "", size);
                repeated("1+1+1", "SELECT 1", "+1", "", size);
                repeated("signs", "SELECT 1", "+", "1", size);
                repeated("parentheses", "SELECT ", "(", "1", size);
                repeated("dollars", "SELECT $a$", "$a", "", size);
                repeated("E strings", "SELECT E''", "\n''", "", size);
                repeated("quotes", "SELECT '", "''", "'", size);
        }
        return 0;
}

#include "unit.h"

#include "http/metrics.h"

#include <stdlib.h>
#include <string.h>

/* Every table that metrics.def names, empty: metrics_put would find a column that is not there. */
static struct reading *make(void)
{
        struct reading *r = reading_new(NULL);

        metrics_want(r);
        for (int i = 0; i < r->count; i++)
                table_init(&r->tables[i], r->shows[i]->columns, r->shows[i]->column_count);
        return r;
}

static struct table *table_of(struct reading *r, const char *name)
{
        return &r->tables[reading_table(r, name) - r->tables];
}

static char *written(const struct reading *r)
{
        struct answer a = {0};
        struct writer w = answer_writer(&a);
        char *text;

        metrics_put(&w, r);
        put_byte(&w, 0);
        text = strdup((const char *)buf_data(&a.body));
        answer_fini(&a);
        return text;
}

static int count(const char *text, const char *part)
{
        int n = 0;

        for (const char *p = text; (p = strstr(p, part)) != NULL; p += strlen(part))
                n++;
        return n;
}

static void every_family_is_described_once(void)
{
        struct reading *r = make();
        char *text = written(r), *line, *rest = text;

        UNIT_ASSERT(count(text, "# TYPE ") > 80);
        UNIT_ASSERT(count(text, "# TYPE ") == count(text, "# HELP "));
        while ((line = strsep(&rest, "\n")) != NULL) {
                char head[128];

                if (strncmp(line, "# TYPE ", 7) != 0)
                        continue;
                unit_row("%s", line);
                snprintf(head, sizeof(head), "%.*s ", (int)strcspn(line + 7, " "), line + 7);
                UNIT_ASSERT((strstr(head, "_total ") != NULL) == (strstr(line, " counter") != NULL));
                UNIT_ASSERT(rest == NULL || *rest == '\0' || *rest == '#'); /* there are no rows */
        }
        free(text);
        reading_free(r);
}

static void add_topology(struct table *t, const char *cluster, const char *primary)
{
        table_text(t, cluster);
        table_counter(t, UINT64_MAX); /* epoch */
        table_int(t, 1);
        table_text(t, primary);
        table_int(t, 2);
        table_int(t, 1);
        table_text(t, "");
        while (t->used % (size_t)t->column_count != 0)
                table_counter(t, 7);
}

static void add_list(struct table *t, const char *name, int64_t items)
{
        table_text(t, name);
        table_int(t, items);
}

static void add_pool(struct table *t)
{
        table_text(t, "app");
        table_text(t, "bob");
        for (int i = 0; i < 11; i++)
                table_int(t, i);
        table_int(t, 3);
        table_int(t, 250000);
        table_text(t, "transaction");
        table_null(t);
}

static void add_lag(struct table *t, const char *node, int64_t lag_ms)
{
        while (t->used % (size_t)t->column_count < (size_t)table_column(t, "lag_ms"))
                if (t->used % (size_t)t->column_count == (size_t)table_column(t, "node"))
                        table_text(t, node);
                else
                        table_null(t);
        if (lag_ms < 0)
                table_null(t);
        else
                table_int(t, lag_ms);
        while (t->used % (size_t)t->column_count != 0)
                table_null(t);
}

static const struct {
        const char *what, *line;
        bool there;
} samples[] = {
    {"labels are escaped", "\npgsteer_cluster_has_primary{cluster=\"a\\\"b\\\\c\\nd\"} 1\n", true},
    {"null is known not to be", "\npgsteer_cluster_has_primary{cluster=\"none\"} 0\n", true},
    {"counters are exact", "\npgsteer_cluster_epoch{cluster=\"none\"} 18446744073709551615\n", true},
    {"a row of a list", "\npgbouncer_databases 5\n", true},
    {"other rows of the list", "\npgbouncer_databases 6\n", false},
    {"seconds of two columns",
     "\npgbouncer_pools_client_maxwait_seconds{database=\"app\",user=\"bob\"} 3.25\n", true},
    {"a label that stands",
     "\npgbouncer_client_connections{database=\"app\",user=\"bob\",state=\"waiting\"} 1\n", true},
    {"scaled", "\npgsteer_node_lag_seconds{cluster=\"\",node=\"n1\"} 1.5\n", true},
    {"no sample of a null", "\npgsteer_node_lag_seconds{cluster=\"\",node=\"n2\"}", false},
    {"nor of a text that is not the one", "\npgsteer_node_up{cluster=\"\",node=\"n1\"} 0\n", true},
};

static void writes_samples(void)
{
        struct reading *r = make();
        char *text;

        add_topology(table_of(r, "topology"), "a\"b\\c\nd", "n1");
        add_topology(table_of(r, "topology"), "none", NULL);
        add_list(table_of(r, "lists"), "databases", 5);
        add_list(table_of(r, "lists"), "nothing of ours", 6);
        add_pool(table_of(r, "pools"));
        add_lag(table_of(r, "nodes"), "n1", 1500);
        add_lag(table_of(r, "nodes"), "n2", -1);
        text = written(r);
        for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
                unit_row("%s", samples[i].what);
                UNIT_ASSERT((strstr(text, samples[i].line) != NULL) == samples[i].there);
        }
        free(text);
        reading_free(r);
}

UNIT_SUITE(http_metrics, UNIT_CASE(every_family_is_described_once), UNIT_CASE(writes_samples))

#include "http/past.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tables of nodes and pools of one moment. */
static struct reading *moment(void)
{
        struct reading *r = reading_new(NULL);

        past_want(r);
        for (int i = 0; i < r->count; i++)
                table_init(&r->tables[i], r->shows[i]->columns, r->shows[i]->column_count);
        return r;
}

static void add_pool(struct reading *r, int waiting)
{
        struct table *t = &r->tables[reading_table(r, "pools") - r->tables];

        for (int i = 0; i < t->column_count; i++)
                if (t->columns[i].type == CELL_TEXT)
                        table_text(t, "x");
                else
                        table_int(t, strcmp(t->columns[i].name, "cl_waiting") == 0 ? waiting : 0);
}

struct seen {
        const char *node, *role, *state;
        int lag_ms; /* -1: null */
        unsigned reads, writes;
};

static void add_node(struct reading *r, const struct seen *n)
{
        struct table *t = &r->tables[reading_table(r, "nodes") - r->tables];

        for (int i = 0; i < t->column_count; i++) {
                const char *name = t->columns[i].name;

                if (t->columns[i].type == CELL_TEXT)
                        table_text(t, strcmp(name, "cluster") == 0 ? "app"
                                      : strcmp(name, "node") == 0  ? n->node
                                      : strcmp(name, "role") == 0  ? n->role
                                      : strcmp(name, "state") == 0 ? n->state
                                                                   : "so");
                else if (t->columns[i].type == CELL_NUMERIC)
                        table_counter(t, strcmp(name, "reads") == 0 ? n->reads : n->writes);
                else if (strcmp(name, "lag_ms") == 0 && n->lag_ms >= 0)
                        table_int(t, n->lag_ms);
                else
                        table_null(t);
        }
}

static void take(struct past *past, int64_t at_ms, int waiting, const struct seen *nodes, size_t count)
{
        struct reading *r = moment();

        add_pool(r, waiting);
        add_pool(r, 1);
        for (size_t i = 0; i < count; i++)
                add_node(r, &nodes[i]);
        past_take(past, r, at_ms);
        reading_free(r);
}

static char *told(const struct past *past)
{
        struct answer a = {0};
        struct writer w = answer_writer(&a);
        char *text;

        past_put(&w, past);
        put_byte(&w, 0);
        text = strdup((const char *)buf_data(&a.body));
        answer_fini(&a);
        return text;
}

static bool tells(const struct past *past, const char *part)
{
        char *text = told(past);
        bool found = strstr(text, part) != NULL;

        if (!found)
                unit_row("no %s in %s", part, text);
        free(text);
        return found;
}

static void tells_rates_lags_and_changes(void)
{
        static const struct seen first[] = {{"n1", "primary", "up", -1, 100, 10},
                                            {"n2", "standby", "up", 5, 1000, 0}};
        static const struct seen second[] = {{"n1", "primary", "down", -1, 100, 10},
                                             {"n2", "primary", "up", -1, 1003, 0},
                                             {"n3", "standby", "up", 70000, 7, 7}};
        struct past *past = past_new();

        UNIT_ASSERT(tells(past, "\"times\":[],"));
        take(past, 5000, 3, first, 2);
        take(past, 7000, 0, second, 3);
        take(past, 8000, 0, second + 1, 1);
        UNIT_ASSERT(tells(past, "\"times\":[5000,7000,8000]"));
        UNIT_ASSERT(tells(past, "\"waiting\":[4,1,1]"));
        UNIT_ASSERT(tells(past, "\"node\":\"n1\",\n\"reads\":[null,0,null]"));
        UNIT_ASSERT(tells(
            past,
            "\"node\":\"n2\",\n\"reads\":[null,1.5,0],\n\"writes\":[null,0,0],\n\"lag_ms\":[5,null,null]"));
        UNIT_ASSERT(tells(past, "\"node\":\"n3\",\n\"reads\":[null,null,null],\n\"writes\":[null,null,null],"
                                "\n\"lag_ms\":[null,70000,null]"));
        UNIT_ASSERT(tells(past, "{\"at_ms\":7000,\"cluster\":\"app\",\"node\":\"n1\",\"was\":\"primary, "
                                "up\",\"is\":\"primary, down\",\"why\":\"so\"},\n"
                                "{\"at_ms\":7000,\"cluster\":\"app\",\"node\":\"n2\",\"was\":\"standby, "
                                "up\",\"is\":\"primary, up\""));
        past_free(past);
}

static void is_of_fixed_size(void)
{
        struct past *past = past_new();
        char name[16];
        char *text;

        for (int i = 0; i < PAST_MOMENTS + 10; i++) {
                const struct seen nodes[] = {{"n1", i % 2 ? "primary" : "standby", "up", -1, (unsigned)i, 0},
                                             {name, "standby", "up", 1, 0, 0}};

                snprintf(name, sizeof(name), "new%d", i); /* a place would be needed for each */
                take(past, 1000 * (i + 1), 0, nodes, 2);
        }
        text = told(past);
        UNIT_ASSERT(strstr(text, "\"times\":[11000,12000,") != NULL);
        UNIT_ASSERT(strstr(text, "\"node\":\"new909\"") != NULL &&
                    strstr(text, "\"node\":\"new800\"") == NULL);
        UNIT_ASSERT(strstr(text, "\"node\":\"n1\",\n\"reads\":[1,1,1,") != NULL); /* it was never forgotten */
        UNIT_ASSERT(strstr(text, "{\"at_ms\":861000,") != NULL && strstr(text, "{\"at_ms\":860000,") == NULL);
        free(text);
        past_free(past);
}

static void a_clock_that_goes_back_begins_anew(void)
{
        static const struct seen node = {"n1", "primary", "up", -1, 1, 1};
        struct past *past = past_new();

        take(past, 9000000, 0, &node, 1);
        take(past, 9001000, 0, &node, 1);
        take(past, 1000, 0, &node, 1);
        UNIT_ASSERT(tells(past, "\"times\":[1000]"));
        UNIT_ASSERT(tells(past, "\"node\":\"n1\",\n\"reads\":[null]"));
        take(past, 2000, 0, &node, 1);
        UNIT_ASSERT(tells(past, "\"times\":[1000,2000]") && tells(past, "\"changes\":[]"));
        past_free(past);
}

UNIT_SUITE(http_past, UNIT_CASE(tells_rates_lags_and_changes), UNIT_CASE(is_of_fixed_size),
           UNIT_CASE(a_clock_that_goes_back_begins_anew))

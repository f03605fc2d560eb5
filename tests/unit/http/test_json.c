#include "unit.h"

#include "http/answer.h"
#include "http/json.h"

#include <stdlib.h>

static const struct column columns[] = {
    {"name", CELL_TEXT}, {"on", CELL_BOOL}, {"n", CELL_INT4}, {"count", CELL_NUMERIC}, {"ratio", CELL_FLOAT}};

static void fill(struct table *t)
{
        table_init(t, columns, 5);
        for (int i = 0; i < 3; i++) {
                if (i == 2)
                        table_null(t);
                else
                        table_text(t, i == 0 ? "a\"b\\c\n\x01</script>" : "plain \xc3\xbc");
                table_int(t, i == 0);
                table_int(t, -i);
                table_counter(t, UINT64_MAX);
                table_real(t, 0.5);
        }
}

static char *written(const struct table *t, const struct json_choice *choice)
{
        struct answer a = {0};
        struct writer w = answer_writer(&a);
        char *text;

        put_json_table(&w, t, choice);
        put_byte(&w, 0);
        text = strdup((const char *)buf_data(&a.body));
        answer_fini(&a);
        return text;
}

#define FIRST                                                                                                \
        "{\"name\":\"a\\\"b\\\\c\\n\\u0001</script>\",\"on\":true,\"n\":0,\"count\":18446744073709551615,"   \
        "\"ratio\":0.5}"
#define SECOND                                                                                               \
        "{\"name\":\"plain \xc3\xbc\",\"on\":false,\"n\":-1,\"count\":18446744073709551615,\"ratio\":0.5}"
#define THIRD "{\"name\":null,\"on\":false,\"n\":-2,\"count\":18446744073709551615,\"ratio\":0.5}"

static const struct {
        const char *what, *name, *value;
        size_t limit;
        const char *expected;
} rows[] = {
    {"all", NULL, NULL, 10, "{\"rows\":[\n" FIRST ",\n" SECOND ",\n" THIRD "],\"total\":3}"},
    {"a limit", NULL, NULL, 1, "{\"rows\":[\n" FIRST "],\"total\":3}"},
    {"none of them", NULL, NULL, 0, "{\"rows\":[],\"total\":3}"},
    {"by a number", "n", "-1", 10, "{\"rows\":[\n" SECOND "],\"total\":1}"},
    {"by a truth", "on", "t", 10, "{\"rows\":[\n" FIRST "],\"total\":1}"},
    {"by what nobody has", "name", "x", 10, "{\"rows\":[],\"total\":0}"},
    {"null is nothing", "name", "", 10, "{\"rows\":[],\"total\":0}"},
    {"limit is no column", "limit", "10", 10,
     "{\"rows\":[\n" FIRST ",\n" SECOND ",\n" THIRD "],\"total\":3}"},
};

static void writes_tables(void)
{
        struct table t;

        fill(&t);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct parameter_pair pair = {rows[i].name, rows[i].value};
                struct question q = {.list = &pair, .count = rows[i].name != NULL};
                char *text = written(&t, &(struct json_choice){.where = &q, .limit = rows[i].limit});

                unit_row("%s: %s", rows[i].what, text);
                UNIT_ASSERT(strcmp(text, rows[i].expected) == 0);
                free(text);
        }
        table_fini(&t);
}

static void says_what_is_wrong(void)
{
        struct answer a = {.status = 200, .type = "x"};
        struct writer w = answer_writer(&a);

        put_text(&w, "half an answer");
        answer_error(&a, 404, "no \"%s\"", "x");
        w = answer_writer(&a);
        put_byte(&w, 0);
        UNIT_ASSERT(a.status == 404 && strcmp(a.type, TYPE_JSON) == 0);
        UNIT_ASSERT(strcmp((const char *)buf_data(&a.body), "{\"error\":\"no \\\"x\\\"\"}\n") == 0);
        answer_fini(&a);
}

UNIT_SUITE(http_json, UNIT_CASE(writes_tables), UNIT_CASE(says_what_is_wrong))

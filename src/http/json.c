#include "http/json.h"

#include "base/check.h"
#include "base/memory.h"
#include "http/answer.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static void *need(size_t size)
{
        return xmalloc(size);
}

void json_prepare(void)
{
        cJSON_Hooks hooks = {.malloc_fn = need, .free_fn = free};

        cJSON_InitHooks(&hooks);
}

static void put_item(struct writer *w, cJSON *item)
{
        char *text = cJSON_PrintUnformatted(item);

        CHECK(text != NULL);
        put_text(w, text);
        cJSON_free(text);
        cJSON_Delete(item);
}

void put_json_text(struct writer *w, const char *text)
{
        put_item(w, cJSON_CreateString(text));
}

/* Numbers are written as they are: a counter may be more than a double can tell exactly. */
static void add_cell(cJSON *row, const struct column *column, const struct cell *cell)
{
        char room[CELL_ROOM];
        const char *text = cell_text(cell, column->type, room);
        cJSON *added = NULL;

        if (text == NULL)
                added = cJSON_AddNullToObject(row, column->name);
        else if (column->type == CELL_BOOL)
                added = cJSON_AddBoolToObject(row, column->name, cell->number != 0);
        else if (column->type == CELL_TEXT || column->type == CELL_BYTEA)
                added = cJSON_AddStringToObject(row, column->name, text);
        else
                added = cJSON_AddRawToObject(row, column->name, text);
        CHECK(added != NULL);
}

static bool is_chosen(const struct table *t, size_t row, const struct question *where)
{
        for (int i = 0; where != NULL && i < where->count; i++) {
                int column = table_column(t, where->list[i].name);
                char room[CELL_ROOM];
                const char *text;

                if (column < 0)
                        continue;
                text = cell_text(table_cell(t, row, column), t->columns[column].type, room);
                if (text == NULL || strcmp(text, where->list[i].value) != 0)
                        return false;
        }
        return true;
}

void put_json_table(struct writer *w, const struct table *t, const struct json_choice *choice)
{
        size_t total = 0;

        put_text(w, "{\"rows\":[");
        for (size_t row = 0; row < table_rows(t); row++) {
                cJSON *object;

                if (!is_chosen(t, row, choice->where) || total++ >= choice->limit)
                        continue;
                object = cJSON_CreateObject();
                for (int i = 0; i < t->column_count; i++)
                        add_cell(object, &t->columns[i], table_cell(t, row, i));
                put_text(w, total > 1 ? ",\n" : "\n");
                put_item(w, object);
        }
        put_format(w, "],\"total\":%zu}", total);
}

/* json: tables of the console as JSON. Texts are UTF-8 (admin/table.h sees to that). Pure. */
#pragma once

#include "admin/table.h"
#include "http/question.h"

/* Once, before the others: cJSON's memory is what the program itself needs (base/memory.h). */
void json_prepare(void);

/* A string with its quotes. */
void put_json_text(struct writer *w, const char *text);

/* Which rows: those whose columns have the values asked for, the first `limit` of them. */
struct json_choice {
        const struct question *where; /* its parameters but "limit" name columns; NULL: all rows */
        size_t limit;
};

/* {"total":N,"rows":[{column:value,...},...]}; total: how many there are, shown or not. */
void put_json_table(struct writer *w, const struct table *t, const struct json_choice *choice);

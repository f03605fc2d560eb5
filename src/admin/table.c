#include "admin/table.h"

#include "base/check.h"
#include "base/memory.h"
#include "wire/proto.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* pg_type.dat: the object identifier and the length of each type. */
static const struct {
        uint32_t oid;
        int16_t size;
} types[] = {
    [CELL_TEXT] = {25, -1},      [CELL_BOOL] = {16, 1},   [CELL_INT4] = {23, 4},   [CELL_INT8] = {20, 8},
    [CELL_NUMERIC] = {1700, -1}, [CELL_FLOAT] = {701, 8}, [CELL_BYTEA] = {17, -1},
};

void table_init(struct table *t, const struct column *columns, int count)
{
        CHECK(count > 0 && count <= TABLE_COLUMNS_MAX);
        *t = (struct table){.columns = columns, .column_count = count};
}

void table_fini(struct table *t)
{
        arena_release(&t->arena);
        free(t->cells);
        t->cells = NULL;
        t->used = t->cap = 0;
}

static enum cell_type next_type(const struct table *t)
{
        return t->columns[t->used % (size_t)t->column_count].type;
}

static struct cell *next_cell(struct table *t)
{
        if (t->used == t->cap) {
                t->cap = t->cap == 0 ? 64 : t->cap * 2;
                t->cells = xrealloc(t->cells, t->cap * sizeof(*t->cells));
        }
        t->cells[t->used] = (struct cell){0};
        return &t->cells[t->used++];
}

void table_text(struct table *t, const char *text)
{
        char *copy;

        CHECK(next_type(t) == CELL_TEXT);
        if (text == NULL) {
                table_null(t);
                return;
        }
        copy = arena_strdup(&t->arena, text);
        utf8_clean(copy);
        next_cell(t)->text = copy;
}

void table_textf(struct table *t, const char *format, ...)
{
        char text[1024];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        table_text(t, text);
}

void table_int(struct table *t, int64_t number)
{
        enum cell_type type = next_type(t);

        CHECK(type == CELL_BOOL || type == CELL_INT4 || type == CELL_INT8);
        if (type == CELL_INT4 && number > INT32_MAX)
                number = INT32_MAX;
        if (type == CELL_INT4 && number < INT32_MIN)
                number = INT32_MIN;
        next_cell(t)->number = number;
}

void table_counter(struct table *t, uint64_t counter)
{
        CHECK(next_type(t) == CELL_NUMERIC);
        next_cell(t)->counter = counter;
}

void table_real(struct table *t, double real)
{
        CHECK(next_type(t) == CELL_FLOAT);
        next_cell(t)->real = real;
}

void table_null(struct table *t)
{
        next_cell(t)->null = true;
}

size_t table_rows(const struct table *t)
{
        return t->used / (size_t)t->column_count;
}

const struct cell *table_cell(const struct table *t, size_t row, int column)
{
        CHECK(row < table_rows(t) && column >= 0 && column < t->column_count);
        return &t->cells[row * (size_t)t->column_count + (size_t)column];
}

int table_column(const struct table *t, const char *name)
{
        for (int i = 0; i < t->column_count; i++)
                if (strcmp(t->columns[i].name, name) == 0)
                        return i;
        return -1;
}

void write_row_description(struct writer *w, const struct column *columns, int count, uint64_t binary)
{
        msg_begin(w, BE_ROW_DESCRIPTION);
        put_i16(w, (uint16_t)count);
        for (int i = 0; i < count; i++) {
                put_cstr(w, columns[i].name);
                put_i32(w, 0); /* of no relation */
                put_i16(w, 0);
                put_i32(w, types[columns[i].type].oid);
                put_i16(w, (uint16_t)types[columns[i].type].size);
                put_i32(w, UINT32_MAX); /* no type modifier */
                put_i16(w, (uint16_t)(binary >> i & 1));
        }
        msg_end(w);
}

static void put_counted(struct writer *w, const void *bytes, size_t n)
{
        put_i32(w, (uint32_t)n);
        put_raw(w, bytes, n);
}

/* The fewest digits that give the same number back, as PostgreSQL writes it. */
static void shortest_real(char *text, size_t size, double real)
{
        for (int digits = 15; digits <= 17; digits++) {
                snprintf(text, size, "%.*g", digits, real);
                if (strtod(text, NULL) == real)
                        return;
        }
}

const char *cell_text(const struct cell *cell, enum cell_type type, char room[CELL_ROOM])
{
        if (cell->null)
                return NULL;
        switch (type) {
        case CELL_BYTEA: /* never anything but null */
        case CELL_TEXT: return cell->text;
        case CELL_BOOL: return cell->number != 0 ? "t" : "f";
        case CELL_INT4:
        case CELL_INT8: snprintf(room, CELL_ROOM, "%" PRId64, cell->number); break;
        case CELL_NUMERIC: snprintf(room, CELL_ROOM, "%" PRIu64, cell->counter); break;
        case CELL_FLOAT: shortest_real(room, CELL_ROOM, cell->real); break;
        }
        return room;
}

static void put_cell_text(struct writer *w, const struct cell *cell, enum cell_type type)
{
        char room[CELL_ROOM];
        const char *text = cell_text(cell, type, room);

        put_counted(w, text, strlen(text));
}

/* numeric_send: digits of base 10000 and the weight of the first; zeros at the end are left out. */
static void put_numeric(struct writer *w, uint64_t v)
{
        uint16_t digits[5]; /* least first; 2^64 has 20 decimal digits */
        unsigned count = 0, first = 0;

        for (; v != 0; v /= 10000)
                digits[count++] = (uint16_t)(v % 10000);
        while (first < count && digits[first] == 0)
                first++;
        put_i32(w, 8 + 2 * (count - first));
        put_i16(w, (uint16_t)(count - first));
        put_i16(w, (uint16_t)(count == 0 ? 0 : count - 1)); /* weight */
        put_i16(w, 0);                                      /* positive */
        put_i16(w, 0);                                      /* decimal digits behind the point */
        for (unsigned i = count; i > first; i--)
                put_i16(w, digits[i - 1]);
}

static void put_cell_binary(struct writer *w, const struct cell *cell, enum cell_type type)
{
        switch (type) {
        case CELL_BYTEA:
        case CELL_TEXT: put_counted(w, cell->text, strlen(cell->text)); break;
        case CELL_BOOL:
                put_i32(w, 1);
                put_byte(w, cell->number != 0);
                break;
        case CELL_INT4:
                put_i32(w, 4);
                put_i32(w, (uint32_t)cell->number);
                break;
        case CELL_INT8:
                put_i32(w, 8);
                put_i32(w, (uint32_t)((uint64_t)cell->number >> 32));
                put_i32(w, (uint32_t)cell->number);
                break;
        case CELL_NUMERIC: put_numeric(w, cell->counter); break;
        case CELL_FLOAT: {
                uint64_t bits;

                memcpy(&bits, &cell->real, sizeof(bits));
                put_i32(w, 8);
                put_i32(w, (uint32_t)(bits >> 32));
                put_i32(w, (uint32_t)bits);
                break;
        }
        }
}

void write_data_row(struct writer *w, const struct table *t, size_t row, uint64_t binary)
{
        msg_begin(w, BE_DATA_ROW);
        put_i16(w, (uint16_t)t->column_count);
        for (int i = 0; i < t->column_count; i++) {
                const struct cell *cell = table_cell(t, row, i);

                if (cell->null)
                        put_i32(w, UINT32_MAX);
                else if (binary >> i & 1)
                        put_cell_binary(w, cell, t->columns[i].type);
                else
                        put_cell_text(w, cell, t->columns[i].type);
        }
        msg_end(w);
}

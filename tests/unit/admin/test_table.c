#include "admin/table.h"

#include "unit.h"
#include "wire/proto.h"

#include <string.h>

static const struct column columns[] = {{"name", CELL_TEXT},
                                        {"yes", CELL_BOOL},
                                        {"small", CELL_INT4},
                                        {"big", CELL_INT8},
                                        {"much", CELL_NUMERIC}};

static void fits_numbers_and_keeps_nulls(void)
{
        struct table t;

        table_init(&t, columns, 5);
        table_text(&t, NULL);
        table_int(&t, 1);
        table_int(&t, INT64_C(5000000000));
        table_int(&t, INT64_C(5000000000));
        table_counter(&t, UINT64_MAX);
        table_textf(&t, "a%d", 7);
        table_null(&t);
        table_int(&t, INT64_MIN);
        table_int(&t, -1);
        UNIT_ASSERT(table_rows(&t) == 1);
        table_counter(&t, 0);
        UNIT_ASSERT(table_rows(&t) == 2);
        UNIT_ASSERT(table_cell(&t, 0, 0)->null);
        UNIT_ASSERT(table_cell(&t, 0, 2)->number == INT32_MAX);
        UNIT_ASSERT(table_cell(&t, 0, 3)->number == INT64_C(5000000000));
        UNIT_ASSERT(table_cell(&t, 0, 4)->counter == UINT64_MAX);
        UNIT_ASSERT(strcmp(table_cell(&t, 1, 0)->text, "a7") == 0);
        UNIT_ASSERT(table_cell(&t, 1, 1)->null);
        UNIT_ASSERT(table_cell(&t, 1, 2)->number == INT32_MIN);
        table_fini(&t);
}

/* The bytes of the first cell of a one-column table, behind its length. */
static size_t encode(const struct column *column, struct table *t, bool binary, uint8_t *out, size_t size)
{
        struct buf b = {0};
        struct writer w = writer_to(&b, 4096);
        size_t n;

        t->columns = column;
        write_data_row(&w, t, 0, binary);
        UNIT_ASSERT(!w.failed && buf_data(&b)[0] == 'D');
        n = get_u32(buf_data(&b) + 7);
        UNIT_ASSERT(get_u16(buf_data(&b) + 5) == 1 && n <= size && buf_len(&b) == 11 + n);
        memcpy(out, buf_data(&b) + 11, n);
        buf_release(&b);
        return n;
}

static void writes_numeric_in_base_10000(void)
{
        static const struct {
                const char *name;
                uint64_t value;
                const char *text;
                size_t size;
                uint8_t bytes[24];
        } rows[] = {
            {"zero", 0, "0", 8, {0}},
            {"one", 1, "1", 10, {0, 1, 0, 0, 0, 0, 0, 0, 0, 1}},
            {"one digit", 9999, "9999", 10, {0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x0f}},
            {"trailing zeros go", 10000, "10000", 10, {0, 1, 0, 1, 0, 0, 0, 0, 0, 1}},
            {"zero in the middle", 100000001, "100000001", 14, {0, 3, 0, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}},
            {"largest",
             UINT64_MAX,
             "18446744073709551615",
             18,
             {0, 5, 0, 4, 0, 0, 0, 0, 0x07, 0x34, 0x1a, 0x58, 0x02, 0xe1, 0x03, 0xbb, 0x06, 0x4f}},
        };
        static const struct column numeric = {"n", CELL_NUMERIC};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct table t;
                uint8_t bytes[64];
                size_t n;

                unit_row("%s", rows[i].name);
                table_init(&t, &numeric, 1);
                table_counter(&t, rows[i].value);
                n = encode(&numeric, &t, false, bytes, sizeof(bytes));
                UNIT_ASSERT(n == strlen(rows[i].text) && memcmp(bytes, rows[i].text, n) == 0);
                n = encode(&numeric, &t, true, bytes, sizeof(bytes));
                UNIT_ASSERT(n == rows[i].size && memcmp(bytes, rows[i].bytes, n) == 0);
                table_fini(&t);
        }
}

static void writes_other_types(void)
{
        static const struct {
                const char *name;
                struct column column;
                int64_t value;
                const char *text;
                size_t size;
                uint8_t bytes[8];
        } rows[] = {
            {"true", {"b", CELL_BOOL}, 1, "t", 1, {1}},
            {"false", {"b", CELL_BOOL}, 0, "f", 1, {0}},
            {"int4", {"i", CELL_INT4}, -2, "-2", 4, {0xff, 0xff, 0xff, 0xfe}},
            {"int8",
             {"i", CELL_INT8},
             INT64_C(0x102030405060708),
             "72623859790382856",
             8,
             {1, 2, 3, 4, 5, 6, 7, 8}},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct table t;
                uint8_t bytes[64];
                size_t n;

                unit_row("%s", rows[i].name);
                table_init(&t, &rows[i].column, 1);
                table_int(&t, rows[i].value);
                n = encode(&rows[i].column, &t, false, bytes, sizeof(bytes));
                UNIT_ASSERT(n == strlen(rows[i].text) && memcmp(bytes, rows[i].text, n) == 0);
                n = encode(&rows[i].column, &t, true, bytes, sizeof(bytes));
                UNIT_ASSERT(n == rows[i].size && memcmp(bytes, rows[i].bytes, n) == 0);
                table_fini(&t);
        }
}

static void describes_columns(void)
{
        static const uint32_t oids[] = {25, 16, 23, 20, 1700};
        static const uint16_t sizes[] = {0xffff, 1, 4, 8, 0xffff};
        struct buf b = {0};
        struct writer w = writer_to(&b, 4096);
        struct msg m = {0};
        struct reader r;

        write_row_description(&w, columns, 5, UINT64_C(1) << 4);
        UNIT_ASSERT(msg_peek(buf_data(&b), buf_len(&b), &m) == STATUS_OK && m.type == 'T');
        r = reader_of(&m);
        UNIT_ASSERT(take_u16(&r) == 5);
        for (int i = 0; i < 5; i++) {
                unit_row("%s", columns[i].name);
                UNIT_ASSERT(sv_is(take_cstr(&r), columns[i].name));
                UNIT_ASSERT(take_u32(&r) == 0 && take_u16(&r) == 0);
                UNIT_ASSERT(take_u32(&r) == oids[i]);
                UNIT_ASSERT(take_u16(&r) == sizes[i]);
                UNIT_ASSERT(take_u32(&r) == UINT32_MAX);
                UNIT_ASSERT(take_u16(&r) == (i == 4));
        }
        UNIT_ASSERT(!r.failed && r.n == 0);
        buf_release(&b);
}

UNIT_SUITE(admin_table, UNIT_CASE(fits_numbers_and_keeps_nulls), UNIT_CASE(writes_numeric_in_base_10000),
           UNIT_CASE(writes_other_types), UNIT_CASE(describes_columns))

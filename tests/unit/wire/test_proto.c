#include "wire/proto.h"

#include "unit.h"

#include <stdlib.h>

static void peeks_at_a_head(void)
{
        static const struct {
                const char *name;
                uint8_t bytes[12];
                size_t n;
                enum status status;
                size_t size, body_size, have;
        } rows[] = {
            {"nothing", {0}, 0, STATUS_AGAIN, 0, 0, 0},
            {"one byte", {'Q'}, 1, STATUS_AGAIN, 0, 0, 0},
            {"one short of a head", {'Q', 0, 0, 0}, 4, STATUS_AGAIN, 0, 0, 0},
            {"empty body", {'S', 0, 0, 0, 4}, 5, STATUS_OK, 5, 0, 5},
            {"a body", {'Z', 0, 0, 0, 5, 'I'}, 6, STATUS_OK, 6, 1, 6},
            {"a body that is not here", {'Z', 0, 0, 0, 5}, 5, STATUS_OK, 6, 1, 5},
            {"another message behind it",
             {'Z', 0, 0, 0, 5, 'I', 'Z', 0, 0, 0, 5, 'I'},
             12,
             STATUS_OK,
             6,
             1,
             6},
            {"all four bytes count", {'d', 1, 2, 3, 4}, 5, STATUS_OK, 0x01020305, 0x01020300, 5},
            {"length 0", {'Q', 0, 0, 0, 0}, 5, STATUS_INVALID, 0, 0, 0},
            {"length 3", {'Q', 0, 0, 0, 3}, 5, STATUS_INVALID, 0, 0, 0},
            {"the largest", {'d', 0x7f, 0xff, 0xff, 0xff}, 5, STATUS_OK, 0x80000000, 0x7ffffffb, 5},
            {"negative", {'d', 0x80, 0, 0, 0}, 5, STATUS_INVALID, 0, 0, 0},
            {"minus one", {'d', 0xff, 0xff, 0xff, 0xff}, 5, STATUS_INVALID, 0, 0, 0},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct msg m = {0};
                uint8_t *exact = malloc(rows[i].n + 1); /* so that a sanitizer sees a look too far */

                unit_row("%s", rows[i].name);
                memcpy(exact, rows[i].bytes, rows[i].n);
                exact = realloc(exact, rows[i].n > 0 ? rows[i].n : 1);
                UNIT_ASSERT(msg_peek(exact, rows[i].n, &m) == rows[i].status);
                if (rows[i].status == STATUS_OK) {
                        UNIT_ASSERT(m.type == (char)rows[i].bytes[0] && m.head == exact);
                        UNIT_ASSERT(m.body == exact + 5);
                        UNIT_ASSERT(m.size == rows[i].size && m.body_size == rows[i].body_size);
                        UNIT_ASSERT(m.have == rows[i].have);
                }
                free(exact);
        }
}

static void numbers_are_big_endian(void)
{
        uint8_t out[4];

        UNIT_ASSERT(get_u32((const uint8_t[]){1, 2, 3, 4}) == 0x01020304);
        UNIT_ASSERT(get_u32((const uint8_t[]){0xff, 0xfe, 0xfd, 0xfc}) == 0xfffefdfc);
        UNIT_ASSERT(get_u16((const uint8_t[]){0xfe, 0x01}) == 0xfe01);
        put_u32(out, 0xa1b2c3d4);
        UNIT_ASSERT(out[0] == 0xa1 && out[1] == 0xb2 && out[2] == 0xc3 && out[3] == 0xd4);
}

static struct reader over(const void *bytes, size_t n)
{
        return (struct reader){bytes, n, false};
}

static void reader_takes_in_order(void)
{
        static const uint8_t body[] = "name\0\0\1\2\3\4\5\6\7";
        struct reader r = over(body, sizeof(body) - 1);

        UNIT_ASSERT(sv_is(take_cstr(&r), "name"));
        UNIT_ASSERT(sv_is(take_cstr(&r), "") && !r.failed);
        UNIT_ASSERT(take_u32(&r) == 0x01020304);
        UNIT_ASSERT(take_u16(&r) == 0x0506);
        UNIT_ASSERT(take_u8(&r) == 7);
        UNIT_ASSERT(r.n == 0 && !r.failed);
}

enum take { CSTR, U32, U16, U8 };

static void take(struct reader *r, enum take what)
{
        switch (what) {
        case CSTR: UNIT_ASSERT(take_cstr(r).n == 0); return;
        case U32: UNIT_ASSERT(take_u32(r) == 0); return;
        case U16: UNIT_ASSERT(take_u16(r) == 0); return;
        case U8: UNIT_ASSERT(take_u8(r) == 0); return;
        }
}

static void reader_fails_for_good_at_its_end(void)
{
        static const struct {
                const char *name;
                enum take take;
                size_t n;
        } rows[] = {{"string of nothing", CSTR, 0},    {"string without NUL", CSTR, 3},
                    {"four bytes of nothing", U32, 0}, {"four bytes of three", U32, 3},
                    {"two bytes of nothing", U16, 0},  {"two bytes of one", U16, 1},
                    {"a byte of nothing", U8, 0}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint8_t *bytes = malloc(rows[i].n > 0 ? rows[i].n : 1);
                struct reader r = over(bytes, rows[i].n);

                unit_row("%s", rows[i].name);
                memset(bytes, 'x', rows[i].n);
                take(&r, rows[i].take);
                UNIT_ASSERT(r.failed);
                for (int again = CSTR; again <= U8; again++)
                        take(&r, (enum take)again);
                UNIT_ASSERT(r.failed && r.n == 0);
                free(bytes);
        }
}

static void reader_of_an_incomplete_message_ends_where_the_bytes_do(void)
{
        static const uint8_t bytes[] = {'Q', 0, 0, 0, 20, 'S', 'E', 'L'};
        struct msg m;
        struct reader r;

        UNIT_ASSERT(msg_peek(bytes, sizeof(bytes), &m) == STATUS_OK);
        r = reader_of(&m);
        UNIT_ASSERT(r.p == bytes + 5 && r.n == 3 && !r.failed);
        UNIT_ASSERT(take_cstr(&r).n == 0 && r.failed);
}

UNIT_SUITE(wire_proto, UNIT_CASE(peeks_at_a_head), UNIT_CASE(numbers_are_big_endian),
           UNIT_CASE(reader_takes_in_order), UNIT_CASE(reader_fails_for_good_at_its_end),
           UNIT_CASE(reader_of_an_incomplete_message_ends_where_the_bytes_do))

#include "wire/bundle.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

struct thing {
        bool yes, no;
        char letter;
        int number;
        int64_t wide;
        size_t size;
};

static const struct bundle_field fields[] = {
    BUNDLE_FIELD(struct thing, yes),    BUNDLE_FIELD(struct thing, no),   BUNDLE_FIELD(struct thing, letter),
    BUNDLE_FIELD(struct thing, number), BUNDLE_FIELD(struct thing, wide), BUNDLE_FIELD(struct thing, size),
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static void gives_back_what_was_put(void)
{
        struct thing a = {true, false, 'T', -7, INT64_MIN, SIZE_MAX}, b;
        struct buf buf = {0};
        struct writer w = writer_to(&buf, 4096);
        char text[6];
        struct sv all;

        bundle_put_fields(&w, fields, FIELDS, &a);
        bundle_put_text(&w, "text", "hello");
        bundle_put_text(&w, "none", NULL);
        bundle_put_int(&w, "int", -1);
        UNIT_ASSERT(!w.failed);
        all = sv_from(buf_data(&buf), buf_len(&buf));
        memset(&b, 0xff, sizeof(b));
        bundle_take_fields(all, fields, FIELDS, &b);
        UNIT_ASSERT(b.yes && !b.no && b.letter == 'T' && b.number == -7);
        UNIT_ASSERT(b.wide == INT64_MIN && b.size == SIZE_MAX);
        UNIT_ASSERT(bundle_take(all, "text", text, sizeof(text)) && strcmp(text, "hello") == 0);
        UNIT_ASSERT(!bundle_take(all, "text", text, 5) && !bundle_take(all, "none", text, 1));
        UNIT_ASSERT(bundle_find_int(all, "int") == -1 && bundle_find_int(all, "text") == 0);
        UNIT_ASSERT(bundle_find(all, "no").n == 0); /* zero: left out */
        buf_release(&buf);
}

/* Cut anywhere, it is read up to there and no further. */
static void believes_no_size(void)
{
        static const char broken[] = "name\0\0\0\0\xff"
                                     "abc";
        struct buf buf = {0};
        struct writer w = writer_to(&buf, 4096);
        struct sv name, value;

        bundle_put_text(&w, "first", "one");
        bundle_put_text(&w, "second", "two");
        for (size_t n = 0; n <= buf_len(&buf); n++) {
                uint8_t *copy = malloc(n + 1); /* exactly so large, for the sanitizer */
                struct reader r = {copy, n, false};
                int count = 0;

                memcpy(copy, buf_data(&buf), n);
                while (bundle_next(&r, &name, &value))
                        count++;
                unit_row("%zu bytes", n);
                UNIT_ASSERT(count == (n < 14 ? 0 : n < buf_len(&buf) ? 1 : 2));
                UNIT_ASSERT(r.failed == (n != 0 && n != 14 && n != buf_len(&buf)));
                free(copy);
        }
        UNIT_ASSERT(bundle_find(sv_from(broken, sizeof(broken) - 1), "name").n == 0);
        buf_release(&buf);
}

UNIT_SUITE(wire_bundle, UNIT_CASE(gives_back_what_was_put), UNIT_CASE(believes_no_size))

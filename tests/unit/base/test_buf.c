#include "base/buf.h"

#include "unit.h"

#include <string.h>

static void grows_up_to_its_limit(void)
{
        struct buf b = {0};

        UNIT_ASSERT(buf_append(&b, "hello", 5, 8) == STATUS_OK);
        UNIT_ASSERT(buf_append(&b, "wide", 4, 8) == STATUS_LIMIT);
        UNIT_ASSERT(buf_len(&b) == 5 && memcmp(buf_data(&b), "hello", 5) == 0);
        UNIT_ASSERT(buf_append(&b, "you", 3, 8) == STATUS_OK);
        UNIT_ASSERT(buf_len(&b) == 8);
        buf_release(&b);
}

static void moves_unread_bytes_before_growing(void)
{
        struct buf b = {0};
        char block[512];
        size_t cap;

        memset(block, 'x', sizeof(block));
        UNIT_ASSERT(buf_append(&b, block, sizeof(block), 4096) == STATUS_OK);
        cap = b.cap;
        buf_consume(&b, 500);
        UNIT_ASSERT(buf_append(&b, block, 400, 4096) == STATUS_OK);
        UNIT_ASSERT(b.cap == cap && buf_len(&b) == 412);
        buf_release(&b);
}

static void keeps_what_it_is_cut_to(void)
{
        struct buf b = {0};

        UNIT_ASSERT(buf_append(&b, "hello world", 11, 64) == STATUS_OK);
        buf_consume(&b, 2);
        buf_cut(&b, 3);
        UNIT_ASSERT(buf_len(&b) == 3 && memcmp(buf_data(&b), "llo", 3) == 0);
        /* Whatever the limit, and without asking for memory. */
        UNIT_ASSERT(buf_reserve(&b, (size_t)INT32_MAX - 2, SIZE_MAX) == STATUS_LIMIT);
        UNIT_ASSERT(buf_len(&b) == 3);
        buf_release(&b);
}

static void empty_owns_nothing(void)
{
        struct buf b = {0};

        UNIT_ASSERT(buf_append(&b, "x", 1, 8) == STATUS_OK);
        buf_trim(&b);
        UNIT_ASSERT(b.bytes != NULL);
        buf_consume(&b, 1);
        buf_trim(&b);
        UNIT_ASSERT(b.bytes == NULL && b.cap == 0);
}

/* What one has given back the next one has; a secret and what has grown are not kept. */
static void spares_serve_again(void)
{
        struct buf_spares spares = {0};
        struct buf a = {0}, b = {0}, secret = {.secret = true}, large = {0};
        uint8_t *bytes[2];

        buf_borrow(&a, &spares);
        UNIT_ASSERT(a.cap == 0);
        UNIT_ASSERT(buf_append(&a, "a", 1, 8) == STATUS_OK && buf_append(&b, "b", 1, 8) == STATUS_OK);
        bytes[0] = a.bytes;
        bytes[1] = b.bytes;
        buf_give_back(&a, &spares);
        UNIT_ASSERT(spares.count == 0 && a.bytes == bytes[0] && buf_len(&a) == 1);
        buf_consume(&a, 1);
        buf_consume(&b, 1);
        buf_give_back(&a, &spares);
        buf_give_back(&b, &spares);
        UNIT_ASSERT(spares.count == 2 && a.bytes == NULL && a.cap == 0);
        buf_borrow(&a, &spares);
        buf_borrow(&b, &spares);
        UNIT_ASSERT(spares.count == 0 && a.bytes == bytes[1] && b.bytes == bytes[0] && buf_len(&a) == 0);
        UNIT_ASSERT(buf_append(&a, "again", 5, 8) == STATUS_OK && a.bytes == bytes[1]);
        buf_consume(&a, 5);
        buf_give_back(&a, &spares);
        buf_give_back(&b, &spares);
        UNIT_ASSERT(buf_append(&secret, "s", 1, 8) == STATUS_OK &&
                    buf_reserve(&large, 4096, 4096) == STATUS_OK);
        buf_consume(&secret, 1);
        buf_give_back(&secret, &spares);
        buf_give_back(&large, &spares);
        UNIT_ASSERT(spares.count == 2 && secret.bytes == NULL && large.bytes == NULL);
        buf_spares_free(&spares);
        UNIT_ASSERT(spares.count == 0 && spares.first == NULL);
}

UNIT_SUITE(base_buf, UNIT_CASE(grows_up_to_its_limit), UNIT_CASE(moves_unread_bytes_before_growing),
           UNIT_CASE(keeps_what_it_is_cut_to), UNIT_CASE(empty_owns_nothing), UNIT_CASE(spares_serve_again))

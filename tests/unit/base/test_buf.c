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

UNIT_SUITE(base_buf, UNIT_CASE(grows_up_to_its_limit), UNIT_CASE(moves_unread_bytes_before_growing),
           UNIT_CASE(empty_owns_nothing))

#include "base/buf.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { BUF_MIN = 512, BUF_MAX = INT32_MAX, SPARES_MAX = 256 };

enum status buf_reserve(struct buf *b, size_t n, size_t limit)
{
        uint32_t unread = b->tail - b->head, cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;
        uint8_t *grown;

        if (limit > BUF_MAX)
                limit = BUF_MAX;
        if (n > limit || unread > limit - n)
                return STATUS_LIMIT;
        if (b->cap - b->tail >= n)
                return STATUS_OK;
        if (b->head > 0) {
                memmove(b->bytes, b->bytes + b->head, unread);
                b->head = 0;
                b->tail = unread;
                if (b->cap - b->tail >= n)
                        return STATUS_OK;
        }
        while (cap - unread < n)
                cap *= 2;
        grown = b->secret ? malloc(cap) : realloc(b->bytes, cap);
        if (grown == NULL) {
                b->lost = true;
                return STATUS_LIMIT;
        }
        if (b->secret && b->cap > 0) {
                memcpy(grown, b->bytes, b->tail);
                explicit_bzero(b->bytes, b->cap);
                free(b->bytes);
        }
        b->bytes = grown;
        b->cap = cap;
        return STATUS_OK;
}

void buf_need(struct buf *b, size_t n)
{
        CHECK(!b->secret);
        if (b->cap - b->tail >= n)
                return;
        CHECK(n <= UINT32_MAX - b->tail);
        b->cap = b->tail + (uint32_t)n;
        b->bytes = xrealloc(b->bytes, b->cap);
}

enum status buf_append(struct buf *b, const void *bytes, size_t n, size_t limit)
{
        enum status status = buf_reserve(b, n, limit);

        if (status == STATUS_OK && n > 0) {
                memcpy(b->bytes + b->tail, bytes, n);
                b->tail += (uint32_t)n;
        }
        return status;
}

void buf_consume(struct buf *b, size_t n)
{
        CHECK(n <= buf_len(b));
        b->head += (uint32_t)n;
        if (b->head == b->tail)
                b->head = b->tail = 0;
}

void buf_cut(struct buf *b, size_t n)
{
        CHECK(n <= buf_len(b));
        b->tail = b->head + (uint32_t)n;
}

void buf_trim(struct buf *b)
{
        if (b->head == b->tail)
                buf_release(b);
}

void buf_release(struct buf *b)
{
        if (b->secret && b->cap > 0)
                explicit_bzero(b->bytes, b->cap);
        free(b->bytes);
        *b = (struct buf){0};
}

void buf_borrow(struct buf *b, struct buf_spares *spares)
{
        if (b->cap > 0 || spares->first == NULL)
                return;
        b->bytes = spares->first;
        b->cap = BUF_MIN;
        memcpy(&spares->first, b->bytes, sizeof(spares->first));
        spares->count--;
}

void buf_give_back(struct buf *b, struct buf_spares *spares)
{
        if (b->cap != BUF_MIN || b->secret || buf_len(b) > 0 || spares->count == SPARES_MAX) {
                buf_trim(b);
                return;
        }
        memcpy(b->bytes, &spares->first, sizeof(spares->first));
        spares->first = b->bytes;
        spares->count++;
        *b = (struct buf){0};
}

void buf_spares_free(struct buf_spares *spares)
{
        while (spares->first != NULL) {
                struct buf b = {0};

                buf_borrow(&b, spares);
                buf_release(&b);
        }
}

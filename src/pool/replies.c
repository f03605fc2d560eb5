#include "pool/replies.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

void replies_init(struct replies *r)
{
        r->heap = NULL;
        r->first = r->count = r->sync_points = r->local = 0;
        r->cap = REPLIES_INLINE;
}

void replies_fini(struct replies *r)
{
        free(r->heap);
        replies_init(r);
}

static struct reply *ring(const struct replies *r)
{
        return r->heap != NULL ? r->heap : (struct reply *)(uintptr_t)r->inline_ring;
}

static void grow(struct replies *r)
{
        uint32_t cap = r->cap * 2;
        struct reply *heap = xmalloc(cap * sizeof(*heap));

        for (uint32_t i = 0; i < r->count; i++)
                heap[i] = ring(r)[(r->first + i) & (r->cap - 1)];
        free(r->heap);
        r->heap = heap;
        r->first = 0;
        r->cap = cap;
}

bool replies_push(struct replies *r, struct reply reply)
{
        if (r->count == r->cap) {
                if (r->count >= REPLIES_MAX)
                        return false;
                grow(r);
        }
        ring(r)[(r->first + r->count) & (r->cap - 1)] = reply;
        r->count++;
        if (reply_is_awaited(&reply))
                r->sync_points++;
        if (reply.flags & REPLY_LOCAL)
                r->local++;
        return true;
}

struct reply *replies_tail(struct replies *r)
{
        return r->count == 0 ? NULL : &ring(r)[(r->first + r->count - 1) & (r->cap - 1)];
}

struct reply *replies_at(const struct replies *r, uint32_t i)
{
        CHECK(i < r->count);
        return &ring(r)[(r->first + i) & (r->cap - 1)];
}

void replies_pop(struct replies *r)
{
        CHECK(r->count > 0);
        if (reply_is_awaited(&ring(r)[r->first]))
                r->sync_points--;
        if (ring(r)[r->first].flags & REPLY_LOCAL)
                r->local--;
        r->first = (r->first + 1) & (r->cap - 1);
        if (--r->count == 0 && r->heap != NULL && r->cap > 64)
                replies_fini(r); /* a burst must not keep its memory */
}

void replies_claim(struct replies *r)
{
        struct reply *head = replies_head(r);

        CHECK(head != NULL && head->kind == REPLY_SYNC && (head->flags & REPLY_SWALLOW));
        head->flags = 0;
        r->sync_points++;
}

bool replies_drop_sync(struct replies *r)
{
        struct reply *head = replies_head(r), *second;

        if (r->count < 2)
                return false;
        second = &ring(r)[(r->first + 1) & (r->cap - 1)];
        if (second->kind != REPLY_SYNC)
                return false;
        if (reply_is_awaited(second))
                r->sync_points--;
        *second = *head;
        r->first = (r->first + 1) & (r->cap - 1);
        r->count--;
        return true;
}

enum status replies_save(const struct replies *r, struct buf *out, size_t limit)
{
        const struct reply *from = r->heap != NULL ? r->heap : r->inline_ring;

        for (uint32_t i = 0; i < r->count; i++)
                if (buf_append(out, &from[(r->first + i) & (r->cap - 1)], sizeof(*from), limit) != STATUS_OK)
                        return STATUS_LIMIT;
        return STATUS_OK;
}

bool replies_load(struct replies *r, struct sv saved)
{
        struct reply reply;

        for (; saved.n >= sizeof(reply); saved.p += sizeof(reply), saved.n -= sizeof(reply)) {
                memcpy(&reply, saved.p, sizeof(reply));
                if (reply.kind > REPLY_FUNCTION || !replies_push(r, reply))
                        return false;
        }
        return saved.n == 0;
}

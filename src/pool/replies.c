#include "pool/replies.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

void replies_init(struct replies *r)
{
        r->ring = r->few_ring;
        r->first = r->count = r->sync_points = r->local = 0;
        r->cap = REPLIES_FEW;
}

static void free_ring(struct replies *r)
{
        if (r->ring != r->few_ring)
                free(r->ring);
}

void replies_fini(struct replies *r)
{
        free_ring(r);
        replies_init(r);
}

size_t replies_memory(const struct replies *r)
{
        return r->ring == r->few_ring ? 0 : r->cap * sizeof(*r->ring);
}

bool replies_grow(struct replies *r)
{
        uint32_t cap = r->cap * 2;
        struct reply *ring;

        if (r->count >= REPLIES_MAX)
                return false;
        ring = malloc(cap * sizeof(*ring));
        if (ring == NULL)
                return false;
        for (uint32_t i = 0; i < r->count; i++)
                ring[i] = *replies_at(r, i);
        free_ring(r);
        r->ring = ring;
        r->first = 0;
        r->cap = cap;
        return true;
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
        second = replies_at(r, 1);
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
        for (uint32_t i = 0; i < r->count; i++)
                if (buf_append(out, replies_at(r, i), sizeof(struct reply), limit) != STATUS_OK)
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

/* plan: what one write will send: pieces of the input as they are, and small pieces of our own between them.
 */
#pragma once

#include "net/stream.h"

#include <string.h>

enum { PLAN_PARTS_MAX = 64, PLAN_OWN_BYTES = 8192 };

struct plan {
        struct iovec parts[PLAN_PARTS_MAX];
        int count;
        size_t total; /* bytes planned since plan_begin */
        size_t sent;  /* of these have been sent early */
        size_t own_used;
        uint8_t own[PLAN_OWN_BYTES];
        struct stream *to;
        enum status status; /* of what has been sent early; latched */
};

static inline void plan_begin(struct plan *p, struct stream *to)
{
        p->count = 0;
        p->total = p->sent = p->own_used = 0;
        p->to = to;
        p->status = STATUS_OK;
}

/* Sends what is planned. The status of this and all earlier sends. */
static inline enum status plan_send(struct plan *p)
{
        if (p->count > 0 && p->status == STATUS_OK)
                p->status = stream_sendv(p->to, p->parts, p->count);
        p->count = 0;
        p->own_used = 0;
        p->sent = p->total;
        return p->status;
}

/* Forgets what was planned behind the first `total` bytes and has not been sent. */
static inline void plan_keep(struct plan *p, size_t total)
{
        size_t left = total > p->sent ? total - p->sent : 0;
        int count = 0;

        for (; count < p->count && left > 0; count++) {
                struct iovec *part = &p->parts[count];

                part->iov_len = part->iov_len < left ? part->iov_len : left;
                left -= part->iov_len;
        }
        p->count = count;
        p->total = total > p->sent ? total : p->sent;
}

/* `bytes` as they stand; they must stay until plan_send. */
static inline void plan_pass(struct plan *p, const void *bytes, size_t n)
{
        struct iovec *last = p->count > 0 ? &p->parts[p->count - 1] : NULL;

        if (n == 0)
                return;
        p->total += n;
        if (last != NULL && (const uint8_t *)last->iov_base + last->iov_len == bytes) {
                last->iov_len += n;
                return;
        }
        if (p->count == PLAN_PARTS_MAX)
                plan_send(p);
        p->parts[p->count++] = (struct iovec){(void *)(uintptr_t)bytes, n};
}

/* A copy of `bytes`. */
static inline void plan_put(struct plan *p, const void *bytes, size_t n)
{
        if (n == 0) /* an empty buf has no bytes to point at */
                return;
        while (n > PLAN_OWN_BYTES - p->own_used || p->count == PLAN_PARTS_MAX) {
                size_t k = p->count == PLAN_PARTS_MAX ? 0 : PLAN_OWN_BYTES - p->own_used;

                memcpy(p->own + p->own_used, bytes, k);
                plan_pass(p, p->own + p->own_used, k);
                plan_send(p);
                bytes = (const uint8_t *)bytes + k;
                n -= k;
        }
        memcpy(p->own + p->own_used, bytes, n);
        plan_pass(p, p->own + p->own_used, n);
        p->own_used += n;
}

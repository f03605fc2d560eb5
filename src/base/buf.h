/* buf: growable bytes with a read position.
 *
 *     bytes: |..consumed..|####### unread #######|........ free ........|
 *            0            head                   tail                   cap
 *
 * An empty buf owns no memory (buf_release, or consuming all of it and calling buf_trim), so an idle
 * connection costs nothing. Refuses to grow past the limit its caller names, and 2 GB: a peer cannot make us
 * grow. */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
        uint8_t *bytes;
        uint32_t head, tail, cap; /* an idle client has five of these */
        bool secret;              /* until buf_release: memory is overwritten before it is given up */
        bool lost;                /* until buf_release: something is not in here, for want of memory */
};

static inline const uint8_t *buf_data(const struct buf *b)
{
        return b->bytes + b->head;
}

static inline size_t buf_len(const struct buf *b)
{
        return b->tail - b->head;
}

/* Room for `n` more bytes; moves unread bytes to the front first. STATUS_LIMIT when unread + n > limit, or 2
 * GB, or memory is out; the content stays as it was. */
MUST_USE enum status buf_reserve(struct buf *b, size_t n, size_t limit);

/* Room for `n` more bytes of what the program itself needs (base/memory.h); not for secrets. */
void buf_need(struct buf *b, size_t n);

/* Copies `n` bytes to the end. Same errors as buf_reserve. */
MUST_USE enum status buf_append(struct buf *b, const void *bytes, size_t n, size_t limit);

/* Drops `n` unread bytes; n <= buf_len. */
void buf_consume(struct buf *b, size_t n);

/* Keeps the first `n` unread bytes; n <= buf_len. */
void buf_cut(struct buf *b, size_t n);

/* Frees the memory when nothing is unread. */
void buf_trim(struct buf *b);

/* Frees the memory and forgets the content, and that it was secret. */
void buf_release(struct buf *b);

/* Memory of small bufs that have become empty, for the next ones: where many need one for a moment each.
 * Zeroed: none. One thread. */
struct buf_spares {
        uint8_t *first; /* each begins with a pointer to the next; NULL: none */
        unsigned count;
};

/* As buf_reserve of a few bytes and as buf_trim, out of `spares` and back, where that can be. */
void buf_borrow(struct buf *b, struct buf_spares *spares);
void buf_give_back(struct buf *b, struct buf_spares *spares);

void buf_spares_free(struct buf_spares *spares);

/* prepared: which statements a server connection has prepared, by content, least recently used last.
 *
 * A statement is known by a 128-bit keyed hash of its text and parameter types (session/statement.h), which
 * is also its name on every server; so the set means the same in every worker. */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "base/sv.h"

#include <stdbool.h>
#include <stdint.h>

struct prepared_entry;

struct prepared {
        struct prepared_entry *entries; /* uthash */
        struct list recent;             /* newest first */
        uint32_t count;
};

/* What one takes, bytes. */
size_t prepared_entry_size(void);

void prepared_init(struct prepared *p);
void prepared_fini(struct prepared *p);

/* Whether it is there; if so it becomes the most recent, and has been used once more. */
bool prepared_touch(struct prepared *p, const uint64_t key[2]);

/* Adds one that is not there, to be used. `fingerprint` is what people know it by; 0: not known. */
void prepared_add(struct prepared *p, const uint64_t key[2], uint64_t fingerprint);

/* Takes one out; nothing when it is not there. */
void prepared_forget(struct prepared *p, const uint64_t key[2]);

/* Takes the least recently used out; false when empty. */
bool prepared_evict(struct prepared *p, uint64_t key[2]);

/* What is told of one. */
struct prepared_view {
        uint64_t key[2];
        uint64_t fingerprint;
        uint64_t uses; /* since this process knows it */
};

/* Calls `visit` for each, the most recent first, until it says false. */
void prepared_visit(const struct prepared *p, bool (*visit)(void *arg, const struct prepared_view *view),
                    void *arg);

/* All keys, least recent first, for another process; and back again, into an empty `p`. */
MUST_USE enum status prepared_save(const struct prepared *p, struct buf *out, size_t limit);
bool prepared_load(struct prepared *p, struct sv saved);

#include "pool/prepared.h"

#include "base/check.h"

/* The key is a keyed hash already: its first word serves. */
#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = *(const unsigned *)(const void *)(keyptr))
#include "base/hash_table.h"

#include <stdlib.h>
#include <string.h>

struct prepared_entry {
        UT_hash_handle hh;
        struct list in_recent;
        uint64_t key[2];
        uint64_t fingerprint, uses;
};

size_t prepared_entry_size(void)
{
        return sizeof(struct prepared_entry);
}

void prepared_init(struct prepared *p)
{
        p->entries = NULL;
        p->count = 0;
        list_init(&p->recent);
}

static struct prepared_entry *find(struct prepared *p, const uint64_t key[2])
{
        struct prepared_entry *e;

        HASH_FIND(hh, p->entries, key, sizeof(e->key), e);
        return e;
}

static void drop(struct prepared *p, struct prepared_entry *e)
{
        HASH_DEL(p->entries, e); /* NOLINT(clang-analyzer-core.NullDereference): uthash's own lists */
        list_unlink(&e->in_recent);
        p->count--;
        free(e);
}

void prepared_fini(struct prepared *p)
{
        struct list *node;

        while ((node = list_first(&p->recent)) != NULL)
                drop(p, list_item(node, struct prepared_entry, in_recent));
}

bool prepared_touch(struct prepared *p, const uint64_t key[2])
{
        struct prepared_entry *e = find(p, key);

        if (e == NULL)
                return false;
        e->uses++;
        if (p->recent.next != &e->in_recent) {
                list_unlink(&e->in_recent);
                list_prepend(&p->recent, &e->in_recent);
        }
        return true;
}

void prepared_add(struct prepared *p, const uint64_t key[2], uint64_t fingerprint)
{
        struct prepared_entry *e = xcalloc(1, sizeof(*e));

        memcpy(e->key, key, sizeof(e->key));
        e->fingerprint = fingerprint;
        e->uses = 1;
        HASH_ADD(hh, p->entries, key, sizeof(e->key), e);
        list_prepend(&p->recent, &e->in_recent);
        p->count++;
}

void prepared_forget(struct prepared *p, const uint64_t key[2])
{
        struct prepared_entry *e = find(p, key);

        if (e != NULL)
                drop(p, e);
}

bool prepared_evict(struct prepared *p, uint64_t key[2])
{
        struct list *last = list_last(&p->recent);
        struct prepared_entry *e;

        if (last == NULL)
                return false;
        e = list_item(last, struct prepared_entry, in_recent);
        memcpy(key, e->key, sizeof(e->key));
        drop(p, e);
        return true;
}

void prepared_visit(const struct prepared *p, bool (*visit)(void *arg, const struct prepared_view *view),
                    void *arg)
{
        list_for_each (node, &p->recent) {
                const struct prepared_entry *e = list_item(node, const struct prepared_entry, in_recent);
                struct prepared_view view = {{e->key[0], e->key[1]}, e->fingerprint, e->uses};

                if (!visit(arg, &view))
                        return;
        }
}

enum status prepared_save(const struct prepared *p, struct buf *out, size_t limit)
{
        for (const struct list *node = p->recent.prev; node != &p->recent; node = node->prev) {
                const struct prepared_entry *e = list_item(node, const struct prepared_entry, in_recent);

                if (buf_append(out, e->key, sizeof(e->key), limit) != STATUS_OK)
                        return STATUS_LIMIT;
        }
        return STATUS_OK;
}

bool prepared_load(struct prepared *p, struct sv saved)
{
        uint64_t key[2];

        for (; saved.n >= sizeof(key); saved.p += sizeof(key), saved.n -= sizeof(key)) {
                memcpy(key, saved.p, sizeof(key));
                if (!prepared_touch(p, key))
                        prepared_add(p, key, 0);
        }
        return saved.n == 0;
}

#include "base/slab.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define SLAB_PLAIN 1 /* let AddressSanitizer watch each object */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLAB_PLAIN 1
#endif
#endif
#ifndef SLAB_PLAIN
#define SLAB_PLAIN 0
#endif

enum { SLAB_BLOCK_BYTES = 16384, SLAB_ALIGN = 16 };

struct slab_free {
        struct slab_free *next;
};

struct slab_block {
        struct slab_block *next;
        _Alignas(SLAB_ALIGN) char objects[];
};

void slab_init(struct slab *s, const char *name, size_t size)
{
        if (size < sizeof(struct slab_free))
                size = sizeof(struct slab_free);
        *s = (struct slab){.name = name, .size = (size + SLAB_ALIGN - 1) / SLAB_ALIGN * SLAB_ALIGN};
}

static void slab_grow(struct slab *s)
{
        size_t count = SLAB_BLOCK_BYTES / s->size;
        struct slab_block *block;

        if (count == 0)
                count = 1;
        block = xmalloc(sizeof(*block) + count * s->size);
        block->next = s->blocks;
        s->blocks = block;
        s->total += count;
        for (size_t i = count; i-- > 0;) {
                struct slab_free *f = (struct slab_free *)(void *)(block->objects + i * s->size);

                f->next = s->free;
                s->free = f;
        }
}

void *slab_new(struct slab *s)
{
        struct slab_free *f;

        s->live++;
        if (SLAB_PLAIN)
                return xcalloc(1, s->size);
        if (s->free == NULL)
                slab_grow(s);
        f = s->free;
        s->free = f->next;
        return memset(f, 0, s->size);
}

void slab_free(struct slab *s, void *object)
{
        struct slab_free *f = object;

        if (object == NULL)
                return;
        CHECK(s->live > 0);
        s->live--;
        if (SLAB_PLAIN) {
                free(object);
                return;
        }
#ifndef NDEBUG
        memset(object, 0xdb, s->size);
#endif
        f->next = s->free;
        s->free = f;
}

void slab_fini(struct slab *s)
{
        while (s->blocks != NULL) {
                struct slab_block *next = s->blocks->next;

                free(s->blocks);
                s->blocks = next;
        }
        s->free = NULL;
        s->live = s->total = 0;
}

#include "base/slab.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

/* Blocks begin at a multiple of their size, so that an object's address tells its block. */
enum { SLAB_BLOCK_BYTES = 65536, SLAB_ALIGN = 16 };

struct slab_place {
        struct slab_place *next;
};

struct slab_block {
        struct list in_slab;
        const struct slab *slab;
        struct slab_place *free;
        size_t live;
        _Alignas(SLAB_ALIGN) char objects[];
};

static size_t places_of_block(const struct slab *s)
{
        return (SLAB_BLOCK_BYTES - sizeof(struct slab_block)) / s->size;
}

void slab_init(struct slab *s, const char *name, size_t size)
{
        CHECK(size <= SLAB_OBJECT_MAX);
        if (size < sizeof(struct slab_place))
                size = sizeof(struct slab_place);
        *s = (struct slab){.name = name, .size = (size + SLAB_ALIGN - 1) / SLAB_ALIGN * SLAB_ALIGN};
        list_init(&s->roomy);
        list_init(&s->filled);
}

/* NULL: memory is out. More than a block is asked for, as the system promises no more than a page's
 * alignment; the rest goes back.
 */
static void *map_block(void)
{
        size_t asked = 2 * (size_t)SLAB_BLOCK_BYTES, before;
        char *p = mmap(NULL, asked, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED)
                return NULL;
        before = -(uintptr_t)p % SLAB_BLOCK_BYTES;
        if (before > 0)
                CHECK(munmap(p, before) == 0);
        CHECK(munmap(p + before + SLAB_BLOCK_BYTES, asked - SLAB_BLOCK_BYTES - before) == 0);
        return p + before;
}

static struct slab_block *block_new(struct slab *s)
{
        struct slab_block *block = map_block();

        if (block == NULL)
                return NULL;
        *block = (struct slab_block){.slab = s};
        for (size_t i = places_of_block(s); i-- > 0;) {
                struct slab_place *place = (struct slab_place *)(void *)(block->objects + i * s->size);

                place->next = block->free;
                block->free = place;
        }
        list_append(&s->roomy, &block->in_slab);
        s->total += places_of_block(s);
        s->empty++;
        return block;
}

static void block_free(struct slab *s, struct slab_block *block)
{
        list_unlink(&block->in_slab);
        s->total -= places_of_block(s);
        CHECK(munmap(block, SLAB_BLOCK_BYTES) == 0);
}

void *slab_new(struct slab *s)
{
        void *object;

        MEMORY_INSIST((object = slab_try(s)) != NULL);
        return object;
}

void *slab_try(struct slab *s)
{
        struct slab_block *block;
        struct slab_place *place;

        if (SLAB_PLAIN) {
                place = calloc(1, s->size);
                s->live += place != NULL;
                return place;
        }
        block = list_empty(&s->roomy) ? block_new(s)
                                      : list_item(list_first(&s->roomy), struct slab_block, in_slab);
        if (block == NULL)
                return NULL;
        s->live++;
        if (block->live++ == 0)
                s->empty--;
        place = block->free;
        CHECK(place != NULL); /* it is among the roomy ones */
        block->free = place->next;
        if (block->free == NULL) {
                list_unlink(&block->in_slab);
                list_append(&s->filled, &block->in_slab);
        }
        return memset(place, 0, s->size);
}

/* Nothing lives in `block` any more: it waits behind those that are in use, or is one too many. */
static void block_is_empty(struct slab *s, struct slab_block *block)
{
        if (s->empty > 0) {
                block_free(s, block);
                return;
        }
        s->empty++;
        list_unlink(&block->in_slab);
        list_append(&s->roomy, &block->in_slab);
}

void slab_free(struct slab *s, void *object)
{
        struct slab_place *place = object;
        struct slab_block *block;

        if (object == NULL)
                return;
        CHECK(s->live > 0);
        s->live--;
        if (SLAB_PLAIN) {
                free(object);
                return;
        }
        block = (struct slab_block *)(void *)((char *)object - (uintptr_t)object % SLAB_BLOCK_BYTES);
        CHECK(block->slab == s);
#ifndef NDEBUG
        memset(object, 0xdb, s->size);
#endif
        if (block->free == NULL) {
                list_unlink(&block->in_slab);
                list_prepend(&s->roomy, &block->in_slab);
        }
        place->next = block->free;
        block->free = place;
        if (--block->live == 0)
                block_is_empty(s, block);
}

static void free_all(struct slab *s, struct list *blocks)
{
        list_for_each_safe (it, blocks)
                block_free(s, list_item(it, struct slab_block, in_slab));
}

void slab_fini(struct slab *s)
{
        free_all(s, &s->roomy);
        free_all(s, &s->filled);
        s->live = s->empty = 0;
}

/* slab: objects of one size, taken and given back in constant time by one thread. Memory stays with the slab
 * until slab_fini; a freed object is poisoned in debug builds, so that a use after free is seen. */
#pragma once

#include <stddef.h>

struct slab_free;
struct slab_block;

struct slab {
        const char *name; /* for people, static */
        size_t size;      /* of an object, bytes */
        size_t live;      /* objects handed out */
        size_t total;     /* objects there is memory for */
        struct slab_free *free;
        struct slab_block *blocks;
};

/* `size`: of an object, bytes. `name`: static. */
void slab_init(struct slab *s, const char *name, size_t size);

/* A zeroed object; aborts when memory is out. */
void *slab_new(struct slab *s);

/* Gives `object` back; it must come from this slab. NULL is allowed. */
void slab_free(struct slab *s, void *object);

/* Frees all memory; objects still handed out become invalid. */
void slab_fini(struct slab *s);

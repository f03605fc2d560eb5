/* slab: objects of one size, taken and given back in constant time by one thread. They lie in blocks got from
 * the system; a block in which nothing lives any more goes back to it, but for one that is kept for the next.
 * A freed object is poisoned in debug builds, so that a use after free is seen. */
#pragma once

#include "base/list.h"

#include <stddef.h>

enum { SLAB_OBJECT_MAX = 8192 }; /* bytes */

struct slab {
        const char *name;   /* for people, static */
        size_t size;        /* of an object, bytes */
        size_t live;        /* objects handed out */
        size_t total;       /* objects there is memory for */
        size_t empty;       /* blocks in which nothing lives: one at most */
        struct list roomy;  /* blocks with a place, those with nothing but places last */
        struct list filled; /* blocks without a place */
};

/* `size`: of an object, at most SLAB_OBJECT_MAX bytes. `name`: static. `s` stays where it is till slab_fini.
 */
void slab_init(struct slab *s, const char *name, size_t size);

/* A zeroed object; what has been put by (base/memory.h) goes into it before memory is out. */
void *slab_new(struct slab *s);

/* The same for what somebody else has us need; NULL: memory is out. */
void *slab_try(struct slab *s);

/* Gives `object` back; it must come from this slab. NULL is allowed. */
void slab_free(struct slab *s, void *object);

/* Frees all memory; objects still handed out become invalid. */
void slab_fini(struct slab *s);

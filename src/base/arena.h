/* arena: many small allocations, freed together. For configuration snapshots and console answers. Aborts
 * when memory is out: nothing a client sends is put here. */
#pragma once

#include <stddef.h>

struct arena_chunk;

struct arena {
        struct arena_chunk *chunks;
        size_t used, cap;
};

/* `size` zeroed bytes, aligned for any object. */
void *arena_alloc(struct arena *a, size_t size);

/* A NUL-terminated copy of `n` bytes. */
char *arena_strndup(struct arena *a, const char *text, size_t n);
char *arena_strdup(struct arena *a, const char *text);

/* printf into the arena. */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Frees everything; the arena can be used again. */
void arena_release(struct arena *a);

/* The same, when there may be secrets in it: they are overwritten. */
void arena_wipe(struct arena *a);

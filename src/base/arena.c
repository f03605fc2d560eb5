#include "base/arena.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_CHUNK_BYTES = 8192, ARENA_ALIGN = 16 };

struct arena_chunk {
        struct arena_chunk *next;
        size_t size;
        _Alignas(ARENA_ALIGN) char bytes[];
};

void *arena_alloc(struct arena *a, size_t size)
{
        struct arena_chunk *chunk;
        size_t need = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
        void *p;

        if (a->chunks == NULL || a->cap - a->used < need) {
                a->cap = need > ARENA_CHUNK_BYTES ? need : ARENA_CHUNK_BYTES;
                chunk = xmalloc(sizeof(*chunk) + a->cap);
                chunk->next = a->chunks;
                chunk->size = a->cap;
                a->chunks = chunk;
                a->used = 0;
        }
        p = a->chunks->bytes + a->used;
        a->used += need;
        return memset(p, 0, need);
}

char *arena_strndup(struct arena *a, const char *text, size_t n)
{
        char *copy = arena_alloc(a, n + 1);

        if (n > 0)
                memcpy(copy, text, n);
        return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
        return arena_strndup(a, text, strlen(text));
}

char *arena_printf(struct arena *a, const char *format, ...)
{
        va_list args, again;
        int n;
        char *text;

        va_start(args, format);
        va_copy(again, args);
        n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        CHECK(n >= 0);
        text = arena_alloc(a, (size_t)n + 1);
        vsnprintf(text, (size_t)n + 1, format, again);
        va_end(again);
        return text;
}

void arena_release(struct arena *a)
{
        while (a->chunks != NULL) {
                struct arena_chunk *next = a->chunks->next;

                free(a->chunks);
                a->chunks = next;
        }
        *a = (struct arena){0};
}

void arena_wipe(struct arena *a)
{
        for (struct arena_chunk *chunk = a->chunks; chunk != NULL; chunk = chunk->next)
                explicit_bzero(chunk->bytes, chunk->size);
        arena_release(a);
}

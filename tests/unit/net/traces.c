#include "traces.h"

#include "auth/secret.h"
#include "base/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct trace trace_new(void)
{
        struct trace t;

        secret_random(t.masked, sizeof(t.masked));
        return t;
}

void trace_open(const struct trace *t, uint8_t out[TRACE_SIZE])
{
        for (size_t i = 0; i < TRACE_SIZE; i++)
                out[i] = t->masked[i] ^ TRACE_MASK;
}

/* The first 16 bytes do not count: a freed block's are the allocator's. */
static bool has(const uint8_t *p, size_t n, const struct trace *t)
{
        enum { FROM = 16, LENGTH = TRACE_SIZE - FROM };
        const uint8_t *end = p + n;

        while ((p = memchr(p, t->masked[FROM] ^ TRACE_MASK, (size_t)(end - p))) != NULL) {
                size_t same = 0;

                if (end - p < LENGTH)
                        return false;
                while (same < LENGTH && (p[same] ^ TRACE_MASK) == t->masked[FROM + same])
                        same++;
                if (same == LENGTH)
                        return true;
                p++;
        }
        return false;
}

static bool is_in(int memory, uintptr_t from, uintptr_t to, const struct trace *t)
{
        static uint8_t chunk[1 << 16];
        bool found = false;

        while (from < to && !found) {
                size_t n = to - from < sizeof(chunk) ? to - from : sizeof(chunk);
                ssize_t got = pread(memory, chunk, n, (off_t)from);

                if (got <= TRACE_SIZE)
                        return false;
                found = has(chunk, (size_t)got, t);
                from += got == (ssize_t)sizeof(chunk) ? (size_t)got - TRACE_SIZE : (size_t)got;
        }
        explicit_bzero(chunk, sizeof(chunk));
        return found;
}

/* Allocates nothing: that may be the very block that is looked for. */
static const char *read_maps(void)
{
        static char text[1 << 18];
        int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
        size_t n = 0;
        ssize_t got;

        CHECK(maps >= 0);
        while ((got = read(maps, text + n, sizeof(text) - 1 - n)) > 0)
                n += (size_t)got;
        CHECK(got == 0 && n < sizeof(text) - 1);
        close(maps);
        text[n] = '\0';
        return text;
}

/* Neither the shadows of a sanitizer nor anything else of terabytes can hold it. */
bool trace_is_left(const struct trace *t)
{
        int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        bool found = false;

        CHECK(memory >= 0);
        for (const char *line = read_maps(); *line != '\0' && !found; line = strchr(line, '\n') + 1) {
                char *rest;
                unsigned long from = strtoul(line, &rest, 16), to = strtoul(rest + 1, &rest, 16);

                if (strncmp(rest, " rw", 3) == 0 && to - from < (1UL << 30))
                        found = is_in(memory, from, to, t);
        }
        close(memory);
        return found;
}

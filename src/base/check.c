#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void check_failed(const char *file, int line, const char *what)
{
        fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
        abort();
}

void *xmalloc(unsigned long size)
{
        void *p = malloc(size != 0 ? size : 1);

        CHECK(p != NULL);
        return p;
}

void *xcalloc(unsigned long count, unsigned long size)
{
        void *p = calloc(count != 0 ? count : 1, size != 0 ? size : 1);

        CHECK(p != NULL);
        return p;
}

void *xrealloc(void *old, unsigned long size)
{
        void *p = realloc(old, size != 0 ? size : 1);

        CHECK(p != NULL);
        return p;
}

char *xstrdup(const char *text)
{
        size_t n = strlen(text) + 1;

        return memcpy(xmalloc(n), text, n);
}

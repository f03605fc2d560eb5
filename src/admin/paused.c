#include "admin/paused.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

static size_t find(const struct paused *p, const char *database)
{
        size_t i = 0;

        while (i < p->count && strcmp(p->names[i], database) != 0)
                i++;
        return i;
}

void paused_add(struct paused *p, const char *database)
{
        if (find(p, database) < p->count)
                return;
        p->names = xrealloc(p->names, (p->count + 1) * sizeof(*p->names));
        p->names[p->count++] = xstrdup(database);
}

bool paused_remove(struct paused *p, const char *database)
{
        size_t i = find(p, database);

        if (i == p->count)
                return false;
        free(p->names[i]);
        p->names[i] = p->names[--p->count];
        return true;
}

bool paused_has(const struct paused *p, const char *database)
{
        return p->killed || find(p, database) < p->count;
}

void paused_fini(struct paused *p)
{
        for (size_t i = 0; i < p->count; i++)
                free(p->names[i]);
        free(p->names);
        *p = (struct paused){0};
}

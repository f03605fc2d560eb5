#include "base/nameset.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static size_t find(const struct nameset *set, const char *name)
{
        size_t i = 0;

        while (i < set->count && strcmp(set->names[i], name) != 0)
                i++;
        return i;
}

bool nameset_has(const struct nameset *set, const char *name)
{
        return find(set, name) < set->count;
}

void nameset_add(struct nameset *set, const char *name)
{
        if (nameset_has(set, name))
                return;
        set->names = xrealloc(set->names, (set->count + 1) * sizeof(*set->names));
        set->names[set->count++] = xstrdup(name);
}

bool nameset_remove(struct nameset *set, const char *name)
{
        size_t i = find(set, name);

        if (i == set->count)
                return false;
        free(set->names[i]);
        set->names[i] = set->names[--set->count];
        return true;
}

void nameset_fini(struct nameset *set)
{
        for (size_t i = 0; i < set->count; i++)
                free(set->names[i]);
        free(set->names);
        *set = (struct nameset){0};
}

#include "router/lists.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

/* "a, b , c" as a NULL-terminated list; one allocation. */
static const char **split(const char *text)
{
        size_t n = strlen(text), count = 1;
        const char **list;
        char *copy;

        for (size_t i = 0; i < n; i++)
                count += text[i] == ',';
        list = xcalloc(1, (count + 1) * sizeof(*list) + n + 1);
        copy = memcpy((char *)(list + count + 1), text, n + 1);
        count = 0;
        for (char *save = NULL, *word = strtok_r(copy, ", \t", &save); word != NULL;
             word = strtok_r(NULL, ", \t", &save))
                list[count++] = word;
        return list;
}

void lists_read(struct route_lists *lists, const struct options *opt)
{
        lists_free(lists);
        lists->primary = split(opt->route_primary);
        lists->standby = split(opt->route_standby);
}

void lists_free(struct route_lists *lists)
{
        free(lists->primary);
        free(lists->standby);
        *lists = (struct route_lists){0};
}

struct classify_rules lists_rules(const struct route_lists *lists, const struct catalog *catalog)
{
        return (struct classify_rules){
            .primary_functions = lists->primary, .standby_functions = lists->standby, .catalog = catalog};
}

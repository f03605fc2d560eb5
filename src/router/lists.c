#include "router/lists.h"

#include "base/check.h"
#include "base/memory.h"
#include "conf/route_list.h"
#include "router/patterns.h"

#include <stdlib.h>
#include <string.h>

/* The functions of "a, b , c" as a NULL-terminated list; one allocation. */
static const char **split(const char *text)
{
        size_t count = 0, bytes = 0;
        struct route_item item;
        const char **list;
        char *space;

        for (const char *rest = text; route_list_next(&rest, &item); count++)
                bytes += item.text.n + 1;
        list = xcalloc(1, (count + 1) * sizeof(*list) + bytes);
        space = (char *)(list + count + 1);
        count = 0;
        while (route_list_next(&text, &item)) {
                if (item.is_pattern)
                        continue;
                list[count++] = memcpy(space, item.text.p, item.text.n);
                space += item.text.n + 1;
        }
        return list;
}

void lists_read(struct route_lists *lists, const struct options *opt)
{
        lists_free(lists);
        lists->primary = split(opt->route_primary);
        lists->standby = split(opt->route_standby);
        lists->patterns = patterns_new(opt);
}

void lists_free(struct route_lists *lists)
{
        free(lists->primary);
        free(lists->standby);
        patterns_free(lists->patterns);
        *lists = (struct route_lists){0};
}

struct classify_rules lists_rules(const struct route_lists *lists, const struct catalog *catalog)
{
        return (struct classify_rules){
            .primary_functions = lists->primary,
            .standby_functions = lists->standby,
            .patterns = lists->patterns,
            .catalog = catalog,
        };
}

#include "session/stats.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdlib.h>

struct db_stats *stats_for(struct db_stats **all, const char *database)
{
        struct db_stats *s;

        HASH_FIND_STR(*all, database, s);
        if (s == NULL) {
                size_t n = strlen(database) + 1;

                s = xcalloc(1, sizeof(*s) + n);
                memcpy(s->database, database, n);
                HASH_ADD_STR(*all, database, s);
        }
        return s;
}

void stats_free(struct db_stats **all)
{
        struct db_stats *s, *next;

        HASH_ITER (hh, *all, s, next) {
                HASH_DEL(*all, s);
                free(s);
        }
}

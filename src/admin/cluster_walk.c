#include "admin/cluster_walk.h"

#include "base/check.h"
#include "base/memory.h"
#include "wire/writer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void cluster_walk_init(struct cluster_walk *w, const struct conf *conf)
{
        *w = (struct cluster_walk){.conf = conf,
                                   .of = xcalloc(conf->database_count + 1, sizeof(struct cluster *))};
        for (size_t i = 0; i < conf->database_count; i++)
                if (conf->databases[i].host_count > 0)
                        w->of[i] = cluster_for(&conf->databases[i]);
}

void cluster_walk_fini(struct cluster_walk *w)
{
        free(w->of);
        arena_release(&w->arena);
}

/* Whole: it tells clusters apart wherever they are named, and two that begin alike are not one. */
static const char *take_names(struct cluster_walk *w)
{
        struct buf names = {0};
        struct writer to = writer_to(&names, SIZE_MAX);
        const char *copy;

        for (size_t i = w->next; i < w->conf->database_count; i++) {
                const char *name = w->conf->databases[i].name;

                if (w->of[i] != w->cluster)
                        continue;
                w->of[i] = NULL;
                if (buf_len(&names) > 0)
                        put_byte(&to, ',');
                put_raw(&to, name, strlen(name));
        }
        copy = arena_strndup(&w->arena, (const char *)buf_data(&names), buf_len(&names));
        buf_release(&names);
        return copy;
}

bool cluster_walk_next(struct cluster_walk *w)
{
        while (w->next < w->conf->database_count && w->of[w->next] == NULL)
                w->next++;
        if (w->next == w->conf->database_count)
                return false;
        w->cluster = w->of[w->next];
        w->names = take_names(w);
        return true;
}

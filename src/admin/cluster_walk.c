#include "admin/cluster_walk.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

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
}

bool cluster_walk_next(struct cluster_walk *w)
{
        size_t n = 0;

        while (w->next < w->conf->database_count && w->of[w->next] == NULL)
                w->next++;
        if (w->next == w->conf->database_count)
                return false;
        w->cluster = w->of[w->next];
        for (size_t i = w->next; i < w->conf->database_count; i++) {
                if (w->of[i] != w->cluster)
                        continue;
                w->of[i] = NULL;
                if (n < sizeof(w->names))
                        n += (size_t)snprintf(w->names + n, sizeof(w->names) - n, "%s%s", n > 0 ? "," : "",
                                              w->conf->databases[i].name);
        }
        return true;
}

/* SHOW PEERS and SHOW PEER_POOLS. */
#include "admin/fill.h"
#include "base/check.h"
#include "base/memory.h"

#include <stdlib.h>

void fill_peers(struct table *t, const struct scene *s)
{
        for (size_t i = 0; i < s->conf->peer_count; i++) {
                const struct conf_peer *p = &s->conf->peers[i];

                table_int(t, p->peer_id);
                table_text(t, p->host.host);
                table_int(t, p->host.port);
                table_int(t, p->pool_size >= 0 ? p->pool_size : s->conf->opt.default_pool_size);
        }
}

static int by_id(const void *a, const void *b)
{
        return ((const struct census_peer *)a)->peer_id - ((const struct census_peer *)b)->peer_id;
}

/* The workers' rows added up, one for each peer that something was ever sent to, by id; *count of them. The
 * caller frees. */
static struct census_peer *peer_rows(const struct scene *s, size_t *count)
{
        struct census_peer *rows;
        size_t most = 1, n = 0, kept = 0;

        for (int w = 0; w < s->census->workers; w++)
                most += s->census->worker[w].peer_count;
        rows = xcalloc(most, sizeof(*rows));
        for (int w = 0; w < s->census->workers; w++)
                for (size_t i = 0; i < s->census->worker[w].peer_count; i++)
                        rows[n++] = s->census->worker[w].peers[i];
        qsort(rows, n, sizeof(*rows), by_id);
        for (size_t i = 1; i < n; i++) {
                struct census_peer *to = &rows[kept];

                if (to->peer_id != rows[i].peer_id) {
                        rows[++kept] = rows[i];
                        continue;
                }
                to->cl_active_cancel_req += rows[i].cl_active_cancel_req;
                to->cl_waiting_cancel_req += rows[i].cl_waiting_cancel_req;
                to->sv_active_cancel += rows[i].sv_active_cancel;
                to->sv_login += rows[i].sv_login;
        }
        *count = n == 0 ? 0 : kept + 1;
        return rows;
}

void fill_peer_pools(struct table *t, const struct scene *s)
{
        size_t count;
        struct census_peer *rows = peer_rows(s, &count);

        for (size_t i = 0; i < count; i++) {
                table_int(t, rows[i].peer_id);
                table_int(t, rows[i].cl_active_cancel_req);
                table_int(t, rows[i].cl_waiting_cancel_req);
                table_int(t, rows[i].sv_active_cancel);
                table_int(t, rows[i].sv_login);
        }
        free(rows);
}

size_t count_peer_pools(const struct scene *s)
{
        size_t count;

        free(peer_rows(s, &count));
        return count;
}

#include "admin/pool_rows.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
        const struct pool_row *x = a, *y = b;
        int order = strcmp(x->database, y->database);

        if (order == 0)
                order = strcmp(x->user, y->user);
        return order != 0 ? order : strcmp(x->node, y->node);
}

static void fold(struct pool_row *into, const struct pool_row *from)
{
        into->clients += from->clients;
        into->cl_active += from->cl_active;
        into->cl_waiting += from->cl_waiting;
        into->cl_active_cancel_req += from->cl_active_cancel_req;
        into->cl_waiting_cancel_req += from->cl_waiting_cancel_req;
        into->sv_active += from->sv_active;
        into->sv_active_cancel += from->sv_active_cancel;
        into->sv_being_canceled += from->sv_being_canceled;
        into->sv_idle += from->sv_idle;
        into->sv_used += from->sv_used;
        into->sv_tested += from->sv_tested;
        into->sv_login += from->sv_login;
        if (from->limit > into->limit)
                into->limit = from->limit;
        if (from->maxwait_us > into->maxwait_us)
                into->maxwait_us = from->maxwait_us;
}

static struct pool_row of_pool(const struct census_pool *p)
{
        return (struct pool_row){
            .database = p->database,
            .user = p->user,
            .node = p->node,
            .cl_active = p->cl_active,
            .cl_waiting = p->cl_waiting,
            .cl_active_cancel_req = p->cl_active_cancel_req,
            .cl_waiting_cancel_req = p->cl_waiting_cancel_req,
            .sv_active = p->sv_active,
            .sv_active_cancel = p->sv_active_cancel,
            .sv_being_canceled = p->sv_being_canceled,
            .sv_idle = p->sv_idle,
            .sv_used = p->sv_used,
            .sv_tested = p->sv_tested,
            .sv_login = p->sv_login,
            .limit = p->limit,
            .maxwait_us = p->maxwait_us,
            .pool_mode = p->pool_mode,
        };
}

/* Clients whose database line has a user of its own share that user's pool, so they are counted there. */
static struct pool_row of_endpoint(const struct census_endpoint *e, const struct conf *conf)
{
        const struct conf_database *line = conf_find_database(conf, e->database);

        return (struct pool_row){
            .database = e->database,
            .user = line != NULL && line->user != NULL ? line->user : e->user,
            .node = "",
            .clients = e->clients,
            .cl_active = e->cl_active,
            .cl_waiting = e->cl_waiting,
            .maxwait_us = e->maxwait_us,
            .pool_mode = e->pool_mode,
        };
}

/* The clients of a pool are the clients of an endpoint, too, and are counted there when nodes do not matter.
 */
static struct pool_row without_clients(struct pool_row row)
{
        row.cl_active = row.cl_waiting = 0;
        row.maxwait_us = 0;
        return row;
}

static void push(struct pool_rows *rows, struct pool_row row, unsigned key)
{
        if (!(key & BY_DATABASE))
                row.database = "";
        if (!(key & BY_USER))
                row.user = "";
        if (!(key & BY_NODE))
                row.node = "";
        rows->list[rows->count++] = row;
}

void pool_rows_make(struct pool_rows *rows, const struct scene *s, unsigned key)
{
        const struct census *census = s->census;
        size_t most = 1, kept = 0;

        for (int w = 0; w < census->workers; w++)
                most += census->worker[w].pool_count + census->worker[w].endpoint_count;
        *rows = (struct pool_rows){.list = xcalloc(most, sizeof(*rows->list))};
        if (!(key & BY_NODE))
                push(rows,
                     (struct pool_row){.database = "pgbouncer",
                                       .user = "pgbouncer",
                                       .node = "",
                                       .clients = (int)s->console_count,
                                       .cl_active = (int)s->console_count,
                                       .pool_mode = POOL_STATEMENT},
                     key);
        for (int w = 0; w < census->workers; w++) {
                const struct census_worker *worker = &census->worker[w];

                for (size_t i = 0; i < worker->pool_count; i++) {
                        struct pool_row row = of_pool(&worker->pools[i]);

                        push(rows, key & BY_NODE ? row : without_clients(row), key);
                }
                for (size_t i = 0; i < worker->endpoint_count && !(key & BY_NODE); i++)
                        push(rows, of_endpoint(&worker->endpoints[i], s->conf), key);
        }
        qsort(rows->list, rows->count, sizeof(*rows->list), compare);
        for (size_t i = 1; i < rows->count; i++) {
                if (compare(&rows->list[kept], &rows->list[i]) == 0)
                        fold(&rows->list[kept], &rows->list[i]);
                else
                        rows->list[++kept] = rows->list[i];
        }
        rows->count = rows->count == 0 ? 0 : kept + 1;
}

void pool_rows_fini(struct pool_rows *rows)
{
        free(rows->list);
        *rows = (struct pool_rows){0};
}

int pool_row_servers(const struct pool_row *row)
{
        return row->sv_active + row->sv_active_cancel + row->sv_being_canceled + row->sv_idle + row->sv_used +
               row->sv_tested + row->sv_login;
}

const char *pool_mode_text(int mode)
{
        static const char *const names[] = {
            [POOL_SESSION] = "session", [POOL_TRANSACTION] = "transaction", [POOL_STATEMENT] = "statement"};

        return mode >= 0 && mode < (int)(sizeof(names) / sizeof(names[0])) ? names[mode] : NULL;
}

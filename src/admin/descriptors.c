#include "admin/descriptors.h"

#include "admin/pass.h"
#include "base/clock.h"
#include "net/listener.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- the table ---- */

static void row(struct table *t, const char *task, const struct census_socket *k)
{
        table_int(t, k->fd);
        table_text(t, task);
        table_text(t, k->user);
        table_text(t, k->database);
        table_text(t, k->addr);
        table_int(t, k->port);
        table_int(t, (int64_t)k->cancel);
        table_int(t, k->link_fd);
        for (int i = 0; i < CENSUS_PARAMETERS; i++)
                table_text(t, k->parameters[i]);
        for (int i = 0; i < 3; i++) /* password, scram_client_key, scram_server_key */
                table_null(t);
}

static void listener_row(struct table *t, int fd, int listen_port)
{
        struct address address = {.size = sizeof(address.u)};
        struct census_socket k = {.fd = fd};
        char host[64] = "";
        int port = listen_port;

        if (getsockname(fd, &address.u.any, &address.size) == 0)
                address_text(&address, host, sizeof(host), &port);
        k.addr = host;
        k.port = port;
        row(t, "pooler", &k);
}

struct rows {
        struct table *t;
        int *passed; /* NULL: none are */
        size_t count;
};

static void pass(struct rows *rows, int fd)
{
        if (rows->passed != NULL)
                rows->passed[rows->count++] = fd;
}

static void socket_rows(struct rows *rows, const char *task, const struct census_socket *sockets,
                        size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (!sockets[i].plain || sockets[i].fd < 0 ||
                    (rows->passed != NULL && sockets[i].duplicate < 0))
                        continue;
                row(rows->t, task, &sockets[i]);
                pass(rows, sockets[i].duplicate);
        }
}

static size_t count_all(const struct census *census, const struct listeners *l)
{
        size_t n = l != NULL ? (size_t)l->count : 0;

        for (int w = 0; w < census->workers; w++)
                n += census->worker[w].client_count + census->worker[w].server_count;
        return n;
}

/* The answer is sent before the census, and its duplicates with it, goes. */
static bool fill(struct job *job, const struct census *census)
{
        struct admin *a = job->admin;
        struct outcome *o = &job->outcome;
        const struct listeners *l = a->crowd->listeners;
        struct rows rows = {.t = &o->table};

        table_init(&o->table, show_fds.columns, show_fds.column_count);
        o->has_table = true;
        if (census->parts & CENSUS_DESCRIPTORS)
                rows.passed = arena_alloc(&o->table.arena, (count_all(census, l) + 1) * sizeof(int));
        for (int i = 0; l != NULL && i < l->count; i++) {
                if (l->fds[i] < 0)
                        continue;
                listener_row(rows.t, l->fds[i], a->ops->conf(a->arg)->opt.listen_port);
                pass(&rows, l->fds[i]);
        }
        for (int w = 0; w < census->workers; w++)
                socket_rows(&rows, "client", census->worker[w].clients, census->worker[w].client_count);
        for (int w = 0; w < census->workers; w++)
                socket_rows(&rows, "server", census->worker[w].servers, census->worker[w].server_count);
        o->passed = rows.passed;
        return true;
}

static bool may_have_them(const struct console *c)
{
        return c->state == CONSOLE_SCRIPT && c->stream.session == NULL && stream_unsent(&c->stream) == 0 &&
               pass_allowed(c->stream.fd);
}

bool job_fds(struct job *job)
{
        unsigned parts = show_fds.parts;

        if (may_have_them(job->arg))
                parts |= CENSUS_DESCRIPTORS;
        return job_ask_census(job, parts, fill);
}

/* ---- sending ---- */

bool descriptors_send(struct console *c, const struct outcome *outcome)
{
        int64_t deadline_us = clock_us() + PASS_PATIENCE_US;
        bool good = stream_unsent(&c->stream) == 0 && pass_bytes(c->stream.fd, &c->out, -1, deadline_us);

        buf_consume(&c->out, buf_len(&c->out));
        for (size_t i = 0; good && i < table_rows(&outcome->table); i++) {
                struct buf bytes = {0};
                struct writer w = writer_to(&bytes, CONSOLE_ANSWER_MAX);

                write_data_row(&w, &outcome->table, i, 0);
                good = !w.failed && pass_bytes(c->stream.fd, &bytes, outcome->passed[i], deadline_us);
                buf_release(&bytes);
        }
        return good;
}

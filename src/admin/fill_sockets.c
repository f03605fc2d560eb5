#include "admin/fill.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

static void wall_text(struct table *t, int64_t wall_us)
{
        char text[64];

        if (wall_us == 0) {
                table_text(t, "");
                return;
        }
        clock_format(wall_us, text, sizeof(text));
        table_text(t, text);
}

static void pointer_text(struct table *t, uint64_t identity)
{
        if (identity == 0)
                table_text(t, "");
        else
                table_textf(t, "0x%llx", (unsigned long long)identity);
}

/* The 21 columns of SHOW CLIENTS. `type` C or S; `prefix` before the state, for SHOW SOCKETS. */
static void socket_row(struct table *t, const struct census_socket *k, char type, const char *prefix)
{
        table_textf(t, "%c", type);
        table_text(t, k->user);
        table_text(t, k->database);
        table_text(t, "none");
        table_textf(t, "%s%s", prefix, k->state);
        table_text(t, k->addr);
        table_int(t, k->port);
        table_text(t, k->local_addr);
        table_int(t, k->local_port);
        wall_text(t, k->connect_wall_us);
        wall_text(t, k->request_wall_us);
        table_int(t, k->wait_us / US_PER_SEC);
        table_int(t, k->wait_us % US_PER_SEC);
        table_int(t, k->close_needed);
        pointer_text(t, k->ptr);
        pointer_text(t, k->link);
        table_int(t, k->remote_pid);
        table_text(t, ""); /* no TLS yet */
        table_text(t, k->application_name);
        table_int(t, k->prepared_statements);
        table_int(t, (int64_t)k->id);
}

/* Positions in PgBouncer's buffers: there are none here. */
static void no_buffers(struct table *t)
{
        for (int i = 0; i < 7; i++)
                table_int(t, 0);
}

void fill_clients(struct table *t, const struct scene *s)
{
        for (int w = 0; w < s->census->workers; w++)
                for (size_t i = 0; i < s->census->worker[w].client_count; i++)
                        socket_row(t, &s->census->worker[w].clients[i], 'C', "");
        for (size_t i = 0; i < s->console_count; i++)
                socket_row(t, &s->consoles[i], 'C', "");
}

void fill_servers(struct table *t, const struct scene *s)
{
        for (int w = 0; w < s->census->workers; w++)
                for (size_t i = 0; i < s->census->worker[w].server_count; i++)
                        socket_row(t, &s->census->worker[w].servers[i], 'S', "");
}

static void debug_row(struct table *t, const struct census_socket *k, bool server, bool active_only)
{
        if (active_only && strcmp(k->state, "active") != 0)
                return;
        socket_row(t, k, server ? 'S' : 'C', server ? "sv_" : "cl_");
        no_buffers(t);
}

static void debug_rows(struct table *t, const struct scene *s, bool active_only)
{
        for (int w = 0; w < s->census->workers; w++) {
                const struct census_worker *worker = &s->census->worker[w];

                for (size_t i = 0; i < worker->client_count; i++)
                        debug_row(t, &worker->clients[i], false, active_only);
                for (size_t i = 0; i < worker->server_count; i++)
                        debug_row(t, &worker->servers[i], true, active_only);
        }
        for (size_t i = 0; i < s->console_count; i++)
                debug_row(t, &s->consoles[i], false, active_only);
}

void fill_sockets(struct table *t, const struct scene *s)
{
        debug_rows(t, s, false);
}

void fill_active_sockets(struct table *t, const struct scene *s)
{
        debug_rows(t, s, true);
}

void fill_sessions(struct table *t, const struct scene *s)
{
        for (int w = 0; w < s->census->workers; w++) {
                for (size_t i = 0; i < s->census->worker[w].client_count; i++) {
                        const struct census_socket *k = &s->census->worker[w].clients[i];

                        table_int(t, (int64_t)k->id);
                        table_text(t, k->database);
                        table_text(t, k->user);
                        table_text(t, k->addr);
                        table_int(t, k->port);
                        table_text(t, k->state);
                        table_text(t, k->node);
                        table_text(t, k->pin);
                        table_int(t, k->wait_us / US_PER_SEC);
                        table_int(t, k->wait_us % US_PER_SEC);
                        table_int(t, k->prepared_statements);
                        table_text(t, k->application_name);
                        wall_text(t, k->connect_wall_us);
                        table_int(t, k->worker);
                }
        }
}

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

/* The 21 columns of SHOW CLIENTS. `type` C or S. */
static void socket_row(struct table *t, const struct census_socket *k, char type, const char *state)
{
        table_textf(t, "%c", type);
        table_text(t, k->user);
        table_text(t, k->database);
        table_text(t, k->replication);
        table_text(t, state);
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
        table_text(t, k->tls);
        table_text(t, k->application_name);
        table_int(t, k->prepared_statements);
        table_int(t, (int64_t)k->id);
}

static bool logs_in(const struct census_socket *k)
{
        return strcmp(k->state, "login") == 0;
}

void fill_clients(struct table *t, const struct scene *s)
{
        for (int w = 0; w < s->census->workers; w++) {
                for (size_t i = 0; i < s->census->worker[w].client_count; i++) {
                        const struct census_socket *k = &s->census->worker[w].clients[i];

                        if (!logs_in(k))
                                socket_row(t, k, 'C', k->state);
                }
        }
        for (size_t i = 0; i < s->console_count; i++)
                socket_row(t, &s->consoles[i], 'C', s->consoles[i].state);
}

void fill_servers(struct table *t, const struct scene *s)
{
        for (int w = 0; w < s->census->workers; w++)
                for (size_t i = 0; i < s->census->worker[w].server_count; i++)
                        socket_row(t, &s->census->worker[w].servers[i], 'S',
                                   s->census->worker[w].servers[i].state);
}

/* SHOW SOCKETS has older names: an idle client is an active one there, a new server logs in. The seven
 * columns behind are positions in PgBouncer's packet buffer; of ours there are the numbers of bytes. */
static void debug_row(struct table *t, const struct census_socket *k, bool server, bool active_only)
{
        char state[32];

        if (active_only && k->half_read + k->unread + k->unsent == 0)
                return;
        if (server)
                snprintf(state, sizeof(state), "sv_%s", strcmp(k->state, "new") == 0 ? "login" : k->state);
        else
                snprintf(state, sizeof(state), "cl_%s", strcmp(k->state, "idle") == 0 ? "active" : k->state);
        socket_row(t, k, server ? 'S' : 'C', state);
        table_int(t, (int64_t)k->unread); /* recv_pos */
        table_int(t, 0);                  /* pkt_pos */
        table_int(t, (int64_t)k->half_read);
        table_int(t, 0); /* send_pos */
        table_int(t, 0); /* send_remain */
        table_int(t, (int64_t)k->unread);
        table_int(t, (int64_t)k->unsent);
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

                        if (logs_in(k))
                                continue;
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

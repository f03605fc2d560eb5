#include "session/census.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/names.h"
#include "net/secure.h"
#include "session/cancel.h"
#include "session/census_holds.h"
#include "session/census_memory.h"
#include "session/census_prepared.h"
#include "session/client.h"
#include "session/entry.h"
#include "wire/proto.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct form {
        struct letter letter;
        struct census *census;
        struct room *room;
};

/* As PgBouncer names a client's states; without a server it is idle. */
static const char *client_state(const struct client *c)
{
        switch (c->state) {
        case CLIENT_WAITING:
        case CLIENT_HELD:
        case CLIENT_CATCHING:
        case CLIENT_ASKING:
        case CLIENT_WELCOME: return "waiting";
        case CLIENT_GATE:
        case CLIENT_RESOLVE:
        case CLIENT_LOOKUP:
        case CLIENT_STARTUP:
        case CLIENT_AUTH:
        case CLIENT_DELAYED:
        case CLIENT_INQUIRY: return "login";
        case CLIENT_IDLE:
        case CLIENT_SETTING:
        case CLIENT_ACTIVE:
        case CLIENT_ABORTED:
        case CLIENT_BEGUN:
        case CLIENT_CLOSED:
        case CLIENT_STATES: break;
        }
        return c->server != NULL ? "active" : "idle";
}

static const char *pin_name(unsigned pins)
{
        static const char *const names[] = {
            "LISTEN", "temporary table", "PREPARE", "WITH HOLD cursor", "advisory lock", "LOAD", "setting"};

        for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (pins & (1U << i))
                        return names[i];
        return "";
}

static const char *tls_text(struct arena *a, const struct stream *s)
{
        char text[128] = "";

        if (!s->securing)
                secure_describe(s, text, sizeof(text));
        return arena_strdup(a, text);
}

/* What a program would be told: a literal of SQL without its quotes. */
static char *plain_value(struct arena *a, const struct setting *s)
{
        struct sv v = s->value;
        char *text, *to;

        if (s->kind != SETTING_KIND_SQL || v.n < 2 || v.p[0] != '\'' || v.p[v.n - 1] != '\'')
                return arena_strndup(a, v.p, v.n);
        text = to = arena_alloc(a, v.n);
        for (size_t i = 1; i < v.n - 1; i++) {
                *to++ = v.p[i];
                i += v.p[i] == '\'' && v.p[i + 1] == '\'';
        }
        return text;
}

static const char *setting_text(struct arena *a, const struct settings *set, const char *name)
{
        struct setting s;

        return settings_get(set, sv_cstr(name), &s) ? plain_value(a, &s) : "";
}

const char *const census_parameters[CENSUS_PARAMETERS] = {"client_encoding", "standard_conforming_strings",
                                                          "datestyle", "timezone"};

/* What another process would need to go on with it. */
static void fill_descriptor(struct census_socket *row, const struct stream *s, const struct stream *link,
                            const struct cancel_key *key, bool duplicate)
{
        row->fd = s->fd;
        row->link_fd = link != NULL ? link->fd : 0;
        row->plain = s->session == NULL && (link == NULL || link->session == NULL);
        row->cancel = (uint64_t)key->pid << 32 | get_u32(key->secret);
        row->duplicate = duplicate && row->plain && s->fd >= 0 ? fcntl(s->fd, F_DUPFD_CLOEXEC, 0) : -1;
}

static void fill_parameters(struct census_socket *row, const struct settings *set, struct arena *a)
{
        struct setting s;

        for (int i = 0; i < CENSUS_PARAMETERS; i++)
                if (settings_get(set, sv_cstr(census_parameters[i]), &s))
                        row->parameters[i] = plain_value(a, &s);
}

/* The session has begun in the sense of PgBouncer: it has a database and a user. */
static void fill_names(const struct client *c, struct census_socket *row, struct arena *a)
{
        row->user = "(nouser)";
        row->database = "(nodb)";
        if (c->endpoint != NULL) {
                row->user = arena_strdup(a, c->endpoint->user);
                row->database = arena_strdup(a, c->endpoint->database);
        } else if (c->entry != NULL && c->entry->user != NULL && c->entry->database != NULL) {
                row->user = arena_strdup(a, c->entry->user);
                row->database = arena_strdup(a, c->entry->database);
        }
}

static void fill_client(const struct client *c, struct census_socket *row, struct arena *a, bool duplicate)
{
        int64_t now = loop_now(c->room->loop);
        char host[IP_TEXT_SIZE];
        bool waits =
            strcmp(client_state(c), "waiting") == 0 || (c->server != NULL && c->server->replies.count > 0);

        fill_names(c, row, a);
        row->state = client_state(c);
        row->node = c->server != NULL ? arena_strdup(a, c->server->pool->node->name) : "";
        row->addr = arena_strdup(a, ip_text(&c->ip, host));
        row->port = c->port;
        row->local_port = c->room->conf->opt.listen_port;
        row->local_addr = arena_strdup(a, socket_local(c->stream.fd, &row->local_port).host);
        row->connect_wall_us = c->connected_wall_us;
        row->request_wall_us =
            c->request_us != 0 ? clock_wall_us() - (now - c->request_us) : c->connected_wall_us;
        row->wait_us = waits ? now - (c->request_us != 0 ? c->request_us : now) : 0;
        row->application_name = setting_text(a, c->settings, "application_name");
        row->tls = tls_text(a, &c->stream);
        fill_descriptor(row, &c->stream, c->server != NULL ? &c->server->stream : NULL, &c->key, duplicate);
        fill_parameters(row, c->settings, a);
        row->replication = replication_word(c->replication);
        row->ptr = (uint64_t)(uintptr_t)c;
        row->link = (uint64_t)(uintptr_t)c->server;
        row->prepared_statements = (int)names_count(&c->names);
        row->half_read = c->pass + c->drop;
        row->unread = buf_len(&c->in);
        row->unsent = stream_unsent(&c->stream);
        row->id = c->id;
        row->remote_pid = c->origin == ORIGIN_DIRECT ? socket_peer_pid(c->stream.fd) : 0;
        row->worker = c->room->self;
        row->pin = pin_name(c->pins);
}

static void fill_clients(struct room *room, struct census_worker *w, bool duplicate)
{
        size_t n = 0;

        list_for_each (node, &room->clients)
                n++;
        w->clients = arena_alloc(&w->arena, n * sizeof(*w->clients));
        list_for_each (node, &room->clients)
                fill_client(list_item(node, const struct client, in_clients), &w->clients[w->client_count++],
                            &w->arena, duplicate);
}

static const char *server_state(const struct server *s)
{
        switch (s->state) {
        case SERVER_CONNECTING:
        case SERVER_LOGIN: return "new";
        case SERVER_LEASED: return "active";
        case SERVER_RESETTING: return "tested";
        case SERVER_PARKED: return "being_canceled";
        case SERVER_IDLE: return pool_must_check(s->pool, s) ? "used" : "idle";
        case SERVER_MOVING:
        case SERVER_CLOSED:
        case SERVER_STATES: break;
        }
        return "idle";
}

static void fill_servers_of(struct pool *pool, struct list *list, struct census_worker *w, bool duplicate)
{
        struct arena *a = &w->arena;

        list_for_each (node, list) {
                const struct server *s = list_item(node, struct server, in_pool);
                struct census_socket *row = &w->servers[w->server_count++];

                row->user = arena_strdup(a, pool->quota->user);
                row->database = arena_strdup(a, pool->quota->database);
                row->state = server_state(s);
                row->node = arena_strdup(a, pool->node->name);
                row->addr = arena_strdup(a, s->address);
                row->port = s->port;
                row->local_port = s->local_port;
                row->local_addr = arena_strdup(a, socket_local(s->stream.fd, &row->local_port).host);
                row->connect_wall_us = s->connected_wall_us;
                row->request_wall_us = clock_wall_us() - (loop_now(pool->home->loop) - s->since_us);
                row->close_needed = s->close_needed;
                row->application_name = setting_text(a, s->applied, "application_name");
                row->tls = tls_text(a, &s->stream);
                fill_descriptor(row, &s->stream, s->client != NULL ? &s->client->stream : NULL, &s->key,
                                duplicate);
                fill_parameters(row, s->applied, a);
                row->replication = replication_word(s->replication);
                row->ptr = (uint64_t)(uintptr_t)s;
                row->link = (uint64_t)(uintptr_t)s->client;
                row->remote_pid = s->key.pid;
                row->prepared_statements = (int)s->prepared.count;
                row->half_read = s->pass + s->swallow;
                row->unread = buf_len(&s->in);
                row->unsent = stream_unsent(&s->stream);
                row->id = s->id;
                row->worker = pool->home->self;
                row->pin = "";
        }
}

static void fill_servers(struct room *room, struct census_worker *w, bool duplicate)
{
        struct pool *pool, *next;
        size_t n = 0;

        HASH_ITER (hh, room->pools.pools, pool, next)
                n += (size_t)(pool->idle_count + pool->leased_count + pool->login_count +
                              pool->resetting_count + pool->parked_count);
        w->servers = arena_alloc(&w->arena, n * sizeof(*w->servers));
        HASH_ITER (hh, room->pools.pools, pool, next) {
                fill_servers_of(pool, &pool->leased, w, duplicate);
                fill_servers_of(pool, &pool->idle, w, duplicate);
                fill_servers_of(pool, &pool->login, w, duplicate);
                fill_servers_of(pool, &pool->resetting, w, duplicate);
                fill_servers_of(pool, &pool->parked, w, duplicate);
        }
}

static void fill_pool(const struct pool *pool, struct census_pool *row, struct census_worker *w)
{
        const struct list *head = list_first(&pool->queue);

        row->database = arena_strdup(&w->arena, pool->quota->database);
        row->user = arena_strdup(&w->arena, pool->quota->user);
        row->node = arena_strdup(&w->arena, pool->node->name);
        row->cl_waiting = pool->queue_count + pool->solo_count;
        row->cl_active = pool->leased_count;
        row->sv_active = pool->leased_count;
        row->cl_active_cancel_req = row->sv_active_cancel = pool->outlet.sent_count;
        row->cl_waiting_cancel_req = pool->outlet.waiting_count + pool->outlet.dialling_count;
        row->sv_being_canceled = pool->parked_count;
        list_for_each (node, &pool->idle)
                row->sv_used += pool_must_check(pool, list_item(node, struct server, in_pool));
        row->sv_idle = pool->idle_count - row->sv_used;
        row->sv_tested = pool->resetting_count;
        row->sv_login = pool->login_count + pool->outlet.dialling_count;
        if (head != NULL)
                row->maxwait_us =
                    loop_now(pool->home->loop) - list_item(head, const struct waiter, in_queue)->since_us;
        row->pool_mode = pool->home->conf->opt.pool_mode;
        if (pool->line != NULL && pool->line->pool_mode >= 0)
                row->pool_mode = pool->line->pool_mode;
        row->limit = atomic_load(&pool->quota->limit);
        row->worker = pool->home->self;
}

static void fill_latency(struct room *room, struct census_worker *w)
{
        struct pool *pool, *next;

        w->latency = arena_alloc(&w->arena, HASH_COUNT(room->pools.pools) * sizeof(*w->latency));
        HASH_ITER (hh, room->pools.pools, pool, next) {
                struct census_latency *row = &w->latency[w->latency_count];

                if (pool->latency == NULL)
                        continue;
                row->database = arena_strdup(&w->arena, pool->quota->database);
                row->user = arena_strdup(&w->arena, pool->quota->user);
                row->node = arena_strdup(&w->arena, pool->node->name);
                for (int i = 0; i < LATENCY_KINDS; i++)
                        row->of[i] = histogram_extract(&pool->latency->of[i], &w->arena);
                w->latency_count++;
        }
}

static void fill_queries(struct room *room, struct census_worker *w)
{
        const struct queries *q = &room->queries;

        if (q->places == NULL)
                return;
        w->queries = arena_alloc(&w->arena, q->count * sizeof(*w->queries));
        for (size_t i = 0; i < q->count; i++) {
                const struct query *from = &q->places[i];

                if (from->key == 0)
                        continue;
                w->queries[w->query_count++] =
                    (struct census_query){.key = from->key,
                                          .database = arena_strdup(&w->arena, from->database),
                                          .user = arena_strdup(&w->arena, from->user),
                                          .text = arena_strdup(&w->arena, from->text),
                                          .fingerprint = from->fingerprint,
                                          .calls = from->calls,
                                          .errors = from->errors,
                                          .rows = from->rows,
                                          .on_primary = from->on_primary,
                                          .on_standby = from->on_standby,
                                          .time = histogram_extract(&from->time, &w->arena)};
        }
}

static void fill_peers(struct room *room, struct census_worker *w)
{
        size_t n = 0;

        list_for_each (node, &room->pools.outlets)
                n++;
        w->peers = arena_alloc(&w->arena, n * sizeof(*w->peers));
        list_for_each (node, &room->pools.outlets) {
                const struct outlet *o = list_item(node, struct outlet, in_home);

                w->peers[w->peer_count++] =
                    (struct census_peer){.peer_id = o->peer_id,
                                         .cl_active_cancel_req = o->sent_count,
                                         .cl_waiting_cancel_req = o->waiting_count + o->dialling_count,
                                         .sv_active_cancel = o->sent_count,
                                         .sv_login = o->dialling_count};
        }
}

static void count_client(const struct client *c, struct census_endpoint *row)
{
        int64_t waited = loop_now(c->room->loop) - c->request_us;

        row->clients++;
        row->held += c->state == CLIENT_HELD;
        if (strcmp(client_state(c), "waiting") == 0) {
                row->cl_waiting++;
                if (c->request_us != 0 && waited > row->maxwait_us)
                        row->maxwait_us = waited;
        } else {
                row->cl_active++;
        }
}

static void fill_endpoints(struct room *room, struct census_worker *w)
{
        struct endpoint *e, *next;

        w->endpoints = arena_alloc(&w->arena, HASH_COUNT(room->endpoints) * sizeof(*w->endpoints));
        HASH_ITER (hh, room->endpoints, e, next) {
                struct census_endpoint *row = &w->endpoints[w->endpoint_count];

                row->database = arena_strdup(&w->arena, e->database);
                row->user = arena_strdup(&w->arena, e->user);
                row->pool_mode = e->pool_mode;
                e->census_row = w->endpoint_count++;
        }
        list_for_each (node, &room->clients) {
                const struct client *c = list_item(node, struct client, in_clients);

                if (c->endpoint != NULL)
                        count_client(c, &w->endpoints[c->endpoint->census_row]);
        }
}

static void count_name(void *arg, const struct name_answer *answer)
{
        (void)answer;
        ++*(size_t *)arg;
}

static void fill_name(void *arg, const struct name_answer *answer)
{
        struct census_worker *w = arg;
        struct census_name *row = &w->names[w->name_count++];
        const char *text = "";

        for (int i = 0; i < answer->count; i++) {
                bool ipv6 = answer->list[i].u.any.sa_family == AF_INET6;
                char host[INET6_ADDRSTRLEN];
                int port;

                address_text(&answer->list[i], host, sizeof(host), &port);
                text = arena_printf(&w->arena, "%s%s%s%s%s:%d", text, i > 0 ? "," : "", ipv6 ? "[" : "", host,
                                    ipv6 ? "]" : "", port);
        }
        *row = (struct census_name){
            .name = arena_strdup(&w->arena, answer->name),
            .addresses = text,
            .left_us = answer->left_us,
            .zone = answer->zone != NULL ? arena_strdup(&w->arena, answer->zone) : "",
            .serial = answer->serial,
        };
}

static void fill_names_kept(struct room *room, struct census_worker *w)
{
        struct names *names = names_of(room->loop);
        size_t n = 0;

        names_each(names, count_name, &n);
        w->names = arena_alloc(&w->arena, n * sizeof(*w->names));
        names_each(names, fill_name, w);
        w->lookups = names_lookups(names);
}

static void fill(struct room *room, unsigned parts, struct census_worker *w)
{
        struct pool *pool, *next;
        struct db_stats *s, *next_stats;

        if (parts & CENSUS_CLIENTS)
                fill_clients(room, w, (parts & CENSUS_DESCRIPTORS) != 0);
        if (parts & CENSUS_SERVERS)
                fill_servers(room, w, (parts & CENSUS_DESCRIPTORS) != 0);
        if (parts & CENSUS_POOLS) {
                w->pools = arena_alloc(&w->arena, HASH_COUNT(room->pools.pools) * sizeof(*w->pools));
                HASH_ITER (hh, room->pools.pools, pool, next)
                        fill_pool(pool, &w->pools[w->pool_count++], w);
                fill_peers(room, w);
                fill_endpoints(room, w);
        }
        if (parts & CENSUS_STATS) {
                w->stats = arena_alloc(&w->arena, HASH_COUNT(room->stats) * sizeof(*w->stats));
                HASH_ITER (hh, room->stats, s, next_stats)
                        w->stats[w->stats_count++] =
                            (struct census_stats){arena_strdup(&w->arena, s->database), s->n};
        }
        if (parts & CENSUS_LATENCY)
                fill_latency(room, w);
        if (parts & CENSUS_QUERIES)
                fill_queries(room, w);
        if (parts & CENSUS_HOLDS)
                census_fill_holds(room, w);
        if (parts & CENSUS_PREPARED)
                census_fill_prepared(room, w);
        if (parts & CENSUS_NAMES)
                fill_names_kept(room, w);
        if (parts & CENSUS_MEMORY)
                census_count_memory(room, w->caches);
        list_for_each (node, &room->logins)
                w->logins++;
}

static void open_form(struct letter *letter, void *owner)
{
        struct form *form = list_item(letter, struct form, letter);
        struct census *census = form->census;

        (void)owner;
        fill(form->room, census->parts, &census->worker[form->room->self]);
        free(form);
        if (atomic_fetch_sub(&census->missing, 1) == 1)
                mailbox_post(census->home, &census->letter);
}

struct census *census_take(struct crowd *crowd, unsigned parts, struct mailbox *home, void *arg,
                           void (*done)(struct letter *letter, void *owner))
{
        struct census *census =
            xcalloc(1, sizeof(*census) + (unsigned long)crowd->workers * sizeof(census->worker[0]));

        census->letter.open = done;
        census->parts = parts;
        census->home = home;
        census->arg = arg;
        census->workers = crowd->workers;
        atomic_init(&census->missing, crowd->workers);
        if (crowd->workers == 0)
                mailbox_post(home, &census->letter);
        for (int i = 0; i < crowd->workers; i++) {
                struct form *form = xcalloc(1, sizeof(*form));

                form->letter.open = open_form;
                form->census = census;
                form->room = crowd->rooms[i];
                mailbox_post(&form->room->loop->mailbox, &form->letter);
        }
        return census;
}

static void close_duplicates(const struct census_socket *rows, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (rows[i].duplicate >= 0)
                        close(rows[i].duplicate);
}

void census_free(struct census *census)
{
        for (int i = 0; i < census->workers; i++) {
                struct census_worker *w = &census->worker[i];

                if (census->parts & CENSUS_DESCRIPTORS) {
                        close_duplicates(w->clients, w->client_count);
                        close_duplicates(w->servers, w->server_count);
                }
                arena_release(&w->arena);
        }
        free(census);
}

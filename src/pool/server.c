#include "pool/server.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/memory.h"
#include "net/secure.h"
#include "pool/errand.h"
#include "pool/login.h"
#include "pool/pool.h"
#include "pool/solo.h"
#include "wire/fields.h"
#include "wire/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        LOGIN_IN_MAX = 65536, /* bytes of one message before ReadyForQuery */
};

const struct machine_state server_states[SERVER_STATES] = {
    [SERVER_CONNECTING] = {"connecting", MOVE(SERVER_LOGIN) | MOVE(SERVER_CLOSED)},
    [SERVER_LOGIN] = {"login",
                      MOVE(SERVER_IDLE) | MOVE(SERVER_LEASED) | MOVE(SERVER_MOVING) | MOVE(SERVER_CLOSED)},
    [SERVER_IDLE] = {"idle", MOVE(SERVER_LEASED) | MOVE(SERVER_RESETTING) | MOVE(SERVER_MOVING) |
                                 MOVE(SERVER_CLOSED)},
    [SERVER_LEASED] = {"active", MOVE(SERVER_IDLE) | MOVE(SERVER_LEASED) | MOVE(SERVER_RESETTING) |
                                     MOVE(SERVER_PARKED) | MOVE(SERVER_MOVING) | MOVE(SERVER_CLOSED)},
    [SERVER_RESETTING] = {"tested", MOVE(SERVER_IDLE) | MOVE(SERVER_LEASED) | MOVE(SERVER_PARKED) |
                                        MOVE(SERVER_MOVING) | MOVE(SERVER_CLOSED)},
    [SERVER_PARKED] = {"being_canceled", MOVE(SERVER_IDLE) | MOVE(SERVER_LEASED) | MOVE(SERVER_RESETTING) |
                                             MOVE(SERVER_MOVING) | MOVE(SERVER_CLOSED)},
    [SERVER_MOVING] = {"moving", MOVE(SERVER_IDLE) | MOVE(SERVER_LEASED) | MOVE(SERVER_RESETTING) |
                                     MOVE(SERVER_MOVING) | MOVE(SERVER_CLOSED)},
    [SERVER_CLOSED] = {"closed", 0},
};

void server_move(struct server *s, enum server_state to)
{
        struct list *list;
        int *count;

        machine_move(server_states, s->state, to);
        if (pool_list_of(s->pool, s->state, &count) != NULL) {
                list_unlink(&s->in_pool);
                --*count;
        }
        s->state = to;
        s->lent = s->lent || to == SERVER_LEASED;
        s->since_us = loop_now(s->pool->home->loop);
        list = pool_list_of(s->pool, to, &count);
        if (list == NULL)
                return;
        if (to == SERVER_IDLE && s->pool->home->conf->opt.server_round_robin)
                list_append(list, &s->in_pool);
        else
                list_prepend(list, &s->in_pool);
        ++*count;
}

bool server_is_outdated(const struct server *s)
{
        return s->close_needed || s->pool->line == NULL ||
               s->generation != atomic_load_explicit(&s->pool->quota->generation, memory_order_relaxed);
}

static void free_server(struct grave *grave)
{
        struct server *s = list_item(grave, struct server, grave);

        buf_release(&s->in);
        buf_release(&s->replay);
        params_fini(&s->params);
        params_fini(&s->greeting);
        replies_fini(&s->replies);
        prepared_fini(&s->prepared);
        free(s->reset_due);
        free(s);
}

void server_say(enum log_level level, const struct server *s, const char *what)
{
        bool ipv6 = strchr(s->address, ':') != NULL;

        log_write(level, "S-%p: %s/%s@%s%s%s:%d %s", (const void *)s, s->pool->quota->database,
                  s->pool->quota->user, ipv6 ? "[" : "", s->address, ipv6 ? "]" : "", s->port, what);
}

static void say(const struct server *s, const char *what)
{
        server_say(LOG_INFO_, s, what);
}

static struct settings_table *table_of(struct server *s)
{
        return &s->pool->home->settings;
}

void server_close(struct server *s, const char *why)
{
        struct pool *pool = s->pool;
        static const uint8_t terminate[] = {FE_TERMINATE, 0, 0, 0, 4};
        char line[400];

        if (s->state == SERVER_CLOSED)
                return;
        CHECK(s->client == NULL);
        if (s->dial != NULL)
                dial_cancel(s->dial);
        s->dial = NULL;
        if (s->stream.fd >= 0 && s->state != SERVER_CONNECTING && s->state != SERVER_LOGIN &&
            s->replies.count == 0 && stream_unsent(&s->stream) == 0 &&
            stream_send(&s->stream, terminate, sizeof(terminate)) != STATUS_OK)
                why = "server conn crashed?";
        stream_close(&s->stream);
        if (pool->home->conf->opt.log_disconnections && why != NULL) {
                snprintf(line, sizeof(line), "closing because: %s (age=%llds)", why,
                         (long long)((loop_now(pool->home->loop) - s->connected_us) / US_PER_SEC));
                say(s, line);
        }
        login_end(s);
        if (s->replication != REPLICATION_NONE)
                solo_closed(s);
        server_move(s, SERVER_CLOSED);
        settings_unref(table_of(s), s->applied);
        settings_unref(table_of(s), s->wanted);
        s->applied = s->wanted = NULL;
        outlet_forget(&pool->outlet, s, true);
        loop_bury(pool->home->loop, &s->grave, free_server);
        pool_server_gone(s);
}

static void fail(struct server *s, enum pool_trouble trouble, const struct refusal *r)
{
        char why[320];

        if (trouble == POOL_UNREACHABLE)
                node_report(s->pool->node, EVIDENCE_REFUSED);
        snprintf(why, sizeof(why), "%s", r->text);
        pool_server_failed(s, trouble, r);
        server_close(s, why);
}

static void fail_text(struct server *s, enum pool_trouble trouble, const char *text)
{
        struct refusal r;

        refusal_set(&r, "FATAL", "08006", "%s", text);
        fail(s, trouble, &r);
}

static void too_large(struct server *s)
{
        if (s->state == SERVER_LOGIN)
                fail_text(s, POOL_REJECTED, "the server sent too large a message during login");
        else
                server_close(s, "message too large");
}

/* Feeds whole messages to `step` until it says stop; keeps an incomplete one for later. */
static void each_message(struct server *s, bool (*step)(struct server *s, const struct msg *m))
{
        struct msg m;

        while (s->state != SERVER_CLOSED && buf_len(&s->in) > 0) {
                enum status status = msg_peek(buf_data(&s->in), buf_len(&s->in), &m);

                if (status == STATUS_INVALID) {
                        if (s->state == SERVER_LOGIN)
                                fail_text(s, POOL_REJECTED, "the server sent a broken packet");
                        else
                                server_close(s, "the server sent a broken packet");
                        return;
                }
                if (status == STATUS_OK && m.size > LOGIN_IN_MAX) {
                        too_large(s);
                        return;
                }
                if (status == STATUS_AGAIN || m.have < m.size)
                        return;
                if (!step(s, &m))
                        return;
                buf_consume(&s->in, m.size);
        }
        if (s->state != SERVER_CLOSED)
                buf_trim(&s->in);
}

void server_reject(struct server *s, const struct refusal *r)
{
        fail(s, POOL_REJECTED, r);
}

static bool on_login_message(struct server *s, const struct msg *m)
{
        struct refusal r = {0};

        switch (login_step(s, m, &r)) {
        case LOGIN_MORE: return true;
        case LOGIN_DONE:
                buf_consume(&s->in, m->size);
                buf_trim(&s->in);
                login_end(s);
                pool_server_ready(s);
                return false;
        case LOGIN_REJECTED: server_reject(s, &r); return false;
        case LOGIN_SHUTDOWN:
                node_report(s->pool->node, EVIDENCE_SHUTDOWN);
                fail(s, POOL_UNREACHABLE, &r);
                return false;
        }
        return false;
}

/* An idle server only speaks to announce something. */
static bool on_idle_message(struct server *s, const struct msg *m)
{
        struct error_fields e;
        char why[200];

        switch (m->type) {
        case BE_NOTICE: return true;
        case BE_PARAM_STATUS: return server_heed(s, m);
        case BE_ERROR:
                error_fields_read(m, &e);
                if (sqlstate_is_shutdown(e.sqlstate))
                        node_report(s->pool->node, EVIDENCE_SHUTDOWN);
                snprintf(why, sizeof(why), "server said: %.*s", (int)(e.text.n < 150 ? e.text.n : 150),
                         e.text.p);
                server_close(s, why);
                return false;
        default: server_close(s, "server spoke out of turn"); return false;
        }
}

static void on_readable(struct server *s, bool (*step)(struct server *s, const struct msg *m))
{
        struct loop *loop = s->pool->home->loop;
        size_t n;
        enum status status = stream_read(&s->stream, loop->scratch, LOOP_SCRATCH_BYTES, &n);

        if (status == STATUS_AGAIN)
                return;
        if (status == STATUS_OK) /* an incomplete message is in there, of LOGIN_IN_MAX at most */
                status = buf_append(&s->in, loop->scratch, n, LOGIN_IN_MAX + LOOP_SCRATCH_BYTES);
        if (status == STATUS_OK) {
                each_message(s, step);
                return;
        }
        if (s->state == SERVER_LOGIN) {
                fail_text(s, POOL_UNREACHABLE, "server conn crashed?");
                return;
        }
        node_report(s->pool->node, EVIDENCE_LOST);
        server_close(s, "server conn crashed?");
}

/* PgBouncer's words go to who waits and are what closes it; the rest is for the log. */
static void on_unreachable(struct server *s, const char *why)
{
        char words[64];

        server_say(LOG_WARNING_, s, why);
        snprintf(words, sizeof(words), "%.*s", (int)strcspn(why, ":"), why);
        fail_text(s, POOL_UNREACHABLE, words);
}

static void log_in(struct server *s)
{
        if (login_start(s) != STATUS_OK)
                fail_text(s, POOL_UNREACHABLE, "server conn crashed?");
}

static void on_tls_answer(struct server *s)
{
        const char *why;
        enum status status = server_tls_answer(&s->login->tls, &s->stream, &why);

        if (status == STATUS_OK)
                log_in(s);
        else if (status != STATUS_AGAIN)
                on_unreachable(s, why);
}

static void on_secured(struct server *s)
{
        const char *why;

        if (server_tls_done(&s->login->tls, &s->stream, &why) == STATUS_OK)
                log_in(s);
        else
                on_unreachable(s, why);
}

static void on_login_event(struct server *s, enum stream_event event)
{
        char why[256];

        switch (event) {
        case STREAM_READABLE:
                if (server_tls_is_asked(&s->login->tls, &s->stream))
                        on_tls_answer(s);
                else
                        on_readable(s, on_login_message);
                return;
        case STREAM_SECURED: on_secured(s); return;
        case STREAM_BROKEN:
                if (s->stream.session == NULL)
                        return; /* met again when it is read */
                snprintf(why, sizeof(why), "TLS handshake failed: %s", secure_why(&s->stream));
                on_unreachable(s, why);
                return;
        case STREAM_DRAINED: return;
        }
}

static void on_event(struct stream *stream, enum stream_event event)
{
        struct server *s = list_item(stream, struct server, stream);
        const struct pool_ops *ops = s->pool->home->ops;

        switch (s->state) {
        case SERVER_LOGIN: on_login_event(s, event); return;
        case SERVER_IDLE:
        case SERVER_PARKED:
                if (event == STREAM_READABLE)
                        on_readable(s, on_idle_message);
                return;
        case SERVER_RESETTING:
                if (event == STREAM_READABLE)
                        on_readable(s, errand_message);
                return;
        case SERVER_LEASED:
                if (event == STREAM_READABLE)
                        ops->readable(s);
                else if (event == STREAM_DRAINED)
                        ops->drained(s);
                else
                        ops->lost(s, "write failed");
                return;
        case SERVER_CONNECTING:
        case SERVER_MOVING:
        case SERVER_CLOSED:
        case SERVER_STATES: return;
        }
}

/* Also for the log: the node's side of a connection can be found by our port. */
static void note_addresses(struct server *s, int fd)
{
        struct address address = {.size = sizeof(address.u)};
        bool log = s->pool->home->conf->opt.log_connections, ipv6;
        char host[64] = "", text[128];

        s->local_port = 0;
        s->peer = *dial_address(s->dial);
        address_text(&s->peer, s->address, sizeof(s->address), &s->port);
        if (getsockname(fd, &address.u.any, &address.size) == 0)
                address_text(&address, host, sizeof(host), &s->local_port);
        ipv6 = address.u.any.sa_family == AF_INET6;
        if (address.u.any.sa_family == AF_UNIX)
                snprintf(text, sizeof(text), "new connection to server");
        else
                snprintf(text, sizeof(text), "new connection to server (from %s%s%s:%d)", ipv6 ? "[" : "",
                         host, ipv6 ? "]" : "", s->local_port);
        if (log)
                say(s, text);
}

struct conf_host server_target(const struct server *s)
{
        const struct conf_database *line = s->pool->line;

        if (s->pool->quota->node != NULL || line == NULL)
                return (struct conf_host){.host = s->pool->node->host, .port = s->pool->node->port};
        return line->hosts[s->host_turn % (unsigned)line->host_count];
}

const char *server_host(const struct server *s)
{
        return server_target(s).host;
}

/* Not over a Unix socket, where nobody can listen. */
static struct tls_context *tls_for(const struct server *s)
{
        return s->peer.u.any.sa_family != AF_UNIX ? pool_tls(s->pool) : NULL;
}

static void on_dialled(void *arg, int fd, const char *why)
{
        struct server *s = arg;

        if (fd >= 0)
                note_addresses(s, fd);
        s->dial = NULL;
        if (fd < 0) {
                on_unreachable(s, why);
                return;
        }
        socket_options(fd, &s->pool->home->conf->opt);
        stream_open(&s->stream, s->pool->home->loop, fd, on_event);
        server_move(s, SERVER_LOGIN);
        s->login = xcalloc(1, sizeof(*s->login));
        switch (server_tls_ask(&s->login->tls, &s->stream, tls_for(s), server_host(s))) {
        case STATUS_OK: return;
        case STATUS_ABSENT: log_in(s); return;
        case STATUS_AGAIN:
        case STATUS_EOF:
        case STATUS_IO:
        case STATUS_INVALID:
        case STATUS_LIMIT:
        case STATUS_DENIED: fail_text(s, POOL_UNREACHABLE, "server conn crashed?"); return;
        }
}

/* Where the next connection goes: of a plain line's host list to the next one, over all workers. */
static struct conf_host next_host(struct pool *pool, unsigned *turn)
{
        const struct conf_database *line = pool->line;

        *turn = 0;
        if (pool->quota->node != NULL)
                return (struct conf_host){.host = pool->node->host, .port = pool->node->port};
        if (line->host_count > 1)
                *turn = line->load_balance_hosts == 0 ? atomic_load(&pool->quota->next_host)
                                                      : atomic_fetch_add(&pool->quota->next_host, 1);
        return line->hosts[*turn % (unsigned)line->host_count];
}

static struct server *make(struct pool *pool, enum server_state state)
{
        struct server *s = xcalloc(1, sizeof(*s));
        int *count;

        s->pool = pool;
        s->state = state;
        s->stream.fd = -1;
        s->tx = 'I';
        s->generation = atomic_load_explicit(&pool->quota->generation, memory_order_relaxed);
        s->connected_us = s->since_us = loop_now(pool->home->loop);
        s->connected_wall_us = s->request_wall_us = clock_wall_us();
        s->id = stream_next_id();
        list_init(&s->in_pool);
        replies_init(&s->replies);
        prepared_init(&s->prepared);
        list_prepend(pool_list_of(pool, s->state, &count), &s->in_pool);
        ++*count;
        return s;
}

struct server *server_open(struct pool *pool)
{
        struct server *s = make(pool, SERVER_CONNECTING);
        struct conf_host host = next_host(pool, &s->host_turn);

        s->port = host.port;
        snprintf(s->address, sizeof(s->address), "%s",
                 host.host[0] == '/' || host.host[0] == '@' ? "unix" : host.host);
        s->dial = dial_start(pool->home->loop, host.host, host.port, on_dialled, s);
        return s;
}

struct server *server_adopt(struct pool *pool, int fd, enum server_state state)
{
        struct server *s = make(pool, state);

        quota_adopt(pool->quota);
        s->ready = true;
        atomic_fetch_add(&pool->quota->ready, 1);
        stream_open(&s->stream, pool->home->loop, fd, on_event);
        return s;
}

void server_unpark(struct server *s)
{
        char *due = s->reset_due;

        CHECK(s->state == SERVER_PARKED && s->cancels == 0);
        s->reset_due = NULL;
        if (due != NULL)
                errand_reset(s, due);
        else
                pool_give_back(s);
        free(due);
}

void server_attach(struct server *s)
{
        stream_attach(&s->stream, s->pool->home->loop, on_event);
}

#include "session/client.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "session/aborted.h"
#include "session/block.h"
#include "session/client_tls.h"
#include "session/doubt.h"
#include "session/entry.h"
#include "session/keys.h"
#include "session/link.h"
#include "session/relay.h"
#include "session/said.h"
#include "session/segment.h"
#include "wire/proto.h"
#include "wire/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TO_CLOSED MOVE(CLIENT_CLOSED)
#define TO_REST   (MOVE(CLIENT_IDLE) | MOVE(CLIENT_BEGUN))

const struct machine_state client_states[CLIENT_STATES] = {
    [CLIENT_STARTUP] = {"startup", MOVE(CLIENT_GATE) | MOVE(CLIENT_RESOLVE) | MOVE(CLIENT_LOOKUP) |
                                       MOVE(CLIENT_AUTH) | MOVE(CLIENT_WELCOME) | MOVE(CLIENT_IDLE) |
                                       TO_CLOSED},
    [CLIENT_GATE] = {"gate", MOVE(CLIENT_RESOLVE) | MOVE(CLIENT_LOOKUP) | MOVE(CLIENT_AUTH) |
                                 MOVE(CLIENT_WELCOME) | MOVE(CLIENT_IDLE) | TO_CLOSED},
    [CLIENT_RESOLVE] = {"resolve", MOVE(CLIENT_LOOKUP) | MOVE(CLIENT_AUTH) | MOVE(CLIENT_WELCOME) |
                                       MOVE(CLIENT_IDLE) | TO_CLOSED},
    [CLIENT_LOOKUP] = {"lookup", MOVE(CLIENT_AUTH) | MOVE(CLIENT_WELCOME) | MOVE(CLIENT_IDLE) | TO_CLOSED},
    [CLIENT_AUTH] = {"auth", MOVE(CLIENT_INQUIRY) | MOVE(CLIENT_DELAYED) | MOVE(CLIENT_WELCOME) |
                                 MOVE(CLIENT_IDLE) | TO_CLOSED},
    [CLIENT_INQUIRY] = {"inquiry", MOVE(CLIENT_AUTH) | MOVE(CLIENT_DELAYED) | MOVE(CLIENT_WELCOME) |
                                       MOVE(CLIENT_IDLE) | TO_CLOSED},
    [CLIENT_DELAYED] = {"delayed", MOVE(CLIENT_AUTH) | TO_CLOSED},
    [CLIENT_WELCOME] = {"welcome", MOVE(CLIENT_IDLE) | TO_CLOSED},
    [CLIENT_IDLE] = {"idle", MOVE(CLIENT_WAITING) | MOVE(CLIENT_HELD) | MOVE(CLIENT_CATCHING) |
                                 MOVE(CLIENT_SETTING) | MOVE(CLIENT_ACTIVE) | MOVE(CLIENT_BEGUN) | TO_CLOSED},
    [CLIENT_WAITING] = {"waiting", MOVE(CLIENT_SETTING) | MOVE(CLIENT_ACTIVE) | TO_REST | TO_CLOSED},
    [CLIENT_HELD] = {"held", TO_REST | TO_CLOSED},
    [CLIENT_CATCHING] = {"catching", TO_REST | TO_CLOSED},
    [CLIENT_SETTING] = {"setting", MOVE(CLIENT_ACTIVE) | MOVE(CLIENT_ABORTED) | TO_REST | TO_CLOSED},
    [CLIENT_ACTIVE] = {"active", MOVE(CLIENT_SETTING) | MOVE(CLIENT_ASKING) | MOVE(CLIENT_ABORTED) | TO_REST |
                                     TO_CLOSED},
    [CLIENT_ASKING] = {"asking", MOVE(CLIENT_IDLE) | TO_CLOSED},
    [CLIENT_ABORTED] = {"aborted", TO_REST | TO_CLOSED},
    [CLIENT_BEGUN] = {"begun", MOVE(CLIENT_WAITING) | MOVE(CLIENT_HELD) | MOVE(CLIENT_CATCHING) |
                                   MOVE(CLIENT_SETTING) | MOVE(CLIENT_ACTIVE) | MOVE(CLIENT_ABORTED) |
                                   MOVE(CLIENT_IDLE) | TO_CLOSED},
    [CLIENT_CLOSED] = {"closed", 0},
};

void client_move(struct client *c, enum client_state to)
{
        machine_move(client_states, c->state, to);
        if (c->state <= CLIENT_WELCOME && to > CLIENT_WELCOME)
                list_unlink(&c->in_phase);
        if (c->state == CLIENT_WAITING) {
                list_unlink(&c->in_phase);
                atomic_fetch_sub_explicit(&c->waits_for->waiting, 1, memory_order_relaxed);
        }
        if (to == CLIENT_WAITING) {
                list_append(&c->room->waiting, &c->in_phase);
                c->waits_for = c->endpoint->cluster->nodes[c->node];
                atomic_fetch_add_explicit(&c->waits_for->waiting, 1, memory_order_relaxed);
        }
        if (c->state == CLIENT_HELD || to == CLIENT_HELD) {
                list_unlink(&c->in_phase);
                atomic_fetch_add_explicit(&c->room->crowd->held, to == CLIENT_HELD ? 1 : -1,
                                          memory_order_relaxed);
        }
        if (to == CLIENT_HELD)
                list_append(&c->room->held, &c->in_phase);
        if (c->state == CLIENT_CATCHING) {
                list_unlink(&c->in_phase);
                atomic_fetch_sub_explicit(&c->catching->catching, 1, memory_order_relaxed);
        }
        if (to == CLIENT_CATCHING) {
                list_append(&c->room->catching, &c->in_phase);
                c->catching = c->endpoint->cluster;
                cluster_catch_up(c->catching);
        }
        c->state = to;
        c->since_us = loop_now(c->room->loop);
}

const char *client_name(const struct client *c, char *out, size_t size)
{
        const char *database = NULL, *user = NULL;
        char host[IP_TEXT_SIZE];

        if (c->endpoint != NULL) {
                database = c->endpoint->database;
                user = c->endpoint->user;
        } else if (c->entry != NULL) {
                database = c->entry->database;
                user = c->entry->user;
        }
        snprintf(out, size, "%s/%s@%s:%d", database != NULL ? database : "(nodb)",
                 user != NULL ? user : "(nouser)", ip_text(&c->ip, host), c->port);
        return out;
}

void client_log_error(const struct client *c, const struct refusal *r)
{
        char name[400];

        if (c->room->conf->opt.log_pooler_errors)
                log_warning("C-%p: %s Pooler Error: %s", (const void *)c, client_name(c, name, sizeof(name)),
                            r->text);
}

static void bury(struct grave *grave)
{
        struct client *c = list_item(grave, struct client, grave);

        slab_free(&c->room->clients_slab, c);
}

static void forget(struct client *c)
{
        struct settings_table *table = &c->room->pools.settings;

        entry_free(c);
        buf_release(&c->in);
        buf_release(&c->unnamed);
        buf_release(&c->effects);
        buf_release(&c->way_out);
        block_free(c);
        doubt_free(c);
        savepoints_clear(&c->savepoints, table);
        names_clear(&c->names, &c->room->statements);
        settings_unref(table, c->startup);
        settings_unref(table, c->settings);
        settings_unref(table, c->settings_now);
        c->startup = c->settings = c->settings_now = NULL;
        key_leave(c);
        budgets_leave(c->budget);
        list_unlink(&c->in_clients);
        atomic_fetch_sub_explicit(&c->room->crowd->clients[c->room->self], 1, memory_order_relaxed);
        atomic_fetch_sub_explicit(&c->room->crowd->total, 1, memory_order_relaxed);
        if (c->endpoint != NULL)
                c->endpoint->clients--;
}

void client_close(struct client *c, const struct refusal *r, const char *why)
{
        const struct options *opt = &c->room->conf->opt;
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);
        char name[400];

        if (c->state == CLIENT_CLOSED)
                return;
        if (opt->log_disconnections && why != NULL)
                log_info("C-%p: %s closing because: %s (age=%llds)", (const void *)c,
                         client_name(c, name, sizeof(name)), why,
                         (long long)((clock_wall_us() - c->connected_wall_us) / US_PER_SEC));
        if (r != NULL)
                client_log_error(c, r);
        pool_cancel_wait(&c->waiter);
        if (c->server != NULL)
                link_abandon(c);
        if (r != NULL && !c->cut_answer && c->stream.fd >= 0) {
                write_refusal(&w, r);
                if (w.failed || stream_send_buf(&c->stream, &out) != STATUS_OK)
                        c->cut_answer = true; /* it has gone before it could be told */
        }
        stream_close(&c->stream);
        client_move(c, CLIENT_CLOSED);
        if (list_linked(&c->in_phase))
                list_unlink(&c->in_phase);
        forget(c);
        loop_bury(c->room->loop, &c->grave, bury);
}

void client_refuse(struct client *c, const char *sqlstate, const char *text)
{
        struct refusal r;

        refusal_set(&r, "FATAL", sqlstate, "%s", text);
        client_close(c, &r, text);
}

void client_cancelled(struct client *c)
{
        struct refusal r;

        pool_cancel_wait(&c->waiter);
        client_move(c, block_rest(c));
        refusal_set(&r, "ERROR", "57014", "canceling statement due to user request");
        segment_refuse(c, &r);
}

bool client_send(struct client *c, struct writer *w)
{
        if (!w->failed && stream_send_buf(&c->stream, w->out) == STATUS_OK)
                return true;
        buf_release(w->out);
        client_close(c, NULL, "client unexpected eof");
        return false;
}

bool client_has_rest(const struct client *c)
{
        const struct server *s = c->server;

        return s->tx == 'I' && s->replies.count == 0 && !c->in_segment && c->pass == 0 && s->pass == 0 &&
               !s->skipping;
}

void client_want_read(struct client *c)
{
        bool server_full = c->server != NULL && stream_unsent(&c->server->stream) > 0;
        bool waits = client_asks(c) || c->state == CLIENT_INQUIRY || c->state == CLIENT_DELAYED ||
                     c->state == CLIENT_WAITING || c->state == CLIENT_HELD || c->state == CLIENT_CATCHING ||
                     c->state == CLIENT_SETTING || c->state == CLIENT_ASKING ||
                     (c->state == CLIENT_ACTIVE && c->stalled);

        stream_want_read(&c->stream, !server_full && stream_unsent(&c->stream) <= CLIENT_UNSENT_FULL &&
                                         !(waits && buf_len(&c->in) > CLIENT_IN_FULL));
}

void client_heed(struct client *c, const struct said *said)
{
        c->hint = said->hint;
        c->consistency = said->consistency;
        c->access = said->access;
        c->isolation = said->isolation;
        c->floor.min = said->min;
}

void client_settings_changed(struct client *c)
{
        struct said said;

        said_read(c->settings_now, &said);
        client_heed(c, &said);
}

void client_lexes(struct client *c, struct sv name, struct sv value)
{
        c->lexing = said_lexing(c->lexing, name, value);
}

void client_lexes_at_rest(struct client *c)
{
        static const char *const names[] = {"standard_conforming_strings", "client_encoding"};
        struct setting s;

        c->lexing = c->lexing_base;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (settings_get(c->settings, sv_cstr(names[i]), &s))
                        client_lexes(c, s.name, s.value);
}

/* ---- bytes ---- */

void client_bad_header(struct client *c, const uint8_t *p, size_t n)
{
        struct refusal r;
        char hex[17] = "";

        for (size_t i = 0; i < n && i < 8; i++)
                snprintf(hex + 2 * i, 3, "%02x", p[i]);
        refusal_set(&r, "FATAL", "08P01", "bad packet header: '%s'", hex);
        client_close(c, &r, r.text);
}

void client_peek_refuse(struct client *c, const uint8_t *p, size_t n, const struct msg *m)
{
        char name[400];

        if (m == NULL || (int64_t)m->size > c->room->conf->opt.max_packet_size) {
                client_bad_header(c, p, n);
                return;
        }
        log_error("C-%p: %s client used \"Query\" packet type", (const void *)c,
                  client_name(c, name, sizeof(name)));
        client_refuse(c, "08P01", "PQexec disallowed");
}

bool client_unserved(struct client *c, const uint8_t *p, size_t n, struct msg *m, size_t *used)
{
        if (c->drop > 0) {
                *used = n < c->drop ? n : c->drop;
                c->drop -= *used;
                return false;
        }
        if (client_peek(c, p, n, m)) {
                if (m->type == FE_TERMINATE)
                        client_close(c, NULL, "client close request");
                else if (msg_is_request(m->type))
                        return true;
                else
                        client_refuse(c, "08P01", "unknown pkt");
        }
        *used = c->state == CLIENT_CLOSED ? n : 0;
        return false;
}

/* Handles as much of the `n` bytes at `p` as the state allows; returns how much. */
static size_t take(struct client *c, const uint8_t *p, size_t n)
{
        size_t used = 0;

        while (used < n && (c->state == CLIENT_ACTIVE || stream_unsent(&c->stream) <= CLIENT_UNSENT_FULL)) {
                enum client_state before = c->state;
                size_t k = 0;

                switch (c->state) {
                case CLIENT_STARTUP:
                case CLIENT_AUTH: k = entry_take(c, p + used, n - used); break;
                case CLIENT_IDLE:
                case CLIENT_BEGUN: k = segment_take(c, p + used, n - used); break;
                case CLIENT_ACTIVE: k = relay_from_client(c, p + used, n - used); break;
                case CLIENT_ABORTED: k = aborted_take(c, p + used, n - used); break;
                case CLIENT_GATE:
                case CLIENT_RESOLVE:
                case CLIENT_LOOKUP:
                case CLIENT_INQUIRY:
                case CLIENT_DELAYED:
                case CLIENT_WELCOME:
                case CLIENT_WAITING:
                case CLIENT_HELD:
                case CLIENT_CATCHING:
                case CLIENT_SETTING:
                case CLIENT_ASKING:
                case CLIENT_CLOSED:
                case CLIENT_STATES: return used;
                }
                used += k;
                if (k == 0 && c->state == before)
                        break;
        }
        return used;
}

void client_go_on(struct client *c)
{
        size_t used;

        if (c->state == CLIENT_CLOSED)
                return;
        if (c->doubt != NULL) {
                doubt_go_on(c);
                return;
        }
        if (buf_len(&c->in) > 0) {
                used = take(c, buf_data(&c->in), buf_len(&c->in));
                if (c->state == CLIENT_CLOSED)
                        return;
                buf_consume(&c->in, used);
                buf_give_back(&c->in, &c->room->spares);
                relay_release_late(c);
                if (c->state == CLIENT_CLOSED)
                        return;
        }
        client_want_read(c);
}

static void keep(struct client *c, const uint8_t *p, size_t n)
{
        size_t limit =
            c->state <= CLIENT_AUTH ? STARTUP_MAX + LOOP_SCRATCH_BYTES : CLIENT_IN_MAX + LOOP_SCRATCH_BYTES;

        if (n == 0)
                return;
        buf_borrow(&c->in, &c->room->spares);
        if (buf_append(&c->in, p, n, limit) == STATUS_OK)
                return;
        if (c->in.lost)
                client_refuse(c, "53200", "out of memory");
        else
                client_refuse(c, "54000", "message too large to be gathered");
}

static void on_readable(struct client *c)
{
        struct loop *loop = c->room->loop;
        size_t n, used;
        enum status status = stream_read(&c->stream, loop->scratch, LOOP_SCRATCH_BYTES, &n);

        if (status == STATUS_AGAIN)
                return;
        if (status != STATUS_OK) {
                /* Who leaves before it has said who it is may be a probe: not worth a line. */
                client_close(c, NULL,
                             c->state <= CLIENT_AUTH && buf_len(&c->in) == 0 ? NULL
                                                                             : "client unexpected eof");
                return;
        }
        c->heard_us = loop_now(loop);
        if (c->endpoint != NULL)
                c->endpoint->stats->n.received += n;
        if (buf_len(&c->in) > 0) {
                keep(c, loop->scratch, n);
                client_go_on(c);
                return;
        }
        used = take(c, loop->scratch, n);
        if (c->state == CLIENT_CLOSED)
                return;
        if (used < n)
                keep(c, loop->scratch + used, n - used);
        relay_release_late(c);
        if (c->state != CLIENT_CLOSED && (used < n || stream_unsent(&c->stream) > 0 ||
                                          (c->server != NULL && stream_unsent(&c->server->stream) > 0)))
                client_want_read(c);
}

static void on_event(struct stream *stream, enum stream_event event)
{
        struct client *c = list_item(stream, struct client, stream);

        if (c->state == CLIENT_CLOSED)
                return;
        switch (event) {
        case STREAM_READABLE: on_readable(c); return;
        case STREAM_DRAINED:
                if (c->server != NULL)
                        stream_want_read(&c->server->stream, true);
                client_go_on(c);
                return;
        case STREAM_SECURED: client_tls_done(c); return;
        case STREAM_BROKEN:
                if (c->state == CLIENT_STARTUP && c->stream.session != NULL)
                        client_tls_failed(c);
                else
                        client_close(c, NULL, "client unexpected eof");
                return;
        }
}

static void begin(struct client *c, struct room *room, int fd)
{
        c->room = room;
        c->state = CLIENT_STARTUP;
        c->id = stream_next_id();
        c->tx = 'I';
        c->node = c->consistency = -1;
        c->blind = true; /* until a segment is sent */
        c->since_us = c->connected_us = c->heard_us = loop_now(room->loop);
        c->connected_wall_us = clock_wall_us();
        list_init(&c->in_clients);
        list_init(&c->in_phase);
        list_init(&c->waiter.in_queue);
        names_init(&c->names);
        list_append(&room->clients, &c->in_clients);
        stream_open(&c->stream, room->loop, fd, on_event);
}

bool client_new(struct room *room, int fd, const struct address *peer)
{
        struct client *c = slab_try(&room->clients_slab);

        if (c == NULL)
                return false;
        begin(c, room, fd);
        c->ip = address_ip(peer);
        c->port = address_port(peer, room->conf->opt.listen_port);
        if (proxies_have(&room->proxies, peer))
                c->origin = ORIGIN_AWAITED;
        list_append(&room->logins, &c->in_phase);
        key_take(c);
        return true;
}

struct client *client_adopt(struct room *room, int fd)
{
        struct client *c = slab_new(&room->clients_slab);

        begin(c, room, fd);
        return c;
}

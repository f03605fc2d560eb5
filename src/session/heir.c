#include "session/heir.h"

#include "base/check.h"
#include "base/memory.h"
#include "pool/bequest.h"
#include "session/block.h"
#include "session/entry.h"
#include "session/gate.h"
#include "session/keys.h"
#include "session/link.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HEIR_BYTES_MAX = 96 << 20 };

/* What is not here is either made anew from the rest, or written below. */
static const struct bundle_field fields[] = {
    BUNDLE_FIELD(struct client, repairable),
    BUNDLE_FIELD(struct client, repairing),
    BUNDLE_FIELD(struct client, pass),
    BUNDLE_FIELD(struct client, passing),
    BUNDLE_FIELD(struct client, late),
    BUNDLE_FIELD(struct client, drop),
    BUNDLE_FIELD(struct client, replay_size),
    BUNDLE_FIELD(struct client, known),
    BUNDLE_FIELD(struct client, in_segment),
    BUNDLE_FIELD(struct client, bound),
    BUNDLE_FIELD(struct client, skip_to_sync),
    BUNDLE_FIELD(struct client, barrier),
    BUNDLE_FIELD(struct client, stalled),
    BUNDLE_FIELD(struct client, unnamed_here),
    BUNDLE_FIELD(struct client, tx),
    BUNDLE_FIELD(struct client, wrote),
    BUNDLE_FIELD(struct client, open),
    BUNDLE_FIELD(struct client, writes),
    BUNDLE_FIELD(struct client, commits),
    BUNDLE_FIELD(struct client, copies),
    BUNDLE_FIELD(struct client, commit_sent),
    BUNDLE_FIELD(struct client, began),
    BUNDLE_FIELD(struct client, reading),
    BUNDLE_FIELD(struct client, failed),
    BUNDLE_FIELD(struct client, unpinning),
    BUNDLE_FIELD(struct client, lexing),
    BUNDLE_FIELD(struct client, lexing_base),
    BUNDLE_FIELD(struct client, abort_untold),
    BUNDLE_FIELD(struct client, overtime),
    BUNDLE_FIELD(struct client, discarding),
    BUNDLE_FIELD(struct client, cut_answer),
    BUNDLE_FIELD(struct client, repeat),
    BUNDLE_FIELD(struct client, repeats),
    BUNDLE_FIELD(struct client, piecewise),
    BUNDLE_FIELD(struct client, ended),
    BUNDLE_FIELD(struct client, unwaited),
    BUNDLE_FIELD(struct client, skip_nodes),
    BUNDLE_FIELD(struct client, force_primary),
    BUNDLE_FIELD(struct client, retry_reason),
    BUNDLE_FIELD(struct client, misled),
    BUNDLE_FIELD(struct client, pins),
    BUNDLE_FIELD(struct client, pins_held),
    BUNDLE_FIELD(struct client, floor.commit_us),
    BUNDLE_FIELD(struct client, port),
    BUNDLE_FIELD(struct client, since_us),
    BUNDLE_FIELD(struct client, held_us),
    BUNDLE_FIELD(struct client, request_us),
    BUNDLE_FIELD(struct client, answered_us),
    BUNDLE_FIELD(struct client, tx_us),
    BUNDLE_FIELD(struct client, connected_wall_us),
    BUNDLE_FIELD(struct client, notified),
    BUNDLE_FIELD(struct client, tls_direct),
    BUNDLE_FIELD(struct client, origin),
    BUNDLE_FIELD(struct client, several),
    BUNDLE_FIELD(struct client, connected_us),
    BUNDLE_FIELD(struct client, heard_us),
    BUNDLE_FIELD(struct client, floor.seen_us),
    BUNDLE_FIELD(struct client, blind),
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

/* ---- leaving ---- */

bool heir_has_server(const struct client *c)
{
        return c->server != NULL && c->state != CLIENT_WELCOME;
}

bool heir_possible(const struct client *c)
{
        if (c->stream.fd < 0 || c->stream.broken || c->stream.session != NULL || client_proves(c->state) ||
            (c->state == CLIENT_STARTUP && c->entry != NULL))
                return false;
        return !heir_has_server(c) || bequest_possible(c->server);
}

/* Who waits asks again: where it is served is decided by who serves it. */
static enum client_state state_there(const struct client *c)
{
        if (c->state == CLIENT_WAITING || c->state == CLIENT_HELD || c->state == CLIENT_CATCHING)
                return c->block != NULL ? CLIENT_BEGUN : CLIENT_IDLE;
        return c->state;
}

static void put_buf(struct writer *w, const char *name, const struct buf *b)
{
        bundle_put(w, name, buf_data(b), buf_len(b));
}

static void put_settings(struct writer *w, const char *name, const struct settings *set)
{
        struct sv blob = settings_blob(set);

        bundle_put(w, name, blob.p, blob.n);
}

/* Numbered from 1; 0: none. */
static int number_of(const struct endpoint *e, const struct node *node)
{
        for (int i = 0; i < e->cluster->count; i++)
                if (e->cluster->nodes[i] == node)
                        return i + 1;
        return 0;
}

static void put_session(struct writer *w, const struct client *c)
{
        const struct endpoint *e = c->endpoint;
        struct buf names = {0}, savepoints = {0}, block = {0};

        bundle_put_text(w, "database", e->database);
        bundle_put_text(w, "user", e->user);
        if (e->have_keys)
                bundle_put(w, "scram", &e->keys, sizeof(e->keys));
        bundle_put_text(w, "secret", e->secret);
        if (c->lost_node != NULL)
                bundle_put_int(w, "lost", number_of(e, c->lost_node));
        put_settings(w, "startup", c->startup);
        put_settings(w, "settings", c->settings);
        put_settings(w, "settings_now", c->settings_now);
        put_buf(w, "unnamed", &c->unnamed);
        put_buf(w, "effects", &c->effects);
        put_buf(w, "way_out", &c->way_out);
        if (names_save(&c->names, &names, HEIR_BYTES_MAX) != STATUS_OK ||
            savepoints_save(&c->savepoints, &savepoints, HEIR_BYTES_MAX) != STATUS_OK ||
            block_save(c, &block, HEIR_BYTES_MAX) != STATUS_OK)
                w->failed = true;
        put_buf(w, "names", &names);
        put_buf(w, "savepoints", &savepoints);
        put_buf(w, "block", &block);
        buf_release(&names);
        buf_release(&savepoints);
        buf_release(&block);
}

void heir_put(struct writer *w, const struct client *c)
{
        bundle_put_int(w, "state", state_there(c));
        bundle_put_fields(w, fields, FIELDS, c);
        bundle_put_int(w, "on_primary", c->on_primary);
        if (c->repairable || c->repairing)
                bundle_put(w, "repair_key", c->repair_key, sizeof(c->repair_key));
        bundle_put(w, "ip", &c->ip, sizeof(c->ip));
        bundle_put(w, "key", &c->key, sizeof(c->key));
        put_buf(w, "in", &c->in);
        put_buf(w, "out", &c->stream.out);
        if (heir_has_server(c))
                bundle_put_int(w, "linked", 1);
        if (c->endpoint != NULL)
                put_session(w, c);
}

/* ---- arriving ---- */

static const char *text_of(struct sv bundle, const char *name)
{
        struct sv value = bundle_find(bundle, name);

        return value.n > 0 && value.p[value.n - 1] == '\0' ? value.p : NULL;
}

static bool take_buf(struct sv bundle, const char *name, struct buf *out)
{
        struct sv value = bundle_find(bundle, name);

        return value.n == 0 || buf_append(out, value.p, value.n, HEIR_BYTES_MAX) == STATUS_OK;
}

static bool join_database(struct client *c, struct sv bundle)
{
        const char *database = text_of(bundle, "database"), *user = text_of(bundle, "user");
        const struct conf_database *line =
            database != NULL ? conf_find_database(c->room->conf, database) : NULL;
        struct scram_keys keys;

        if (line == NULL || user == NULL)
                return false;
        gate_keep(c, database, user);
        c->endpoint = endpoint_get(c->room, line, database, user);
        c->endpoint->clients++;
        if (bundle_take(bundle, "scram", &keys, sizeof(keys)))
                endpoint_offer_keys(c->endpoint, &keys);
        if (text_of(bundle, "secret") != NULL)
                endpoint_offer_secret(c->endpoint, text_of(bundle, "secret"));
        explicit_bzero(&keys, sizeof(keys));
        return true;
}

static bool take_session(struct client *c, struct sv bundle)
{
        struct settings_table *table = &c->room->pools.settings;
        int64_t lost = bundle_find_int(bundle, "lost");

        if (!join_database(c, bundle))
                return false;
        c->startup = settings_from_blob(table, bundle_find(bundle, "startup"));
        c->settings = settings_from_blob(table, bundle_find(bundle, "settings"));
        c->settings_now = settings_from_blob(table, bundle_find(bundle, "settings_now"));
        client_settings_changed(c);
        c->pin_names.uncounted = (uint8_t)(c->pins & PIN_NAMED); /* the names have not come along */
        if (c->state == CLIENT_ABORTED)
                c->lost_node = c->endpoint->cluster
                                   ->nodes[lost > 0 && lost <= c->endpoint->cluster->count ? lost - 1 : 0];
        if (!savepoints_load(&c->savepoints, table, bundle_find(bundle, "savepoints")) ||
            !block_load(c, bundle_find(bundle, "block")))
                return false;
        return take_buf(bundle, "unnamed", &c->unnamed) && take_buf(bundle, "effects", &c->effects) &&
               take_buf(bundle, "way_out", &c->way_out) &&
               names_load(&c->names, &c->room->statements, endpoint_rules(c->endpoint),
                          bundle_find(bundle, "names"));
}

/* In CLIENT_WELCOME it asks a server, as if it had just been admitted. */
static void enter_again(struct client *c)
{
        c->entry = xcalloc(1, sizeof(*c->entry));
        c->entry->user = xstrdup(c->endpoint->user);
        c->entry->database = xstrdup(c->endpoint->database);
        if (c->room->conf->opt.session_state)
                c->entry->welcome_key =
                    settings_without(&c->room->pools.settings, c->startup, SV("application_name"));
}

static bool fill(struct client *c, struct sv bundle)
{
        int64_t state = bundle_find_int(bundle, "state");
        struct cancel_key key;

        if (!bundle_take(bundle, "key", &key, sizeof(key)))
                memset(&key, 0, sizeof(key));
        key_keep(c, &key);
        if (state < 0 || state >= CLIENT_CLOSED || client_proves((enum client_state)state) || key.size == 0)
                return false;
        c->state = (enum client_state)state;
        if (c->state <= CLIENT_WELCOME)
                list_append(&c->room->logins, &c->in_phase);
        bundle_take_fields(bundle, fields, FIELDS, c);
        (void)bundle_take(bundle, "repair_key", c->repair_key, sizeof(c->repair_key));
        (void)bundle_take(bundle, "ip", &c->ip, sizeof(c->ip));
        if (!take_buf(bundle, "in", &c->in))
                return false;
        if (c->state == CLIENT_STARTUP)
                return true;
        if (!take_session(c, bundle))
                return false;
        if (c->state == CLIENT_WELCOME)
                enter_again(c);
        return true;
}

/* The states in which a client is with a server. */
static bool needs_server(const struct client *c)
{
        return c->state == CLIENT_ACTIVE || c->state == CLIENT_SETTING;
}

static bool join_server(struct client *c, const struct heirloom *server, bool on_primary)
{
        struct server *s = bequest_take_server(&c->room->pools, server->bundle, server->fd, true);
        int node;

        if (s == NULL)
                return false;
        node = number_of(c->endpoint, s->pool->node) - 1;
        if (node < 0 || !needs_server(c)) {
                server_move(s, SERVER_IDLE);
                server_close(s, "database configuration changed");
                return false;
        }
        link_join(c, s, node);
        c->on_primary = on_primary; /* what the nodes are is not known here yet */
        return true;
}

void heir_take(struct room *room, const struct heirloom *client, const struct heirloom *server)
{
        struct client *c = client_adopt(room, client->fd);
        struct sv out = bundle_find(client->bundle, "out");
        bool good = fill(c, client->bundle);

        atomic_fetch_add_explicit(&room->crowd->clients[room->self], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&room->crowd->total, 1, memory_order_relaxed);
        if (server != NULL && good)
                good = join_server(c, server, bundle_find_int(client->bundle, "on_primary") != 0);
        else if (server != NULL)
                close(server->fd);
        if (!good || needs_server(c) != (c->server != NULL)) {
                client_refuse(c, "08P01", "database configuration changed");
                return;
        }
        if (out.n > 0 && stream_send(&c->stream, out.p, out.n) != STATUS_OK)
                client_close(c, NULL, "client unexpected eof");
}

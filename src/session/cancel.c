#include "session/cancel.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "pool/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A CancelRequest, and the connection it came by, which stays open until it is through: so libpq waits. */
struct errand {
        struct letter letter;
        struct room *at;
        int left; /* workers that have not been asked yet, `at` included */
        struct cancel_key key;
        int fd;
        bool logs;
        const void *asker; /* for people */
        char place[160];
        struct ip ip;
        int port;
        int64_t since_wall_us;
};

static void end(void *arg, const char *why)
{
        struct errand *e = arg;
        char host[IP_TEXT_SIZE];

        if (e->logs)
                log_info("C-%p: %s@%s:%d closing because: %s (age=%llds)", e->asker, e->place,
                         ip_text(&e->ip, host), e->port, why,
                         (long long)((clock_wall_us() - e->since_wall_us) / US_PER_SEC));
        close(e->fd);
        free(e);
}

/* On the control thread. */
static void on_console(void *arg, bool found)
{
        end(arg, found ? "cancel request for console client" : "failed cancel request");
}

static void cancel_client(struct errand *e, struct client *c)
{
        struct server *s = c->server;

        switch (c->state) {
        case CLIENT_ACTIVE:
                if (s->replies.count == 0)
                        break;
                snprintf(e->place, sizeof(e->place), "%.140s/(nouser)", c->endpoint->database);
                delivery_start(&s->pool->outlet, s, NULL, end, e);
                return;
        case CLIENT_ASKING:
        case CLIENT_SETTING: end(e, "ignoring cancel request for server that is setting vars"); return;
        case CLIENT_WAITING:
                if (!c->room->conf->pgsteer_defaults) /* as with PgBouncer it goes on waiting */
                        break;
                end(e, "successfully sent cancel request");
                client_cancelled(c);
                return;
        case CLIENT_CATCHING:
        case CLIENT_HELD:
                end(e, "successfully sent cancel request");
                client_cancelled(c);
                return;
        case CLIENT_STARTUP:
        case CLIENT_GATE:
        case CLIENT_RESOLVE:
        case CLIENT_LOOKUP:
        case CLIENT_AUTH:
        case CLIENT_DELAYED:
        case CLIENT_INQUIRY:
        case CLIENT_WELCOME:
        case CLIENT_IDLE:
        case CLIENT_ABORTED:
        case CLIENT_BEGUN:
        case CLIENT_CLOSED:
        case CLIENT_STATES: break;
        }
        end(e, "cancel request for idle client"); /* as a server does with one that comes too late */
}

static void open_errand(struct letter *letter, void *owner);

static void ask(struct errand *e)
{
        struct room *room = e->at;
        struct crowd *crowd = room->crowd;
        struct client *c = keys_find(&room->keys, &e->key);

        if (c != NULL) {
                cancel_client(e, c);
        } else if (--e->left > 0) {
                e->at = crowd->rooms[(room->self + 1) % crowd->workers];
                e->letter.open = open_errand;
                mailbox_post(&e->at->loop->mailbox, &e->letter);
        } else if (crowd->cancel_console != NULL) {
                crowd->cancel_console(crowd->adopt_arg, &e->key, on_console, e);
        } else {
                on_console(e, false);
        }
}

static void open_errand(struct letter *letter, void *owner)
{
        (void)owner;
        ask(list_item(letter, struct errand, letter));
}

static const struct conf_peer *find_peer(const struct conf *conf, int peer_id)
{
        for (size_t i = 0; i < conf->peer_count; i++)
                if (conf->peers[i].peer_id == peer_id)
                        return &conf->peers[i];
        return NULL;
}

static void forward(struct errand *e, int peer_id)
{
        struct room *room = e->at;
        const struct conf_peer *peer = find_peer(room->conf, peer_id);

        /* However the peers name each other, a request comes to its end after so many hops. */
        if (!cancel_key_hop(&e->key)) {
                end(e, "failed to forward cancel request because its TTL was exhausted");
        } else if (peer == NULL) {
                end(e, "could not find peer to forward request to");
        } else {
                snprintf(e->place, sizeof(e->place), "peer-%d", peer_id);
                delivery_start(outlet_to_peer(&room->pools, peer), NULL, &e->key, end, e);
        }
}

void cancel_request(struct client *asker, const struct cancel_key *key)
{
        struct room *room = asker->room;
        int own = room->conf->opt.peer_id, fd = dup(asker->stream.fd);
        struct errand *e;

        if (fd < 0 || key->size == 0) {
                if (fd >= 0)
                        close(fd);
                client_close(asker, NULL, "failed cancel request");
                return;
        }
        e = xcalloc(1, sizeof(*e));
        e->at = room;
        e->left = room->crowd->workers;
        e->key = *key;
        e->fd = fd;
        e->logs = room->conf->opt.log_disconnections;
        e->asker = asker;
        e->port = asker->port;
        e->since_wall_us = asker->connected_wall_us;
        snprintf(e->place, sizeof(e->place), "(nodb)/(nouser)");
        e->ip = asker->ip;
        client_close(asker, NULL, NULL);
        if (own > 0 && cancel_key_peer(&e->key) != own) {
                forward(e, cancel_key_peer(&e->key));
                return;
        }
        if (own > 0)
                cancel_key_arrived(&e->key);
        ask(e);
}

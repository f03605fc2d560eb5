#include "session/entry.h"

#include "auth/secret.h"
#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/derivation.h"
#include "net/host_name.h"
#include "net/listener.h"
#include "net/secure.h"
#include "session/autodb.h"
#include "session/cancel.h"
#include "session/carry.h"
#include "session/client_tls.h"
#include "session/gate.h"
#include "session/greeting.h"
#include "session/link.h"
#include "session/proof.h"
#include "session/proxied.h"
#include "session/replication.h"
#include "session/startup.h"
#include "wire/proxy.h"
#include "wire/startup.h"
#include "wire/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USER_NAME_SIZE = 128 /* with its NUL; PgBouncer's */ };

void entry_free(struct client *c)
{
        struct entry *e = c->entry;

        if (e == NULL)
                return;
        settings_unref(&c->room->pools.settings, e->welcome_key);
        buf_release(&e->own);
        free(e->user);
        free(e->database);
        if (e->naming != NULL)
                host_name_cancel(e->naming);
        free(e->host);
        lookup_fini(&e->lookup);
        inquiry_close(e->inquiry);
        derivation_forget(e->derivation);
        buf_release(&e->first);
        secret_free(e->shown);
        if (e->scram != NULL)
                secret_wipe(e->scram, sizeof(*e->scram));
        free(e->scram);
        secure_relax(&c->stream);
        secret_wipe(e, sizeof(*e));
        free(e);
        c->entry = NULL;
}

static void log_login(const struct client *c, const char *what, const char *how)
{
        const struct entry *e = c->entry;
        char name[400];

        if (c->room->conf->opt.log_connections)
                log_info("C-%p: %s login %s: db=%s user=%s%s", (const void *)c,
                         client_name(c, name, sizeof(name)), what, e->database, e->user, how);
}

static void log_attempt(const struct client *c)
{
        char tls[128], how[180];

        if (!c->room->conf->opt.log_connections)
                return;
        snprintf(how, sizeof(how), " tls=%s replication=%s", client_tls_words(c, tls, sizeof(tls)),
                 replication_value(c->replication));
        log_login(c, "attempt", how);
}

/* ---- after authentication ---- */

static void greet(struct client *c, struct welcome *welcome)
{
        c->endpoint->stats->n.client_login_count++;
        entry_free(c);
        c->waiter.login = false;
        client_move(c, CLIENT_IDLE);
        greeting_send(c, welcome);
}

int entry_node_to_ask(const struct topology *t)
{
        if (t->primary >= 0)
                return t->primary;
        for (int i = 0; i < t->count; i++)
                if (t->nodes[i].state == NODE_UP || t->nodes[i].state == NODE_EJECTED)
                        return i;
        return -1;
}

struct server *entry_lease(struct client *c, struct settings *like)
{
        int node;

        if (c->waiter.pool != NULL)
                return NULL;
        if (c->endpoint->line == NULL) {
                client_refuse(c, "08P01", "database configuration changed");
                return NULL;
        }
        node = entry_node_to_ask(endpoint_topology(c->endpoint));
        if (node < 0)
                return NULL; /* the room's tick asks again; client_login_timeout ends it */
        c->waiter.login = true;
        return pool_lease(endpoint_pool(c->endpoint, node), &c->waiter, like);
}

int entry_node_of(const struct client *c, const struct server *s)
{
        int node = 0;

        while (node < c->endpoint->cluster->count && c->endpoint->cluster->nodes[node] != s->pool->node)
                node++;
        return node;
}

static void ask_for_welcome(struct client *c)
{
        struct settings *key = c->entry->welcome_key;
        struct welcome *welcome;
        struct server *s;

        if (c->replication != REPLICATION_NONE) {
                replication_ask(c);
                return;
        }
        welcome = endpoint_welcome(c->endpoint, key);
        if (welcome != NULL) {
                pool_cancel_wait(&c->waiter);
                greet(c, welcome);
                return;
        }
        s = entry_lease(c, key);
        if (s != NULL)
                entry_granted(c, s);
}

void entry_ask(struct client *c)
{
        if (c->server != NULL)
                return; /* its answer is under way, also when somebody else has learned the same meanwhile */
        if (c->state == CLIENT_LOOKUP)
                lookup_ask(c);
        else
                ask_for_welcome(c);
}

void entry_granted(struct client *c, struct server *s)
{
        int node = entry_node_of(c, s);

        if (c->replication != REPLICATION_NONE) {
                replication_granted(c, s, node);
                return;
        }
        link_join(c, s, node);
        if (!c->room->conf->opt.session_state || carry_begin(c, c->entry->welcome_key))
                entry_learned(c);
}

void entry_learned(struct client *c)
{
        struct settings *key = settings_ref(c->entry->welcome_key);
        const struct server *s = c->server;
        struct welcome *welcome =
            endpoint_learn(c->endpoint, key, c->room->conf->opt.session_state ? &s->params : &s->greeting);

        c->server->lent = false; /* it was only asked: server_lifetime=0 lets it serve once still */
        if (welcome == NULL) {
                client_refuse(c, "53200", "out of memory");
                return;
        }
        greet(c, welcome);
        if (c->state == CLIENT_IDLE)
                link_rest(c);
}

/* A unix-socket client with our own user id may enter the console as `pgbouncer` without a password. */
bool entry_is_own_user(const struct client *c)
{
        struct ucred peer;
        socklen_t size = sizeof(peer);

        return !client_via_tcp(c) && c->origin == ORIGIN_DIRECT && c->entry->admin_database &&
               strcmp(c->entry->user, "pgbouncer") == 0 &&
               getsockopt(c->stream.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

static bool may_enter_console(const struct client *c)
{
        const struct conf_user *user = conf_find_user(c->room->conf, c->entry->user);

        return entry_is_own_user(c) || (user != NULL && (user->admin || user->stats));
}

static void enter_console(struct client *c)
{
        struct entry *e = c->entry;
        struct buf rest = {0};
        struct sv read = e->rest.p != NULL ? e->rest : sv_from(buf_data(&c->in), buf_len(&c->in));
        const struct conf_user *user = conf_find_user(c->room->conf, e->user);
        struct visitor visitor;
        struct setting name;
        char host[IP_TEXT_SIZE];

        if (buf_append(&rest, read.p, read.n, CLIENT_IN_MAX) != STATUS_OK) {
                client_refuse(c, "53200", "out of memory");
                return;
        }
        visitor = (struct visitor){
            .stream = &c->stream,
            .in = &rest,
            .user = e->user,
            .admin = entry_is_own_user(c) || (user != NULL && user->admin),
            .address = ip_text(&c->ip, host),
            .port = c->port,
            .id = c->id,
            .connected_wall_us = c->connected_wall_us,
            .application_name = settings_get(c->startup, SV("application_name"), &name) ? name.value.p : "",
            .budget = {c->budget[0], c->budget[1]},
        };
        c->room->crowd->adopt(c->room->crowd->adopt_arg, &visitor);
        memset(c->budget, 0, sizeof(c->budget));
        client_close(c, NULL, NULL);
}

void entry_admit(struct client *c)
{
        struct room *room = c->room;
        struct entry *e = c->entry;
        const struct conf_database *line = conf_find_database(room->conf, e->database);
        struct refusal r;

        if (e->admin_database) {
                if (may_enter_console(c))
                        enter_console(c);
                else
                        client_refuse(c, "42501", "not allowed");
                return;
        }
        if (line == NULL) {
                log_login(c, "failed", "");
                refusal_set(&r, "FATAL", "08P01", "no such database: %.200s", e->database);
                client_close(c, &r, r.text);
                return;
        }
        if (nameset_has(&room->disabled, e->database)) {
                refusal_set(&r, "FATAL", "08P01", "database \"%.200s\" is disabled", e->database);
                client_close(c, &r, r.text);
                return;
        }
        c->endpoint = endpoint_get(room, line, e->database, e->user);
        c->endpoint->clients++;
        autodb_settle(c->endpoint, c);
        if (e->have_keys)
                endpoint_offer_keys(c->endpoint, &e->keys);
        if (e->lookup.secret != NULL)
                endpoint_offer_secret(c->endpoint, e->lookup.secret);
        if (e->shown != NULL)
                endpoint_offer_secret(c->endpoint, e->shown);
        c->settings = settings_ref(c->startup);
        c->settings_now = settings_ref(c->startup);
        if (room->conf->opt.session_state)
                e->welcome_key = settings_without(&room->pools.settings, c->startup, SV("application_name"));
        client_move(c, CLIENT_WELCOME);
        ask_for_welcome(c);
}

/* ---- the first packet ---- */

static void say_unknown(const struct client *c)
{
        char name[400];

        log_info("C-%p: %s no such user: %s", (const void *)c, client_name(c, name, sizeof(name)),
                 c->entry->user);
}

/* Who asks for what is known: what can be said before it is proved. An unknown user or database is not, so
 * that nobody finds out which there are without a password. */
static void begin_proof(struct client *c)
{
        const struct options *opt = &c->room->conf->opt;
        const struct entry *e = c->entry;
        const struct conf_user *user = conf_find_user(c->room->conf, e->user);
        const struct conf_database *line = conf_find_database(c->room->conf, e->database);
        bool is_stranger = e->admin_database && !may_enter_console(c);
        struct demand demand;
        char name[400];

        if (entry_is_own_user(c)) {
                log_attempt(c);
                if (opt->log_connections)
                        log_info("C-%p: %s pgbouncer access from unix socket", (const void *)c,
                                 client_name(c, name, sizeof(name)));
                entry_admit(c);
                return;
        }
        if (strlen(e->user) >= USER_NAME_SIZE) {
                client_refuse(c, "08P01", "username too long");
                return;
        }
        if (opt->auth_type == AUTH_ANY && !e->admin_database && (line == NULL || line->user == NULL)) {
                log_error("C-%p: %s auth_type=any requires forced user", (const void *)c,
                          client_name(c, name, sizeof(name)));
                client_refuse(c, "08P01", "bouncer config error");
                return;
        }
        /* PgBouncer says at once whose console it is not; under [pgsteer] nobody learns whose it is. */
        if (is_stranger && !c->room->conf->pgsteer_defaults) {
                log_attempt(c);
                client_refuse(c, "08P01", "not allowed");
                return;
        }
        demand = vouch_demand(c);
        if (demand.beyond == VOUCH_HOST) {
                vouch_find_host(c);
                return;
        }
        if (demand.beyond != VOUCH_NONE && demand.beyond != VOUCH_PEER) {
                log_attempt(c);
                (void)proof_refuse(c, &demand); /* and no server is asked about it */
                return;
        }
        if (demand.type == AUTH_LDAP || demand.type == AUTH_PAM) {
                if (!inquiry_allowed(c, demand.type))
                        return;
        } else if (opt->auth_type != AUTH_ANY && (user == NULL || user->secret == NULL)) {
                if (!is_stranger && lookup_begin(c))
                        return;
                say_unknown(c);
        }
        log_attempt(c);
        proof_ask(c);
}

void entry_named(struct client *c)
{
        begin_proof(c);
}

void entry_looked_up(struct client *c)
{
        bool known = c->entry->lookup.result == LOOKUP_FOUND;

        if (!known)
                say_unknown(c);
        log_attempt(c);
        /* PgBouncer's word; under [pgsteer] nobody is told who exists. */
        if (!known && !c->room->conf->pgsteer_defaults)
                client_refuse(c, "08P01", "no such user");
        else
                proof_ask(c);
}

/* A file of PgBouncer's may have a database of our name. */
static bool is_console(const struct conf *conf, const char *database)
{
        const struct conf_database *line;

        if (strcmp(database, "pgsteer") != 0)
                return strcmp(database, "pgbouncer") == 0;
        line = conf_find_database(conf, database);
        return line == NULL || strcmp(line->name, database) != 0;
}

/* Who was there before the sockets were closed, as all are who came by TCP, has no other process to go to. */
void entry_let_in(struct client *c)
{
        int64_t closed_us = atomic_load_explicit(&c->room->crowd->closed_us, memory_order_relaxed);

        if (!c->entry->admin_database && closed_us != 0 && c->connected_us >= closed_us &&
            listener_is_unix(c->stream.fd))
                client_refuse(c, "08P01", "pooler is shutting down");
        else
                begin_proof(c);
}

static void begin_session(struct client *c, const struct startup *s, struct sv rest)
{
        struct entry *e;
        struct refusal r = {0};

        if (!client_tls_suffices(c))
                return;
        e = c->entry = calloc(1, sizeof(*e));
        if (e == NULL) {
                client_refuse(c, "53200", "out of memory");
                return;
        }
        e->rest = rest;
        if (startup_apply(c, s, &r) != STATUS_OK) {
                client_close(c, &r, r.text);
                return;
        }
        e->admin_database = is_console(c->room->conf, e->database);
        if (memory_short() && !e->admin_database) {
                client_refuse(c, "53200",
                              "pgsteer is short of memory and lets nobody new in; try again later");
                return;
        }
        if (startup_negotiate(c, s) && gate_enter(c))
                entry_let_in(c);
}

/* What cannot be read. */
static void refuse_packet(struct client *c, const struct startup *s, const uint8_t *p, size_t n)
{
        char name[400];

        if (proxy_begins(p, n) && c->origin == ORIGIN_DIRECT)
                log_warning("C-%p: %s PROXY protocol header from an address that is not in "
                            "proxy_protocol_from",
                            (const void *)c, client_name(c, name, sizeof(name)));
        if (s->kind == STARTUP_CANCEL)
                client_close(c, NULL, "bad cancel request");
        else if (s->kind == STARTUP_SESSION && s->size > 0)
                client_refuse(c, "08P01", "invalid startup packet layout: expected terminator as last byte");
        else
                client_bad_header(c, p, n);
}

static size_t take_startup(struct client *c, const uint8_t *p, size_t n)
{
        struct startup s;

        if (c->origin == ORIGIN_AWAITED)
                return proxied_take(c, p, n);
        if (client_tls_is_hello(c, p, n)) {
                client_tls_direct(c, p, n);
                return n;
        }
        switch (startup_read(p, n, &s)) {
        case STATUS_OK: break;
        case STATUS_AGAIN: return 0;
        case STATUS_EOF:
        case STATUS_IO:
        case STATUS_INVALID:
        case STATUS_LIMIT:
        case STATUS_DENIED:
        case STATUS_ABSENT: refuse_packet(c, &s, p, n); return n;
        }
        switch (s.kind) {
        case STARTUP_SSL:
        case STARTUP_GSSENC: client_tls_answer(c, s.kind == STARTUP_SSL, s.size, n); break;
        case STARTUP_CANCEL: cancel_request(c, &s.key); break;
        case STARTUP_OLD: client_refuse(c, "08P01", "old V2 protocol not supported"); break;
        case STARTUP_UNKNOWN: client_bad_header(c, p, n); break;
        case STARTUP_SESSION: begin_session(c, &s, sv_from(p + s.size, n - s.size)); break;
        }
        return s.size;
}

static size_t take_answer(struct client *c, const uint8_t *p, size_t n)
{
        uint8_t body[STARTUP_MAX];
        struct msg m;

        if (!client_peek(c, p, n, &m))
                return c->state == CLIENT_CLOSED ? n : 0;
        if (m.type == FE_TERMINATE) {
                client_close(c, NULL, "client close request");
                return n;
        }
        if (m.type != FE_PASSWORD || m.size > STARTUP_MAX) {
                client_refuse(c, "08P01", "unexpected message during authentication");
                return n;
        }
        if (m.have < m.size || !proof_hears(c))
                return 0;
        c->entry->rest = sv_from(p + m.size, n - m.size);
        /* What may be a password is only in one place from now on, and in none afterwards. */
        memcpy(body, m.body, m.body_size);
        secret_wipe((uint8_t *)(uintptr_t)m.body, m.body_size);
        m.body = body;
        proof_take(c, &m);
        secret_wipe(body, m.body_size);
        return m.size;
}

size_t entry_take(struct client *c, const uint8_t *p, size_t n)
{
        size_t used = c->state == CLIENT_STARTUP ? take_startup(c, p, n) : take_answer(c, p, n);

        if (c->entry != NULL)
                c->entry->rest = (struct sv){NULL, 0};
        return used;
}

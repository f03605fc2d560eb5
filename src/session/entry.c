#include "session/entry.h"

#include "auth/secret.h"
#include "base/check.h"
#include "base/log.h"
#include "session/autodb.h"
#include "session/cancel.h"
#include "session/carry.h"
#include "session/client_tls.h"
#include "session/gate.h"
#include "session/link.h"
#include "session/startup.h"
#include "wire/startup.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A SCRAM verifier made from a plain password, so that a login does not pay for PBKDF2 each time. */
struct verifier {
        UT_hash_handle hh;
        struct scram_verifier verifier;
        char key[]; /* user NUL password NUL */
};

static const struct scram_verifier *verifier_of(struct room *room, const char *user, const char *password)
{
        size_t un = strlen(user) + 1, pn = strlen(password) + 1;
        struct verifier *v = xcalloc(1, sizeof(*v) + un + pn), *found;
        uint32_t iterations = (uint32_t)room->conf->opt.scram_iterations;
        struct scram_verifier mock;

        memcpy(v->key, user, un);
        memcpy(v->key + un, password, pn);
        HASH_FIND(hh, room->verifiers, v->key, (unsigned)(un + pn), found);
        if (found != NULL) {
                secret_wipe(v->key, un + pn);
                free(v);
                return &found->verifier;
        }
        /* The salt a user of this name would be shown if it did not exist: from it nobody can tell whether it
         * does. */
        scram_verifier_mock(user, room->crowd->mock_key, iterations, &mock);
        scram_verifier_salted(password, iterations, mock.salt, &v->verifier);
        HASH_ADD_KEYPTR(hh, room->verifiers, v->key, (unsigned)(un + pn), v);
        return &v->verifier;
}

void entry_forget_verifiers(struct room *room)
{
        struct verifier *v, *next;

        HASH_ITER (hh, room->verifiers, v, next) {
                size_t n = v->hh.keylen;

                HASH_DEL(room->verifiers, v);
                secret_wipe(v->key, n);
                secret_wipe(&v->verifier, sizeof(v->verifier));
                free(v);
        }
}

void entry_free(struct client *c)
{
        struct entry *e = c->entry;

        if (e == NULL)
                return;
        settings_unref(&c->room->pools.settings, e->welcome_key);
        free(e->user);
        free(e->database);
        secret_wipe(e, sizeof(*e));
        free(e);
        c->entry = NULL;
}

/* ---- after authentication ---- */

static void send_welcome(struct client *c, const struct welcome *welcome)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);
        struct setting name;

        write_auth(&w, AUTH_REQ_OK, "", 0);
        put_raw(&w, buf_data(&welcome->params), buf_len(&welcome->params));
        if (settings_get(c->startup, SV("application_name"), &name))
                write_param_status(&w, "application_name", name.value.p);
        else
                write_param_status(&w, "application_name", "");
        write_key_data(&w, &c->key);
        write_ready(&w, 'I');
        c->endpoint->stats->n.client_login_count++;
        entry_free(c);
        client_move(c, CLIENT_IDLE);
        client_send(c, &w);
}

/* Any node that serves will do; the primary has the values a session is most likely to meet. */
static int node_to_ask(const struct topology *t)
{
        if (t->primary >= 0)
                return t->primary;
        for (int i = 0; i < t->count; i++)
                if (t->nodes[i].state == NODE_UP || t->nodes[i].state == NODE_EJECTED)
                        return i;
        return -1;
}

void entry_ask(struct client *c)
{
        struct settings *key = c->entry->welcome_key;
        struct welcome *welcome = endpoint_welcome(c->endpoint, key);
        struct server *s;
        int node;

        if (welcome != NULL) {
                pool_cancel_wait(&c->waiter);
                send_welcome(c, welcome);
                return;
        }
        if (c->waiter.pool != NULL || c->server != NULL)
                return;
        if (c->endpoint->line == NULL) {
                client_refuse(c, "08P01", "database configuration changed");
                return;
        }
        node = node_to_ask(endpoint_topology(c->endpoint));
        if (node < 0)
                return; /* the room's tick asks again; client_login_timeout ends it */
        s = pool_lease(endpoint_pool(c->endpoint, node), &c->waiter, key);
        if (s != NULL)
                entry_granted(c, s);
}

void entry_granted(struct client *c, struct server *s)
{
        int node = 0;

        while (node < c->endpoint->cluster->count && c->endpoint->cluster->nodes[node] != s->pool->node)
                node++;
        link_join(c, s, node);
        if (carry_begin(c, c->entry->welcome_key))
                entry_learned(c);
}

void entry_learned(struct client *c)
{
        struct settings *key = settings_ref(c->entry->welcome_key);
        struct welcome *welcome = endpoint_learn(c->endpoint, key, &c->server->params);

        send_welcome(c, welcome);
        if (c->state == CLIENT_IDLE)
                link_rest(c);
}

/* A unix-socket client with our own user id may enter the console as `pgbouncer` without a password. */
bool entry_is_own_user(const struct client *c)
{
        struct ucred peer;
        socklen_t size = sizeof(peer);

        return !c->via_tcp && c->entry->admin_database && strcmp(c->entry->user, "pgbouncer") == 0 &&
               getsockopt(c->stream.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

static void enter_console(struct client *c)
{
        struct entry *e = c->entry;
        const struct conf_user *user = conf_find_user(c->room->conf, e->user);
        bool own = entry_is_own_user(c), admin = own || (user != NULL && user->admin);
        struct buf rest = {0};
        struct visitor visitor;
        struct setting name;

        if (!admin && (user == NULL || !user->stats)) {
                client_refuse(c, "08P01", "not allowed");
                return;
        }
        if (buf_append(&rest, e->rest.p, e->rest.n, CLIENT_IN_MAX) != STATUS_OK) {
                client_refuse(c, "53200", "out of memory");
                return;
        }
        visitor = (struct visitor){
            .stream = &c->stream,
            .in = &rest,
            .user = e->user,
            .admin = admin,
            .address = c->address,
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

static void admit(struct client *c)
{
        struct room *room = c->room;
        struct entry *e = c->entry;
        const struct conf_database *line;
        struct refusal r;
        char tls[128];

        if (e->admin_database) {
                enter_console(c);
                return;
        }
        line = conf_find_database(room->conf, e->database);
        if (line == NULL) {
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
        c->settings = settings_ref(c->startup);
        c->settings_now = settings_ref(c->startup);
        client_settings_changed(c);
        e->welcome_key = settings_without(&room->pools.settings, c->startup, SV("application_name"));
        if (room->conf->opt.log_connections)
                log_info("C-%p: %s/%s@%s:%d login attempt: db=%s user=%s tls=%s", (const void *)c,
                         e->database, e->user, c->address, c->port, e->database, e->user,
                         client_tls_words(c, tls, sizeof(tls)));
        client_move(c, CLIENT_WELCOME);
        entry_ask(c);
}

/* ---- authentication ---- */

static void deny(struct client *c)
{
        struct refusal r;

        refusal_set(&r, "FATAL", "28P01", "password authentication failed for user \"%.100s\"",
                    c->entry->user);
        client_close(c, &r, r.text);
}

static void request(struct client *c, uint32_t request, const void *data, size_t n)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);

        write_auth(&w, request, data, n);
        if (c->state == CLIENT_STARTUP)
                client_move(c, CLIENT_AUTH);
        client_send(c, &w);
}

static void ask_scram(struct client *c)
{
        static const char mechanisms[] = "SCRAM-SHA-256\0";

        c->entry->expects = ENTRY_SASL_FIRST;
        request(c, AUTH_REQ_SASL, mechanisms, sizeof(mechanisms));
}

static void ask_md5(struct client *c)
{
        c->entry->expects = ENTRY_MD5;
        secret_random(c->entry->md5_salt, sizeof(c->entry->md5_salt));
        request(c, AUTH_REQ_MD5, c->entry->md5_salt, sizeof(c->entry->md5_salt));
}

static const char *secret_of(struct client *c)
{
        const struct conf_user *user = conf_find_user(c->room->conf, c->entry->user);

        return user != NULL && user->secret != NULL ? user->secret : NULL;
}

static void authenticate(struct client *c)
{
        const struct options *opt = &c->room->conf->opt;
        const char *secret = secret_of(c);

        if (entry_is_own_user(c)) {
                admit(c);
                return;
        }
        switch ((enum auth_type)opt->auth_type) {
        case AUTH_ANY: admit(c); return;
        case AUTH_TRUST:
                if (secret != NULL) /* a line in [users], or a word in admin_users, makes no user */
                        admit(c);
                else
                        client_refuse(c, "28000", "\"trust\" authentication failed");
                return;
        case AUTH_PLAIN:
                c->entry->expects = ENTRY_PLAIN;
                request(c, AUTH_REQ_CLEARTEXT, "", 0);
                return;
        case AUTH_MD5:
                if (secret_kind(secret) == SECRET_SCRAM)
                        ask_scram(c);
                else
                        ask_md5(c);
                return;
        case AUTH_SCRAM: ask_scram(c); return;
        case AUTH_CERT:
        case AUTH_HBA:
        case AUTH_LDAP:
        case AUTH_PAM: break;
        }
        client_refuse(c, "28000", "this auth_type is not supported yet");
}

static void sasl_first(struct client *c, struct reader *r)
{
        struct entry *e = c->entry;
        const char *secret = secret_of(c);
        struct sv mechanism = take_cstr(r);
        uint32_t size = take_u32(r);
        struct scram_verifier mock;
        const struct scram_verifier *verifier = &mock;
        char out[SCRAM_MESSAGE_MAX];
        bool doomed = false;

        if (r->failed || size != r->n || !sv_is(mechanism, "SCRAM-SHA-256")) {
                client_refuse(c, "08P01", "malformed SASLInitialResponse");
                return;
        }
        switch (secret_kind(secret)) {
        case SECRET_SCRAM: doomed = scram_verifier_parse(secret, &mock) != STATUS_OK; break;
        case SECRET_PLAIN: verifier = verifier_of(c->room, e->user, secret); break;
        case SECRET_NONE:
        case SECRET_MD5:
                doomed = true;
                scram_verifier_mock(e->user, c->room->crowd->mock_key,
                                    (uint32_t)c->room->conf->opt.scram_iterations, &mock);
                break;
        }
        if (scram_server_first(&e->scram, verifier, doomed, sv_from(r->p, r->n), out) != STATUS_OK) {
                client_refuse(c, "08P01", "malformed SCRAM message");
                return;
        }
        e->expects = ENTRY_SASL_FINAL;
        request(c, AUTH_REQ_SASL_CONTINUE, out, strlen(out));
}

static void sasl_final(struct client *c, struct reader *r)
{
        struct entry *e = c->entry;
        struct buf buf = {0};
        struct writer w = writer_to(&buf, CLIENT_OUT_MAX);
        char out[SCRAM_MESSAGE_MAX];

        switch (scram_server_final(&e->scram, sv_from(r->p, r->n), out, &e->keys)) {
        case STATUS_OK: break;
        case STATUS_DENIED: deny(c); return;
        case STATUS_AGAIN:
        case STATUS_EOF:
        case STATUS_IO:
        case STATUS_INVALID:
        case STATUS_LIMIT:
        case STATUS_ABSENT: client_refuse(c, "08P01", "malformed SCRAM message"); return;
        }
        e->have_keys = true;
        write_auth(&w, AUTH_REQ_SASL_FINAL, out, strlen(out));
        if (client_send(c, &w))
                admit(c);
}

static void on_password(struct client *c, const struct msg *m)
{
        struct entry *e = c->entry;
        struct reader r = reader_of(m);
        const char *secret = secret_of(c);
        struct sv password;
        bool right;

        switch (e->expects) {
        case ENTRY_SASL_FIRST: sasl_first(c, &r); return;
        case ENTRY_SASL_FINAL: sasl_final(c, &r); return;
        case ENTRY_PLAIN:
        case ENTRY_MD5: break;
        }
        password = take_cstr(&r);
        if (r.failed || r.n != 0) {
                client_refuse(c, "08P01", "malformed password message");
                return;
        }
        right = e->expects == ENTRY_MD5 ? md5_verify(secret, e->user, e->md5_salt, password.p, password.n)
                                        : plain_verify(secret, e->user, password.p, password.n);
        if (right && secret != NULL)
                admit(c);
        else
                deny(c);
}

/* ---- the first packet ---- */

static void begin_session(struct client *c, const struct startup *s, struct sv rest)
{
        struct entry *e;
        struct refusal r = {0};

        if (!client_tls_suffices(c))
                return;
        e = c->entry = xcalloc(1, sizeof(*e));
        e->rest = rest;
        if (startup_apply(c, s, &r) != STATUS_OK) {
                client_close(c, &r, r.text);
                return;
        }
        e->admin_database = strcmp(e->database, "pgbouncer") == 0 || strcmp(e->database, "pgsteer") == 0;
        if (!startup_negotiate(c, s) || !gate_enter(c))
                return;
        if (!e->admin_database && atomic_load_explicit(&c->room->crowd->refusing, memory_order_relaxed)) {
                client_refuse(c, "08P01", "pooler is shutting down");
                return;
        }
        authenticate(c);
}

static size_t take_startup(struct client *c, const uint8_t *p, size_t n)
{
        struct startup s;

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
        case STATUS_ABSENT: client_refuse(c, "08P01", "bad packet header"); return n;
        }
        switch (s.kind) {
        case STARTUP_SSL:
        case STARTUP_GSSENC: client_tls_answer(c, s.kind == STARTUP_SSL, s.size, n); break;
        case STARTUP_CANCEL: cancel_request(c, &s.key); break;
        case STARTUP_OLD: client_refuse(c, "08P01", "old V2 protocol not supported"); break;
        case STARTUP_UNKNOWN: client_refuse(c, "08P01", "bad packet header"); break;
        case STARTUP_SESSION: begin_session(c, &s, sv_from(p + s.size, n - s.size)); break;
        }
        return s.size;
}

size_t entry_take(struct client *c, const uint8_t *p, size_t n)
{
        struct msg m;

        if (c->state == CLIENT_STARTUP)
                return take_startup(c, p, n);
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
        if (m.have < m.size)
                return 0;
        c->entry->rest = sv_from(p + m.size, n - m.size);
        on_password(c, &m);
        return m.size;
}

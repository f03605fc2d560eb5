#include "pool/login.h"

#include "auth/secret.h"
#include "base/log.h"
#include "conf/conf.h"
#include "net/address.h"
#include "net/derivation.h"
#include "net/secure.h"
#include "pool/pool.h"
#include "pool/server.h"
#include "wire/fields.h"
#include "wire/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOGIN_OUT_MAX = 2 * STARTUP_MAX, CONNECT_QUERY_MAX = 1 << 20 };

static enum status send_out(struct server *s, struct writer *w)
{
        if (w->failed) {
                buf_release(w->out);
                return STATUS_LIMIT;
        }
        return stream_send_buf(&s->stream, w->out);
}

static void put_param(struct writer *w, const char *name, const char *value)
{
        if (value != NULL && *value != '\0')
                write_startup_param(w, name, value);
}

enum status login_start(struct server *s)
{
        const struct conf_database *line = s->pool->line;
        struct buf out = {0};
        struct writer w = writer_to(&out, LOGIN_OUT_MAX);

        write_startup_begin(&w);
        write_startup_param(&w, "user", s->pool->quota->user);
        write_startup_param(&w, "database", s->pool->dbname);
        put_param(&w, "client_encoding", line->client_encoding);
        put_param(&w, "datestyle", line->datestyle);
        put_param(&w, "timezone", line->timezone);
        put_param(&w, "application_name", line->application_name);
        if (s->owner != NULL)
                put_raw(&w, buf_data(s->owner->params), buf_len(s->owner->params));
        put_byte(&w, 0);
        msg_end(&w);
        return send_out(s, &w);
}

static enum login_result reject(struct refusal *r, const char *sqlstate, const char *text)
{
        refusal_set(r, "FATAL", sqlstate, "server login failed: %s", text);
        return LOGIN_REJECTED;
}

static enum login_result breach(struct refusal *r)
{
        return reject(r, "08P01", "the server broke the protocol during login");
}

/* With PgBouncer's words for who waits; the log says what is missing. */
static enum login_result reject_secret(struct server *s, struct refusal *r, const char *what)
{
        log_error("S-%p: %s/%s: %s", (const void *)s, s->pool->quota->database, s->pool->quota->user, what);
        return reject(r, "08P01", "wrong password type");
}

/* What we have to prove ourselves with. A user without a secret has an empty password, as in PgBouncer: the
 * server says what it thinks of that. */
static const char *secret_for(struct server *s)
{
        const char *secret = pool_password(s->pool);
        struct conf_host target = server_target(s);

        if (secret == NULL || *secret == '\0')
                secret =
                    conf_find_password(s->pool->home->conf, &target, s->pool->dbname, s->pool->quota->user);
        return secret != NULL ? secret : "";
}

static enum login_result send_password(struct server *s, const char *password, struct refusal *r)
{
        struct buf out = {.secret = true};
        struct writer w = writer_to(&out, LOGIN_OUT_MAX);

        msg_begin(&w, FE_PASSWORD);
        put_cstr(&w, password);
        msg_end(&w);
        if (send_out(s, &w) != STATUS_OK)
                return reject(r, "08006", "connection lost");
        return LOGIN_MORE;
}

static enum login_result send_sasl(struct server *s, const char *mechanism, const char *data,
                                   struct refusal *r)
{
        struct buf out = {.secret = true};
        struct writer w = writer_to(&out, LOGIN_OUT_MAX);

        msg_begin(&w, FE_PASSWORD);
        if (mechanism != NULL) {
                put_cstr(&w, mechanism);
                put_i32(&w, (uint32_t)strlen(data));
        }
        put_raw(&w, data, strlen(data));
        msg_end(&w);
        if (send_out(s, &w) != STATUS_OK)
                return reject(r, "08006", "connection lost");
        return LOGIN_MORE;
}

static enum channel_binding wanted_binding(const struct server *s)
{
        return conf_channel_binding(s->pool->home->conf, s->pool->line);
}

/* What to do without it, in libpq's words. */
static const char *missing_binding(const struct server *s, bool plus)
{
        if (wanted_binding(s) != CHANNEL_BINDING_REQUIRE)
                return NULL;
        if (s->stream.session == NULL)
                return "channel binding required, but SSL not in use";
        return plus ? "channel binding is required, but the server's certificate gives none"
                    : "channel binding is required, but server did not offer an authentication method that "
                      "supports channel binding";
}

/* The mechanisms we know among those offered. False: none. */
static bool read_offer(struct reader *rd, bool *plain, bool *plus)
{
        *plain = *plus = false;
        for (;;) {
                struct sv mechanism = take_cstr(rd);

                if (rd->failed || mechanism.n == 0)
                        return !rd->failed && (*plain || *plus);
                *plain = *plain || sv_is(mechanism, SCRAM_MECHANISM);
                *plus = *plus || sv_is(mechanism, SCRAM_MECHANISM_PLUS);
        }
}

/* As libpq: 'y' says that we could have bound, so that a server that had offered it notices. */
static char choose_flag(const struct server *s, bool plus, struct scram_binding *binding)
{
        binding->size = 0;
        if (s->stream.session == NULL || wanted_binding(s) == CHANNEL_BINDING_DISABLE)
                return 'n';
        binding->size = secure_binding(&s->stream, binding->hash);
        if (binding->size == 0)
                return 'n';
        return plus ? 'p' : 'y';
}

static enum login_result sasl_first(struct server *s, struct reader *rd, struct refusal *r)
{
        struct scram_binding binding;
        char first[SCRAM_MESSAGE_MAX], flag;
        bool plain, plus;
        const char *wrong;

        if (!read_offer(rd, &plain, &plus))
                return reject(r, "08P01",
                              "none of the server's SASL authentication mechanisms are supported");
        if (plus && s->stream.session == NULL)
                return reject(r, "08P01",
                              "server offered SCRAM-SHA-256-PLUS authentication over a non-SSL connection");
        if (s->login->stage != LOGIN_ASKED)
                return reject(r, "08P01", "the server began SASL twice");
        flag = choose_flag(s, plus, &binding);
        wrong = flag == 'p' ? NULL : missing_binding(s, plus);
        if (wrong != NULL)
                return reject(r, "08P01", wrong);
        if (flag != 'p' && !plain)
                return reject(r, "08P01",
                              "none of the server's SASL authentication mechanisms are supported");
        scram_client_first(&s->login->scram, flag, &binding, first);
        s->login->stage = LOGIN_SASL_FIRST;
        return send_sasl(s, flag == 'p' ? SCRAM_MECHANISM_PLUS : SCRAM_MECHANISM, first, r);
}

static bool same_salt(const struct scram_keys *a, const struct scram_keys *b)
{
        return a->iterations == b->iterations && a->salt_size == b->salt_size &&
               memcmp(a->salt, b->salt, a->salt_size) == 0;
}

static enum login_result send_final(struct server *s, struct sv challenge, struct refusal *r)
{
        char final[SCRAM_MESSAGE_MAX];

        if (scram_client_final(&s->login->scram, &s->login->keys, challenge, final) != STATUS_OK)
                return reject(r, "08P01", "malformed SCRAM challenge from the server");
        s->login->stage = LOGIN_SASL_FINAL;
        return send_sasl(s, NULL, final, r);
}

static void on_derived(void *arg, const struct scram_keys *keys)
{
        struct server *s = arg;
        struct login *login = s->login;
        struct refusal r = {0};

        login->derivation = NULL;
        login->keys = *keys;
        if (send_final(s, sv_from(buf_data(&login->challenge), buf_len(&login->challenge)), &r) != LOGIN_MORE)
                server_reject(s, &r);
}

static enum login_result derive(struct server *s, const char *password, struct sv challenge,
                                struct refusal *r)
{
        struct pools *home = s->pool->home;
        struct login *login = s->login;

        if (login->keys.iterations <= DERIVATION_SMALL) {
                scram_client_keys(password, &login->keys);
                return send_final(s, challenge, r);
        }
        if (buf_append(&login->challenge, challenge.p, challenge.n, SCRAM_MESSAGE_MAX) == STATUS_OK)
                login->derivation = derivation_begin(home->helpers, &home->loop->mailbox, password,
                                                     &login->keys, on_derived, s);
        return login->derivation != NULL ? LOGIN_MORE : reject(r, "53300", "too many logins are computed");
}

/* With the keys for the challenge: those this pool has proved or been handed already, else from the password.
 */
static enum login_result answer_challenge(struct server *s, struct sv challenge, struct refusal *r)
{
        struct pool *pool = s->pool;
        const char *password = secret_for(s);

        if (pool->have_keys && same_salt(&pool->keys, &s->login->keys)) {
                s->login->keys = pool->keys;
                return send_final(s, challenge, r);
        }
        if (password[0] != '\0' && secret_kind(password) != SECRET_PLAIN)
                return reject_secret(
                    s, r,
                    pool->have_keys
                        ? "cannot do SCRAM authentication: the server's secret is not the one in auth_file"
                        : "cannot do SCRAM authentication: wrong password type: auth_file has a secret that "
                          "only the key of a client that logs in with SCRAM can open");
        return derive(s, password, challenge, r);
}

static enum login_result sasl_continue(struct server *s, struct sv data, struct refusal *r)
{
        if (s->login->stage != LOGIN_SASL_FIRST ||
            scram_client_challenge(&s->login->scram, data, &s->login->keys) != STATUS_OK)
                return reject(r, "08P01", "malformed or unacceptable SCRAM challenge from the server");
        return answer_challenge(s, data, r);
}

/* Keys that were right are good for the pool's next logins; wrong ones would be in the way of a password that
 * has been put right. */
static enum login_result sasl_final(struct server *s, struct sv data, struct refusal *r)
{
        struct pool *pool = s->pool;

        if (s->login->stage != LOGIN_SASL_FINAL || scram_client_verify(&s->login->scram, data) != STATUS_OK)
                return reject(r, "08P01", "invalid server signature");
        s->login->stage = LOGIN_SASL_VERIFIED;
        if (!pool->have_keys || !same_salt(&pool->keys, &s->login->keys)) {
                pool->keys = s->login->keys;
                pool->have_keys = pool->derived_keys = true;
        }
        return LOGIN_MORE;
}

static enum login_result md5_reply(struct server *s, struct reader *rd, struct refusal *r)
{
        const char *password = secret_for(s);
        char answer[MD5_ANSWER_SIZE];

        if (rd->n < 4)
                return reject(r, "08P01", "malformed md5 request from the server");
        if (md5_answer(password, s->pool->quota->user, rd->p, answer) != STATUS_OK)
                return reject_secret(s, r, "cannot do MD5 authentication: wrong password type");
        return send_password(s, answer, r);
}

/* Whether nobody but the server can read what we send. */
static bool is_private(const struct server *s)
{
        int port;

        return s->stream.session != NULL || strcmp(socket_local(s->stream.fd, &port).host, "unix") == 0;
}

static enum login_result cleartext_reply(struct server *s, struct refusal *r)
{
        const char *password = secret_for(s);
        int when = s->pool->home->conf->opt.server_cleartext_password;

        if (when == CLEARTEXT_NEVER || (when == CLEARTEXT_TLS && !is_private(s)))
                return reject(
                    r, "08P01",
                    "server asks for a clear text password, which server_cleartext_password forbids");
        if (password[0] != '\0' && secret_kind(password) != SECRET_PLAIN)
                return reject_secret(s, r, "cannot send a clear text password: auth_file has none");
        return send_password(s, password, r);
}

/* What a server that does not bind the channel is told where that is required; NULL: nothing. */
static const char *unbound(const struct server *s)
{
        const char *wrong = missing_binding(s, false);

        if (wrong == NULL || (s->login->stage == LOGIN_SASL_VERIFIED && s->login->scram.gs2_flag == 'p'))
                return NULL;
        return s->stream.session == NULL
                   ? wrong
                   : "channel binding required, but server authenticated client without channel binding";
}

static enum login_result on_auth(struct server *s, const struct msg *m, struct refusal *r)
{
        struct reader rd = reader_of(m);
        uint32_t request = take_u32(&rd);
        char text[96];

        if (rd.failed)
                return reject(r, "08P01", "malformed authentication request from the server");
        if (s->login->derivation != NULL || s->login->stage >= LOGIN_AUTHENTICATED)
                return breach(r);
        if ((request == AUTH_REQ_CLEARTEXT || request == AUTH_REQ_MD5) && s->login->stage != LOGIN_ASKED)
                return breach(r);
        if (request == AUTH_REQ_OK || request == AUTH_REQ_CLEARTEXT || request == AUTH_REQ_MD5) {
                const char *wrong = unbound(s);

                if (wrong != NULL)
                        return reject(r, "08P01", wrong);
        }
        switch (request) {
        case AUTH_REQ_OK:
                /* A server that skips its proof has not shown that it knows the secret. */
                if (s->login->stage == LOGIN_SASL_FIRST || s->login->stage == LOGIN_SASL_FINAL)
                        return reject(r, "08P01", "the server ended SCRAM without its proof");
                s->login->stage = LOGIN_AUTHENTICATED;
                return LOGIN_MORE;
        case AUTH_REQ_CLEARTEXT: return cleartext_reply(s, r);
        case AUTH_REQ_MD5: return md5_reply(s, &rd, r);
        case AUTH_REQ_SASL: return sasl_first(s, &rd, r);
        case AUTH_REQ_SASL_CONTINUE: return sasl_continue(s, sv_from(rd.p, rd.n), r);
        case AUTH_REQ_SASL_FINAL: return sasl_final(s, sv_from(rd.p, rd.n), r);
        default:
                snprintf(text, sizeof(text),
                         "the server wants authentication method %u, which is unsupported", request);
                return reject(r, "08P01", text);
        }
}

/* A plain line's clients only wait for a server that says it will be there in a moment, as in PgBouncer; a
 * cluster's health finds out about the others. */
static bool is_temporary(const struct server *s, struct sv sqlstate)
{
        if (s->pool->quota->node == NULL)
                return sv_is(sqlstate, "57P03");
        return sqlstate_is_shutdown(sqlstate);
}

/* Refused to this connection, not to others: PgBouncer does not tell why, but to the log. */
static void refuse_replication(struct server *s, const struct error_fields *e, struct refusal *r)
{
        log_error("S: login failed: %.*s: %.*s", SV_ARG(e->severity), SV_ARG(e->text));
        if (!s->pool->home->conf->pgsteer_defaults)
                refusal_set(r, "FATAL", "08P01", "login failed");
}

static enum login_result on_error(struct server *s, const struct msg *m, struct refusal *r)
{
        static _Thread_local char sqlstate[6];
        struct error_fields e;

        error_fields_read(m, &e);
        if (s->login->stage == LOGIN_CONNECT_QUERY && !s->pool->home->conf->pgsteer_defaults) {
                /* PgBouncer's words; it goes on as if nothing had been asked. */
                log_error("S: error while executing exec_on_query: %.*s: %.*s", SV_ARG(e.severity),
                          SV_ARG(e.text));
                return LOGIN_MORE;
        }
        if (s->replication == REPLICATION_NONE)
                log_warning("server login failed: %.*s %.*s", SV_ARG(e.severity), SV_ARG(e.text));
        snprintf(sqlstate, sizeof(sqlstate), "%.*s", e.sqlstate.n == 5 ? 5 : 0, e.sqlstate.p);
        refusal_set(r, "FATAL", sqlstate[0] != '\0' ? sqlstate : "08P01", "%.*s", SV_ARG(e.text));
        if (s->replication != REPLICATION_NONE)
                refuse_replication(s, &e, r);
        return is_temporary(s, e.sqlstate) ? LOGIN_SHUTDOWN : LOGIN_REJECTED;
}

static enum login_result on_param(struct server *s, const struct msg *m, struct refusal *r)
{
        struct sv name, value;

        if (server_report(s, m, &name, &value) != STATUS_OK)
                return reject(r, "08P01", "malformed ParameterStatus from the server");
        return LOGIN_MORE;
}

/* What each new connection runs before anybody uses it: a part of the login, so that when it fails, who waits
 * learns why. */
static enum login_result send_connect_query(struct server *s, struct refusal *r)
{
        const char *sql = s->pool->line != NULL ? s->pool->line->connect_query : NULL;
        struct buf out = {0};
        struct writer w = writer_to(&out, CONNECT_QUERY_MAX);

        /* A connection for physical replication runs no SQL. */
        if (sql == NULL || sql[0] == '\0' || s->replication == REPLICATION_PHYSICAL)
                return LOGIN_DONE;
        s->login->stage = LOGIN_CONNECT_QUERY;
        write_query(&w, sql);
        return send_out(s, &w) == STATUS_OK ? LOGIN_MORE : reject(r, "08P01", "exec_on_connect query failed");
}

/* All else would say that the server need not show who it is. */
static bool comes_before_authentication(char type)
{
        return type == BE_AUTH || type == BE_ERROR || type == BE_NOTICE || type == BE_NEGOTIATE;
}

enum login_result login_step(struct server *s, const struct msg *m, struct refusal *r)
{
        struct reader rd = reader_of(m);

        if (s->login->stage < LOGIN_AUTHENTICATED && !comes_before_authentication(m->type))
                return breach(r);
        switch (m->type) {
        case BE_AUTH: return on_auth(s, m, r);
        case BE_ERROR: return on_error(s, m, r);
        case BE_PARAM_STATUS: return on_param(s, m, r);
        case BE_KEY_DATA:
                return take_cancel_key(&rd, &s->key) == STATUS_OK
                           ? LOGIN_MORE
                           : reject(r, "08P01", "malformed BackendKeyData from the server");
        case BE_READY:
                s->tx = (char)take_u8(&rd);
                if (s->tx != 'I')
                        return reject(r, "08P01",
                                      s->login->stage == LOGIN_CONNECT_QUERY
                                          ? "connect_query left a transaction open"
                                          : "malformed ReadyForQuery from the server");
                return s->login->stage == LOGIN_CONNECT_QUERY ? LOGIN_DONE : send_connect_query(s, r);
        case BE_NOTICE:
        case BE_NEGOTIATE: return LOGIN_MORE;
        case BE_ROW_DESCRIPTION:
        case BE_DATA_ROW:
        case BE_COMMAND_COMPLETE:
        case BE_EMPTY_QUERY:
        case BE_NOTIFICATION:
                if (s->login->stage == LOGIN_CONNECT_QUERY)
                        return LOGIN_MORE;
                return breach(r);
        default: return breach(r);
        }
}

void login_end(struct server *s)
{
        if (s->login == NULL)
                return;
        server_tls_fini(&s->login->tls);
        derivation_forget(s->login->derivation);
        buf_release(&s->login->challenge);
        secret_wipe(s->login, sizeof(*s->login));
        free(s->login);
        s->login = NULL;
}

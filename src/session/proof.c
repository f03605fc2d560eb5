#include "session/proof.h"

#include "auth/secret.h"
#include "base/check.h"
#include "base/log.h"
#include "net/derivation.h"
#include "net/secure.h"
#include "session/delay.h"
#include "session/entry.h"
#include "session/measure.h"
#include "session/verifiers.h"
#include "wire/writer.h"

#include <string.h>

/* PgBouncer says no more than that it failed; [pgsteer] says it as PostgreSQL does, which drivers know. */
static void deny(struct client *c, const char *text)
{
        struct refusal r;

        if (c->room->conf->pgsteer_defaults)
                refusal_set(&r, "FATAL", "28P01", "password authentication failed for user \"%.100s\"",
                            c->entry->user);
        else
                refusal_set(&r, "FATAL", "08P01", "%s", text);
        delay_deny(c, &r, text);
}

static void request(struct client *c, uint32_t request, const void *data, size_t n)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);

        write_auth(&w, request, data, n);
        if (c->state < CLIENT_AUTH)
                client_move(c, CLIENT_AUTH);
        client_send(c, &w);
}

/* In PostgreSQL's order: the stronger one first. */
static void ask_scram(struct client *c)
{
        static const char mechanisms[] = SCRAM_MECHANISM_PLUS "\0" SCRAM_MECHANISM "\0";
        enum channel_binding mode = (enum channel_binding)c->room->conf->opt.client_tls_channel_binding;
        struct scram_binding *binding = &c->entry->binding;
        const char *offer = mechanisms;
        size_t n = sizeof(mechanisms);

        _Static_assert((int)SCRAM_BINDING_MAX == (int)SECURE_BINDING_MAX,
                       "a hash of either room fits the other");
        if (mode != CHANNEL_BINDING_DISABLE)
                binding->size = secure_binding(&c->stream, binding->hash);
        if (binding->size == 0) {
                if (mode == CHANNEL_BINDING_REQUIRE) {
                        client_refuse(c, "28000", "channel binding required");
                        return;
                }
                offer += sizeof(SCRAM_MECHANISM_PLUS);
                n -= sizeof(SCRAM_MECHANISM_PLUS);
        }
        c->entry->expects = ENTRY_SASL_FIRST;
        if (mode == CHANNEL_BINDING_REQUIRE)
                request(c, AUTH_REQ_SASL, SCRAM_MECHANISM_PLUS "\0", sizeof(SCRAM_MECHANISM_PLUS) + 1);
        else
                request(c, AUTH_REQ_SASL, offer, n);
}

static void ask_md5(struct client *c)
{
        c->entry->expects = ENTRY_MD5;
        secret_random(c->entry->md5_salt, sizeof(c->entry->md5_salt));
        request(c, AUTH_REQ_MD5, c->entry->md5_salt, sizeof(c->entry->md5_salt));
}

/* Who does not exist is asked as those who do. PgBouncer asks for md5. */
static bool wants_scram(const struct client *c)
{
        struct measure m = measure_of(c);

        return m.kind == SECRET_SCRAM && (!m.doomed || c->room->conf->pgsteer_defaults);
}

static void ask_for_password(struct client *c, enum auth_type type)
{
        c->entry->scram = xcalloc(1, sizeof(*c->entry->scram));
        if (type == AUTH_PLAIN) {
                c->entry->expects = ENTRY_PLAIN;
                request(c, AUTH_REQ_CLEARTEXT, "", 0);
        } else if (type == AUTH_SCRAM || wants_scram(c)) {
                ask_scram(c);
        } else {
                ask_md5(c);
        }
}

/* The password is not for us. */
static void ask_for_others(struct client *c, const struct demand *demand)
{
        struct inquiry *inquiry = inquiry_open(c, demand);

        if (inquiry == NULL)
                return;
        c->entry->inquiry = inquiry;
        c->entry->expects = ENTRY_OUTSIDE;
        request(c, AUTH_REQ_CLEARTEXT, "", 0);
}

/* Who is vouched for must be known as well. */
static void decide(struct client *c, bool shown, const char *text)
{
        if (shown && measure_is_known(c))
                entry_admit(c);
        else
                client_refuse(c, c->room->conf->pgsteer_defaults ? "28000" : "08P01", text);
}

bool proof_refuse(struct client *c, const struct demand *demand)
{
        switch (demand->beyond) {
        case VOUCH_NONE:
        case VOUCH_PEER: return false;
        case VOUCH_REJECT: decide(c, false, "login rejected"); return true;
        case VOUCH_NO_RULE: decide(c, false, "no authentication method is found"); return true;
        case VOUCH_NO_CERTIFICATE:
                decide(c, false, "connection requires a valid client certificate");
                return true;
        case VOUCH_HOST: /* the rules have changed since it was let in */
                client_refuse(c, "08P01", "database configuration changed");
                return true;
        case VOUCH_OTHER_CERTIFICATE: decide(c, false, "certificate authentication failed"); return true;
        }
        return false;
}

void proof_ask(struct client *c)
{
        struct demand demand = vouch_demand(c);

        if (proof_refuse(c, &demand))
                return;
        if (demand.beyond == VOUCH_PEER) {
                decide(c, vouch_peer(c, demand.rule), "unix socket login rejected");
                return;
        }
        switch (demand.type) {
        case AUTH_ANY: entry_admit(c); return;
        case AUTH_TRUST: decide(c, true, "\"trust\" authentication failed"); return;
        case AUTH_PLAIN:
        case AUTH_MD5:
        case AUTH_SCRAM: ask_for_password(c, demand.type); return;
        case AUTH_CERT:
                decide(c, vouch_certificate(c, demand.rule), "certificate authentication failed");
                return;
        case AUTH_LDAP:
        case AUTH_PAM: ask_for_others(c, &demand); return;
        case AUTH_HBA: break;
        }
        client_refuse(c, "08P01", "login rejected");
}

/* PgBouncer tells nothing of what was wrong; [pgsteer] tells what PostgreSQL does. */
static void refuse_scram(struct client *c)
{
        const struct scram_server *scram = c->entry->scram;
        char name[400];

        log_warning("C-%p: %s %s", (const void *)c, client_name(c, name, sizeof(name)), scram->complaint);
        if (c->room->conf->pgsteer_defaults)
                client_refuse(c, scram->sqlstate, scram->text);
        else
                client_refuse(c, "08P01", "SASL authentication failed");
}

static bool choose(struct client *c, struct sv mechanism)
{
        struct entry *e = c->entry;

        if (scram_server_choose(e->scram, mechanism, &e->binding) != STATUS_OK)
                return false;
        return e->scram->plus || c->room->conf->opt.client_tls_channel_binding != CHANNEL_BINDING_REQUIRE;
}

/* What the user's proof is compared with. The salt of a clear secret's is the one that a stranger of this
 * name is shown, so that nobody can tell them apart. NULL: not yet, or the client has been refused. */
static const struct scram_verifier *verifier_of(struct client *c, struct scram_verifier *own, bool *doomed)
{
        struct measure m = measure_of(c);
        const struct scram_verifier *found = own;
        struct scram_verifier mock;

        *doomed = m.doomed;
        verifiers_mock(c->room, c->entry->user, &mock);
        switch (m.kind) {
        case SECRET_SCRAM: *doomed = scram_verifier_parse(m.secret, own) != STATUS_OK || m.doomed; break;
        case SECRET_PLAIN: found = verifiers_find(c, m.user, m.secret); break;
        case SECRET_NONE:
        case SECRET_MD5:
                *doomed = true;
                *own = mock;
                break;
        }
        if (!m.doomed || found == NULL)
                return found;
        mock.iterations = found->iterations;
        *own = mock;
        return own;
}

/* To the client-first-message that has been kept. */
static void answer_first(struct client *c)
{
        struct entry *e = c->entry;
        struct sv first = sv_from(buf_data(&e->first), buf_len(&e->first));
        struct scram_verifier own;
        bool doomed;
        const struct scram_verifier *verifier = verifier_of(c, &own, &doomed);
        char out[SCRAM_MESSAGE_MAX];
        enum status status;

        if (verifier == NULL)
                return;
        status = scram_server_first(e->scram, verifier, doomed, first, out);
        secret_wipe(&own, sizeof(own));
        if (status != STATUS_OK) {
                refuse_scram(c);
                return;
        }
        e->expects = ENTRY_SASL_FINAL;
        request(c, AUTH_REQ_SASL_CONTINUE, out, strlen(out));
}

void proof_go_on(struct client *c)
{
        c->entry->awaited = NULL;
        client_move(c, CLIENT_AUTH);
        answer_first(c);
        client_go_on(c);
}

static void sasl_first(struct client *c, struct reader *r)
{
        struct sv mechanism = take_cstr(r);
        uint32_t size = take_u32(r);

        if (!r->failed && !choose(c, mechanism))
                client_refuse(c, "08P01", "client selected an invalid SASL authentication mechanism");
        else if (r->failed || size != r->n ||
                 buf_append(&c->entry->first, r->p, r->n, STARTUP_MAX) != STATUS_OK)
                client_refuse(c, "08P01", "malformed SASLInitialResponse");
        else
                answer_first(c);
}

static void sasl_final(struct client *c, struct reader *r)
{
        struct entry *e = c->entry;
        struct buf buf = {0};
        struct writer w = writer_to(&buf, CLIENT_OUT_MAX);
        char out[SCRAM_MESSAGE_MAX];

        switch (scram_server_final(e->scram, sv_from(r->p, r->n), out, &e->keys)) {
        case STATUS_OK: break;
        case STATUS_DENIED: deny(c, "SASL authentication failed"); return;
        case STATUS_AGAIN:
        case STATUS_EOF:
        case STATUS_IO:
        case STATUS_INVALID:
        case STATUS_LIMIT:
        case STATUS_ABSENT: refuse_scram(c); return;
        }
        e->have_keys = true;
        write_auth(&w, AUTH_REQ_SASL_FINAL, out, strlen(out));
        if (client_send(c, &w))
                entry_admit(c);
}

static void conclude(struct client *c, bool right)
{
        if (right)
                entry_admit(c);
        else
                deny(c, "password authentication failed");
}

/* Keys that fit open the server too, where it has the same verifier. */
static void conclude_with(struct client *c, const struct scram_keys *keys)
{
        struct entry *e = c->entry;

        e->have_keys = scram_keys_fit(keys, &e->scram->verifier) && !e->scram->doomed;
        if (e->have_keys)
                e->keys = *keys;
        conclude(c, e->have_keys);
}

static void on_derived(void *arg, const struct scram_keys *keys)
{
        struct client *c = arg;

        c->entry->derivation = NULL;
        conclude_with(c, keys);
        client_go_on(c);
}

/* A clear-text password against the verifier in e->scram. */
static void compare_derived(struct client *c, const char *password)
{
        struct entry *e = c->entry;
        struct scram_keys keys;

        scram_keys_for(&e->scram->verifier, &keys);
        if (keys.iterations > SCRAM_ITERATIONS_MAX) {
                conclude(c, false);
        } else if (keys.iterations <= DERIVATION_SMALL) {
                scram_client_keys(password, &keys);
                conclude_with(c, &keys);
        } else {
                e->derivation = derivation_begin(c->room->crowd->helpers, &c->room->loop->mailbox, password,
                                                 &keys, on_derived, c);
                if (e->derivation != NULL)
                        client_move(c, CLIENT_INQUIRY);
                else
                        client_refuse(c, "53300", "too many logins wait for their passwords to be checked");
        }
        secret_wipe(&keys, sizeof(keys));
}

static void compare_clear(struct client *c, struct sv password)
{
        struct scram_server *scram = c->entry->scram;
        struct measure m = measure_of(c);

        scram->doomed = m.doomed;
        if (m.kind == SECRET_SCRAM && scram_verifier_parse(m.secret, &scram->verifier) == STATUS_OK)
                compare_derived(c, password.p);
        else
                conclude(c, plain_verify(m.secret, m.user, password.p, password.n) && !m.doomed);
}

static void compare_md5(struct client *c, struct sv answer)
{
        struct measure m = measure_of(c);

        conclude(c, md5_verify(m.secret, m.user, c->entry->md5_salt, answer.p, answer.n) && !m.doomed);
}

bool proof_hears(struct client *c)
{
        return c->entry->expects == ENTRY_SASL_FIRST || delay_hears(c);
}

void proof_take(struct client *c, const struct msg *m)
{
        struct entry *e = c->entry;
        struct reader r = reader_of(m);
        struct sv password;

        switch (e->expects) {
        case ENTRY_SASL_FIRST: sasl_first(c, &r); return;
        case ENTRY_SASL_FINAL: sasl_final(c, &r); return;
        case ENTRY_PLAIN:
        case ENTRY_OUTSIDE:
        case ENTRY_MD5: break;
        }
        password = take_cstr(&r);
        if (r.failed || r.n != 0) {
                client_refuse(c, "08P01", "malformed password message");
                return;
        }
        if (password.n == 0) {
                client_refuse(c, "08P01", "empty password returned by client");
                return;
        }
        if (e->expects == ENTRY_OUTSIDE) {
                inquiry_begin(c, password.p);
                return;
        }
        if (e->expects == ENTRY_MD5)
                compare_md5(c, password);
        else
                compare_clear(c, password);
}

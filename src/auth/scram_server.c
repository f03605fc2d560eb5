/* The server's role: what a client that logs in here says, checked as PostgreSQL checks it. */
#include "auth/scram_parts.h"
#include "auth/secret.h"

#include <stdio.h>

static enum status refuse(struct scram_server *s, enum status status, const char *complaint)
{
        s->complaint = complaint;
        return status;
}

/* Notes what PostgreSQL answers in such a case; malformed() for all that is not worth a text of its own. */
static const char *answer(struct scram_server *s, const char *sqlstate, const char *text,
                          const char *complaint)
{
        s->sqlstate = sqlstate;
        snprintf(s->text, sizeof(s->text), "%s", text);
        return complaint;
}

static void malformed(struct scram_server *s)
{
        (void)answer(s, "08P01", "malformed SCRAM message", NULL);
}

enum status scram_server_choose(struct scram_server *s, struct sv mechanism,
                                const struct scram_binding *binding)
{
        memset(s, 0, sizeof(*s));
        if (binding != NULL)
                s->binding = *binding;
        s->plus = s->binding.size > 0 && sv_is(mechanism, SCRAM_MECHANISM_PLUS);
        return s->plus || sv_is(mechanism, SCRAM_MECHANISM) ? STATUS_OK : STATUS_INVALID;
}

static const char *unknown_binding(struct scram_server *s, struct sv type)
{
        char shown[31] = "", text[sizeof(s->text)];
        size_t n = type.n < sizeof(shown) - 1 ? type.n : sizeof(shown) - 1;

        for (size_t i = 0; i < n; i++)
                shown[i] = type.p[i] >= '!' && type.p[i] <= '~' ? type.p[i] : '?';
        snprintf(text, sizeof(text), "unsupported SCRAM channel-binding type \"%.*s\"", (int)n, shown);
        return answer(s, "08P01", text, "client asks for a channel binding of another type");
}

/* "p=type". Returns NULL and its size, or what is wrong. */
static const char *gs2_binding_parse(struct scram_server *s, struct sv message, size_t *size)
{
        const char *comma = memchr(message.p, ',', message.n);

        if (!s->plus)
                return "client chose SCRAM-SHA-256 without channel binding and sends channel binding data";
        if (comma == NULL || message.p[1] != '=')
                return "client-first-message does not begin with a gs2 header";
        *size = (size_t)(comma - message.p);
        if (!sv_is(sv_from(message.p + 2, *size - 2), "tls-server-end-point"))
                return unknown_binding(s, sv_from(message.p + 2, *size - 2));
        return NULL;
}

/* The gs2 header's first part. Returns NULL and its size, or what is wrong. */
static const char *gs2_flag_parse(struct scram_server *s, struct sv message, size_t *size)
{
        *size = 1;
        switch (s->gs2_flag) {
        case 'n': break;
        case 'y':
                if (s->binding.size == 0 || s->plus)
                        break;
                return answer(
                    s, "28000", "SCRAM channel binding negotiation error",
                    "client thinks that channel binding was not offered: somebody between has changed "
                    "the offer");
        case 'p': return gs2_binding_parse(s, message, size);
        default: return "client-first-message does not begin with a gs2 header";
        }
        return s->plus ? "client chose SCRAM-SHA-256-PLUS and sends no channel binding data" : NULL;
}

/* Takes the gs2 header off. Returns NULL, or what is wrong. */
static const char *gs2_parse(struct scram_server *s, struct sv *message)
{
        const char *wrong;
        size_t n;

        if (message->n == 0)
                return "client-first-message is empty";
        s->gs2_flag = message->p[0];
        wrong = gs2_flag_parse(s, *message, &n);
        if (wrong != NULL)
                return wrong;
        if (message->n < n + 2 || message->p[n] != ',')
                return "client-first-message does not begin with a gs2 header";
        if (message->p[n + 1] == 'a')
                return answer(s, "0A000", "client uses authorization identity, but it is not supported",
                              "client asks for an authorization identity, which is not supported");
        if (message->p[n + 1] != ',')
                return "client-first-message does not begin with a gs2 header";
        *message = sv_from(message->p + n + 2, message->n - n - 2);
        return NULL;
}

/* client-first-message-bare to the client's nonce. Returns NULL, or what is wrong. Optional extensions after
 * the nonce are ignored, as the RFC asks; "m=" means one that must not be ignored. */
static const char *client_first_parse(struct sv bare, struct sv *nonce)
{
        struct sv value;
        char name;

        if (bare.n >= SCRAM_MESSAGE_MAX)
                return "client-first-message is too long";
        if (memchr(bare.p, '\0', bare.n) != NULL)
                return "client-first-message has a NUL in it";
        if (bare.n >= 2 && bare.p[0] == 'm' && bare.p[1] == '=')
                return "client requires a SCRAM extension, and none is supported";
        if (!scram_attribute_named(&bare, 'n', &value))
                return "client-first-message has no user name (n=) where it belongs";
        if (!scram_attribute_named(&bare, 'r', nonce))
                return "client-first-message has no nonce (r=) where it belongs";
        if (!scram_nonce_valid(*nonce, SCRAM_NONCE_MAX))
                return "client's nonce is empty, too long or not printable";
        while (bare.n > 0) {
                if (!scram_attribute(&bare, &name, &value))
                        return "client-first-message has something that is no attribute at its end";
                if (name == 'm')
                        return "client requires a SCRAM extension, and none is supported";
        }
        return NULL;
}

enum status scram_server_first(struct scram_server *s, const struct scram_verifier *verifier, bool doomed,
                               struct sv client_first, char out[SCRAM_MESSAGE_MAX])
{
        char own[SCRAM_OWN_NONCE_SIZE], salt[SCRAM_BASE64_SIZE(SCRAM_SALT_MAX)];
        struct sv nonce = {0};
        const char *wrong;

        out[0] = '\0';
        s->complaint = NULL;
        malformed(s);
        wrong = gs2_parse(s, &client_first);
        if (wrong == NULL)
                wrong = client_first_parse(client_first, &nonce);
        if (wrong != NULL)
                return refuse(s, STATUS_INVALID, wrong);
        s->verifier = *verifier;
        s->doomed = doomed;
        memcpy(s->client_first_bare, client_first.p, client_first.n);
        s->client_first_bare[client_first.n] = '\0';
        scram_nonce_make(own);
        memcpy(s->nonce, nonce.p, nonce.n);
        memcpy(s->nonce + nonce.n, own, sizeof(own));
        CHECK(verifier->salt_size >= 1 && verifier->salt_size <= SCRAM_SALT_MAX);
        scram_base64_encode(verifier->salt, verifier->salt_size, salt);
        snprintf(s->server_first, sizeof(s->server_first), "r=%s,s=%s,i=%u", s->nonce, salt,
                 (unsigned)verifier->iterations);
        memcpy(out, s->server_first, strlen(s->server_first) + 1);
        return STATUS_OK;
}

/* client-final-message to its proof and to what stands before it. Returns NULL, or what is wrong. */
static const char *client_final_parse(struct scram_server *s, struct sv message, struct sv *bare,
                                      uint8_t proof[SCRAM_KEY_SIZE])
{
        char channel[SCRAM_BASE64_SIZE(SCRAM_CHANNEL_MAX)];
        struct sv rest = message, value;
        size_t size;
        char name;

        if (message.n >= SCRAM_MESSAGE_MAX)
                return "client-final-message is too long";
        if (message.n > 0 && memchr(message.p, '\0', message.n) != NULL)
                return "client-final-message has a NUL in it";
        if (!scram_attribute_named(&rest, 'c', &value))
                return "client-final-message does not begin with channel binding data (c=)";
        scram_channel(s->gs2_flag, &s->binding, channel);
        if (!sv_eq(value, sv_cstr(channel)))
                return s->plus ? answer(s, "28000", "SCRAM channel binding check failed",
                                        "client sees another certificate than ours: somebody is between us")
                               : "client-final-message repeats another gs2 header than the client sent first";
        if (!scram_attribute_named(&rest, 'r', &value))
                return "client-final-message has no nonce (r=) where it belongs";
        if (!sv_is(value, s->nonce))
                return "client-final-message repeats another nonce than the server sent";
        do {
                *bare = sv_from(message.p, (size_t)(rest.p - message.p));
                if (!scram_attribute(&rest, &name, &value))
                        return "client-final-message has no proof (p=)";
                if (name == 'm')
                        return "client requires a SCRAM extension, and none is supported";
        } while (name != 'p');
        bare->n--; /* the comma before the proof */
        if (rest.n > 0)
                return "client-final-message goes on after the proof";
        if (!scram_base64_decode(value, proof, SCRAM_KEY_SIZE, &size) || size != SCRAM_KEY_SIZE)
                return "client-final-message has a proof that is not base64 of 32 bytes";
        return NULL;
}

/* From proof to ClientKey, in place. Whether it is the verifier's. */
static bool proof_check(const struct scram_server *s, const struct scram_exchange *exchange,
                        uint8_t proof[SCRAM_KEY_SIZE])
{
        uint8_t signature[SCRAM_KEY_SIZE], stored_key[SCRAM_KEY_SIZE];
        bool same;

        scram_sign(s->verifier.stored_key, exchange, signature);
        scram_xor(proof, signature);
        scram_stored_key(proof, stored_key);
        same = secret_equal(stored_key, s->verifier.stored_key, SCRAM_KEY_SIZE);
        secret_wipe(signature, sizeof(signature));
        secret_wipe(stored_key, sizeof(stored_key));
        return same && !s->doomed;
}

static enum status server_final(struct scram_server *s, struct sv client_final, char out[SCRAM_MESSAGE_MAX],
                                struct scram_keys *keys)
{
        struct scram_exchange exchange = {sv_cstr(s->client_first_bare), sv_cstr(s->server_first), {0}};
        uint8_t proof[SCRAM_KEY_SIZE], signature[SCRAM_KEY_SIZE];
        const char *wrong;

        malformed(s);
        wrong = client_final_parse(s, client_final, &exchange.client_final_bare, proof);
        if (wrong != NULL)
                return refuse(s, STATUS_INVALID, wrong);
        if (!proof_check(s, &exchange, proof)) {
                secret_wipe(proof, sizeof(proof));
                return refuse(s, STATUS_DENIED, "client's proof does not fit the stored secret");
        }
        keys->iterations = s->verifier.iterations;
        keys->salt_size = s->verifier.salt_size;
        memcpy(keys->salt, s->verifier.salt, s->verifier.salt_size);
        memcpy(keys->client_key, proof, SCRAM_KEY_SIZE);
        memcpy(keys->server_key, s->verifier.server_key, SCRAM_KEY_SIZE);
        secret_wipe(proof, sizeof(proof));
        scram_sign(s->verifier.server_key, &exchange, signature);
        out[0] = 'v';
        out[1] = '=';
        scram_base64_encode(signature, sizeof(signature), out + 2);
        return STATUS_OK;
}

enum status scram_server_final(struct scram_server *s, struct sv client_final, char out[SCRAM_MESSAGE_MAX],
                               struct scram_keys *keys)
{
        enum status status;

        out[0] = '\0';
        memset(keys, 0, sizeof(*keys));
        status = server_final(s, client_final, out, keys);
        secret_wipe(&s->verifier, sizeof(s->verifier));
        s->doomed = true;
        return status;
}

/* The client's role: logging in at a PostgreSQL server, which may be an impostor. */
#include "auth/scram_parts.h"
#include "auth/secret.h"

#include <stdio.h>

void scram_client_first(struct scram_client *c, char gs2_flag, const struct scram_binding *binding,
                        char out[SCRAM_MESSAGE_MAX])
{
        const char header[] = {gs2_flag, ',', ',', '\0'};

        CHECK(gs2_flag == 'n' || gs2_flag == 'y' || (gs2_flag == 'p' && binding->size > 0));
        memset(c, 0, sizeof(*c));
        c->gs2_flag = gs2_flag;
        if (gs2_flag == 'p')
                c->binding = *binding;
        scram_nonce_make(c->nonce);
        secret_random(c->server_signature, sizeof(c->server_signature));
        snprintf(c->client_first_bare, sizeof(c->client_first_bare), "n=,r=%s", c->nonce);
        snprintf(out, SCRAM_MESSAGE_MAX, "%sn=,r=%s", gs2_flag == 'p' ? SCRAM_GS2_PLUS : header, c->nonce);
}

/* server-first-message to the whole nonce, salt and iterations. Returns NULL, or what is wrong. Nothing may
 * follow the iterations: PostgreSQL sends nothing there, and libpq refuses it too. */
static const char *server_first_parse(const struct scram_client *c, struct sv message, struct sv *nonce,
                                      struct scram_keys *out)
{
        size_t own = strlen(c->nonce);
        struct sv rest = message, salt, iterations;

        if (message.n >= SCRAM_MESSAGE_MAX)
                return "server-first-message is too long";
        if (message.n > 0 && memchr(message.p, '\0', message.n) != NULL)
                return "server-first-message has a NUL in it";
        if (!scram_attribute_named(&rest, 'r', nonce))
                return "server-first-message does not begin with a nonce (r=)";
        if (!scram_nonce_valid(*nonce, own + SCRAM_NONCE_MAX))
                return "server's nonce is empty, too long or not printable";
        if (nonce->n <= own || memcmp(nonce->p, c->nonce, own) != 0)
                return "server's nonce does not begin with ours and go on";
        if (!scram_attribute_named(&rest, 's', &salt))
                return "server-first-message has no salt (s=) where it belongs";
        if (!scram_base64_decode(salt, out->salt, sizeof(out->salt), &out->salt_size))
                return "server's salt is not base64 of 1 to 64 bytes";
        if (!scram_attribute_named(&rest, 'i', &iterations))
                return "server-first-message has no iterations (i=) where it belongs";
        if (!scram_iterations_parse(iterations, SCRAM_ITERATIONS_MAX, &out->iterations))
                return "server asks for iterations that are not a number from 1 to 1048576";
        if (rest.n > 0)
                return "server-first-message goes on after the iterations";
        return NULL;
}

const char *scram_client_complaint(const struct scram_client *c, struct sv server_first)
{
        struct scram_keys keys;
        struct sv nonce;

        _Static_assert(SCRAM_ITERATIONS_MAX == 1048576, "the text above names the bound");
        return server_first_parse(c, server_first, &nonce, &keys);
}

enum status scram_client_challenge(const struct scram_client *c, struct sv server_first,
                                   struct scram_keys *out)
{
        struct sv nonce;

        memset(out, 0, sizeof(*out));
        return server_first_parse(c, server_first, &nonce, out) == NULL ? STATUS_OK : STATUS_INVALID;
}

enum status scram_client_final(struct scram_client *c, const struct scram_keys *keys, struct sv server_first,
                               char out[SCRAM_MESSAGE_MAX])
{
        struct scram_exchange exchange = {sv_cstr(c->client_first_bare), server_first, {0}};
        char text[SCRAM_BASE64_SIZE(SCRAM_KEY_SIZE)], channel[SCRAM_BASE64_SIZE(SCRAM_CHANNEL_MAX)];
        uint8_t stored_key[SCRAM_KEY_SIZE], proof[SCRAM_KEY_SIZE];
        struct scram_keys asked = {0};
        struct sv nonce;
        int n;

        out[0] = '\0';
        if (server_first_parse(c, server_first, &nonce, &asked) != NULL)
                return STATUS_INVALID;
        if (asked.iterations != keys->iterations || asked.salt_size != keys->salt_size ||
            memcmp(asked.salt, keys->salt, asked.salt_size) != 0)
                return STATUS_INVALID;
        scram_channel(c->gs2_flag, &c->binding, channel);
        n = snprintf(out, SCRAM_MESSAGE_MAX, "c=%s,r=%.*s", channel, SV_ARG(nonce));
        exchange.client_final_bare = sv_from(out, (size_t)n);
        scram_stored_key(keys->client_key, stored_key);
        scram_sign(stored_key, &exchange, proof);
        scram_xor(proof, keys->client_key);
        scram_sign(keys->server_key, &exchange, c->server_signature);
        scram_base64_encode(proof, sizeof(proof), text);
        snprintf(out + n, SCRAM_MESSAGE_MAX - (size_t)n, ",p=%s", text);
        secret_wipe(stored_key, sizeof(stored_key));
        secret_wipe(proof, sizeof(proof));
        return STATUS_OK;
}

enum status scram_client_verify(const struct scram_client *c, struct sv server_final)
{
        uint8_t signature[SCRAM_KEY_SIZE];
        struct sv rest = server_final, value;
        size_t size;
        char name;

        if (server_final.n > 0 && memchr(server_final.p, '\0', server_final.n) != NULL)
                return STATUS_INVALID;
        if (!scram_attribute(&rest, &name, &value))
                return STATUS_INVALID;
        if (name == 'e')
                return STATUS_DENIED;
        if (name != 'v' || rest.n > 0 || !scram_base64_decode(value, signature, sizeof(signature), &size) ||
            size != sizeof(signature))
                return STATUS_INVALID;
        return secret_equal(signature, c->server_signature, sizeof(signature)) ? STATUS_OK : STATUS_DENIED;
}

/* SCRAM in both roles: the input's lines are what the peer says. */
#include "input.h"

#include "auth/scram.h"

#include <stdlib.h>

static void as_server(struct sv input, const struct scram_verifier *verifier)
{
        struct scram_server server;
        struct scram_keys keys;
        char out[SCRAM_MESSAGE_MAX];

        if (scram_server_choose(&server, SV("SCRAM-SHA-256"), NULL) != STATUS_OK ||
            scram_server_first(&server, verifier, false, input_line(&input), out) != STATUS_OK)
                return;
        /* nobody makes up a proof for a nonce that was not known */
        CHECK(scram_server_final(&server, input_line(&input), out, &keys) != STATUS_OK);
}

static void as_client(struct sv input)
{
        struct scram_client client;
        struct scram_keys keys;
        char out[SCRAM_MESSAGE_MAX], said[SCRAM_MESSAGE_MAX];
        struct sv first;

        scram_client_first(&client, 'n', NULL, out);
        /* the server goes on with our nonce, or it is refused at once */
        snprintf(said, sizeof(said), "r=%s", client.nonce);
        first = input_line(&input);
        snprintf(said + strlen(said), sizeof(said) - strlen(said), "%.*s",
                 (int)(first.n < 1000 ? first.n : 1000), first.n > 0 ? first.p : "");
        (void)scram_client_complaint(&client, sv_cstr(said));
        (void)!scram_client_challenge(&client, first, &keys);
        if (scram_client_challenge(&client, sv_cstr(said), &keys) == STATUS_OK)
                (void)!scram_client_final(&client, &keys, sv_cstr(said), out);
        CHECK(scram_client_verify(&client, input_line(&input)) != STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct scram_verifier verifier;
        char *secret = malloc(size + 1);
        struct scram_verifier parsed;

        CHECK(secret != NULL);
        memcpy(secret, data, size);
        secret[size] = '\0';
        (void)!scram_verifier_parse(secret, &parsed);
        free(secret);
        if (verifier.iterations == 0)
                scram_verifier_from_password("secret", 4096, &verifier);
        as_server(sv_from(data, size), &verifier);
        as_client(sv_from(data, size));
        return 0;
}

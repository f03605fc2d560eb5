#include "session/client_tls.h"

#include "base/log.h"
#include "net/secure.h"
#include "session/room.h"

#include <stdio.h>

enum { TLS_HANDSHAKE_RECORD = 0x16 };

/* Not over a Unix socket, where libpq does not ask for it and nobody can listen. */
static struct tls_context *context_for(const struct client *c)
{
        return client_via_tcp(c) && c->room->pools.tls != NULL ? c->room->pools.tls->clients : NULL;
}

static void begin(struct client *c, struct sv early)
{
        if (secure_start(&c->stream, context_for(c), NULL, early) != STATUS_OK)
                client_close(c, NULL, "TLS: out of memory");
}

void client_tls_answer(struct client *c, bool ssl, size_t size, size_t n)
{
        bool yes = ssl && context_for(c) != NULL;

        if (ssl && c->stream.session != NULL) {
                client_close(c, NULL, "SSL req inside SSL");
                return;
        }
        if (n > size) {
                client_refuse(c, "08P01", "received unencrypted data after SSL request");
                return;
        }
        if (stream_send(&c->stream, yes ? "S" : "N", 1) != STATUS_OK || stream_unsent(&c->stream) > 0)
                client_close(c, NULL, "client unexpected eof");
        else if (yes)
                begin(c, SV(""));
}

bool client_tls_is_hello(const struct client *c, const uint8_t *p, size_t n)
{
        return n > 0 && p[0] == TLS_HANDSHAKE_RECORD && c->stream.session == NULL && context_for(c) != NULL;
}

void client_tls_direct(struct client *c, const uint8_t *p, size_t n)
{
        c->tls_direct = true;
        begin(c, sv_from(p, n));
}

void client_tls_done(struct client *c)
{
        if (secure_resumed(&c->stream))
                log_debug("C-%p: TLS session resumed", (const void *)c);
        /* Without ALPN somebody could be made to speak another protocol to us (manual, same section). */
        if (c->tls_direct && !secure_agreed(&c->stream))
                client_refuse(c, "08P01",
                              "received direct SSL connection request without ALPN protocol negotiation");
}

void client_tls_failed(struct client *c)
{
        char why[256];

        snprintf(why, sizeof(why), "TLS handshake failed: %s", secure_why(&c->stream));
        client_close(c, NULL, why);
}

/* With PostgreSQL's SQLSTATE drivers whose sslmode is `allow` come back in TLS; PgBouncer's tells them
 * nothing. */
bool client_tls_suffices(struct client *c)
{
        const struct tls_context *context = context_for(c);

        if (context == NULL || c->stream.session != NULL || tls_context_mode(context) < SSLMODE_REQUIRE)
                return true;
        client_refuse(c, c->room->conf->pgsteer_defaults ? "28000" : "08P01", "SSL required");
        return false;
}

const char *client_tls_words(const struct client *c, char *out, size_t size)
{
        secure_describe(&c->stream, out, size);
        if (*out == '\0')
                snprintf(out, size, "no");
        return out;
}

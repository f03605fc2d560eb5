#include "pool/server_tls.h"

#include "base/check.h"
#include "base/memory.h"
#include "net/secure.h"

#include <stdlib.h>

enum status server_tls_ask(struct server_tls *t, struct stream *s, struct tls_context *context,
                           const char *host)
{
        static const uint8_t request[] = {0, 0, 0, 8, 4, 210, 22, 47};

        if (context == NULL)
                return STATUS_ABSENT;
        t->context = tls_context_ref(context);
        t->host = xstrdup(host);
        if (tls_context_direct(context))
                return secure_start(s, context, host, SV(""));
        return stream_send(s, request, sizeof(request));
}

bool server_tls_is_asked(const struct server_tls *t, const struct stream *s)
{
        return t->context != NULL && s->session == NULL;
}

enum status server_tls_answer(struct server_tls *t, struct stream *s, const char **why)
{
        uint8_t answer;
        size_t n;
        /* One byte: what comes behind it in clear text must not be taken for part of the session. */
        enum status status = stream_read(s, &answer, 1, &n);

        *why = "server conn crashed?";
        if (status != STATUS_OK)
                return status;
        if (answer == 'S') {
                status = secure_start(s, t->context, t->host, SV(""));
                *why = "TLS: out of memory";
                return status == STATUS_OK ? STATUS_AGAIN : status;
        }
        *why = answer == 'N' ? "server refused SSL" : "bad sslreq answer";
        if (answer != 'N' || tls_context_mode(t->context) >= SSLMODE_REQUIRE)
                return STATUS_DENIED;
        server_tls_fini(t);
        return STATUS_OK;
}

enum status server_tls_done(const struct server_tls *t, const struct stream *s, const char **why)
{
        /* Without ALPN somebody could make us speak to something that is no PostgreSQL server. */
        *why = "direct TLS without ALPN: the server did not agree to speak PostgreSQL's protocol";
        return t->context != NULL && tls_context_direct(t->context) && !secure_agreed(s) ? STATUS_DENIED
                                                                                         : STATUS_OK;
}

void server_tls_fini(struct server_tls *t)
{
        tls_context_unref(t->context);
        free(t->host);
        *t = (struct server_tls){0};
}

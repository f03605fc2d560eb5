#include "pool/server_tls.h"

#include "net/secure.h"
#include "pool/login.h"
#include "pool/pool.h"
#include "wire/proto.h"

#include <stdlib.h>
#include <sys/socket.h>

static struct tls_context *context_for(const struct server *s)
{
        const struct tls_pair *tls = s->pool->home->tls;

        return tls != NULL && s->peer.u.any.sa_family != AF_UNIX ? tls->servers : NULL;
}

enum status server_tls_ask(struct server *s, const char *host)
{
        static const uint8_t request[] = {0, 0, 0, 8, 4, 210, 22, 47};

        if (context_for(s) == NULL)
                return STATUS_ABSENT;
        s->login->tls_host = xstrdup(host);
        return stream_send(&s->stream, request, sizeof(request));
}

static enum status begin(struct server *s, const char **why)
{
        enum status status = secure_start(&s->stream, context_for(s), s->login->tls_host, SV(""));

        *why = "TLS: out of memory";
        return status == STATUS_OK ? STATUS_AGAIN : status;
}

enum status server_tls_answer(struct server *s, const char **why)
{
        const struct tls_context *context = context_for(s);
        uint8_t answer;
        size_t n;
        /* One byte: what comes behind it in clear text must not be taken for part of the session. */
        enum status status = stream_read(&s->stream, &answer, 1, &n);

        *why = "server conn crashed?";
        if (status != STATUS_OK)
                return status;
        if (context == NULL)
                return STATUS_INVALID; /* switched off meanwhile */
        if (answer == 'S')
                return begin(s, why);
        free(s->login->tls_host);
        s->login->tls_host = NULL;
        if (answer == 'N' && tls_context_mode(context) < SSLMODE_REQUIRE)
                return STATUS_OK;
        *why = "server refused SSL";
        return STATUS_DENIED;
}

#include "net/tls_sessions.h"

#include "base/check.h"
#include "base/memory.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

void tls_sessions_fini(struct tls_sessions *sessions)
{
        for (int i = 0; i < TLS_SESSIONS_MAX; i++) {
                SSL_SESSION_free(sessions->kept[i].session);
                free(sessions->kept[i].host);
        }
        pthread_mutex_destroy(&sessions->lock);
}

/* Under the lock; -1: none. */
static int find(const struct tls_sessions *sessions, const char *host)
{
        for (int i = 0; i < TLS_SESSIONS_MAX && sessions->kept[i].host != NULL; i++)
                if (strcmp(sessions->kept[i].host, host) == 0)
                        return i;
        return -1;
}

static void keep(struct tls_sessions *sessions, const char *host, SSL_SESSION *session)
{
        SSL_SESSION *old;
        int i;

        pthread_mutex_lock(&sessions->lock);
        i = find(sessions, host);
        if (i < 0) {
                i = (int)(sessions->next++ % TLS_SESSIONS_MAX);
                free(sessions->kept[i].host);
                sessions->kept[i].host = xstrdup(host);
        }
        old = sessions->kept[i].session;
        sessions->kept[i].session = session;
        pthread_mutex_unlock(&sessions->lock);
        SSL_SESSION_free(old);
}

/* OpenSSL's callback. 1: the reference is ours. */
static int on_new(SSL *ssl, SSL_SESSION *session)
{
        const char *host = SSL_get_app_data(ssl);

        if (host == NULL)
                return 0;
        keep(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)), host, session);
        return 1;
}

void tls_sessions_init(struct tls_sessions *sessions, SSL_CTX *ctx)
{
        memset(sessions, 0, sizeof(*sessions));
        CHECK(pthread_mutex_init(&sessions->lock, NULL) == 0);
        SSL_CTX_set_app_data(ctx, sessions);
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ctx, on_new);
}

void tls_sessions_offer(SSL *ssl, const char *host)
{
        struct tls_sessions *sessions = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
        SSL_SESSION *session = NULL;
        int i;

        SSL_set_app_data(ssl, (void *)(uintptr_t)host);
        pthread_mutex_lock(&sessions->lock);
        i = find(sessions, host);
        if (i >= 0 && SSL_SESSION_up_ref(sessions->kept[i].session) == 1)
                session = sessions->kept[i].session;
        pthread_mutex_unlock(&sessions->lock);
        if (session != NULL && SSL_SESSION_is_resumable(session))
                (void)SSL_set_session(ssl, session);
        SSL_SESSION_free(session);
}

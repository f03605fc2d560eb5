/* tls_sessions: sessions with servers that a later connection may resume, which spares both sides the
 * signature: the newest of each host. Part of a context, so that nothing is resumed under other settings than
 * those it was agreed on under. Any thread. */
#pragma once

#include <pthread.h>

struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;

enum { TLS_SESSIONS_MAX = 64 }; /* hosts; then the oldest makes room */

struct tls_sessions {
        pthread_mutex_t lock;
        struct {
                char *host;
                struct ssl_session_st *session;
        } kept[TLS_SESSIONS_MAX];
        unsigned next;
};

/* Has `ctx` keep what servers offer. It goes before `sessions` does. */
void tls_sessions_init(struct tls_sessions *sessions, struct ssl_ctx_st *ctx);
void tls_sessions_fini(struct tls_sessions *sessions);

/* A connection to `host`, of that ctx, begins: it offers what is kept, and what comes of it is kept by that
 * name, which outlives `ssl`. */
void tls_sessions_offer(struct ssl_st *ssl, const char *host);

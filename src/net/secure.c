#include "net/secure.h"

#include "base/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { RECORD = 16384 };

struct secure {
        SSL *ssl;
        struct tls_context *context;
        char *host; /* NULL: none is known */
        int fd;
        bool accepts;
        uint8_t *early; /* read before TLS began */
        size_t early_size, early_at;
        char why[200];
};

/* ---- direct TLS: the first bytes have been read already ---- */

static int early_read(BIO *bio, char *out, int n)
{
        struct secure *t = BIO_get_data(bio); /* not the stream, which may move */
        ssize_t r;

        BIO_clear_retry_flags(bio);
        if (t->early != NULL && n > 0) {
                size_t left = t->early_size - t->early_at, take = left < (size_t)n ? left : (size_t)n;

                memcpy(out, t->early + t->early_at, take);
                t->early_at += take;
                if (t->early_at == t->early_size) {
                        free(t->early);
                        t->early = NULL;
                }
                return (int)take;
        }
        r = recv(t->fd, out, (size_t)n, 0);
        if (r < 0 && (errno == EAGAIN || errno == EINTR))
                BIO_set_retry_read(bio);
        return (int)r;
}

static int early_write(BIO *bio, const char *bytes, int n)
{
        const struct secure *t = BIO_get_data(bio);
        ssize_t r;

        BIO_clear_retry_flags(bio);
        r = send(t->fd, bytes, (size_t)n, MSG_NOSIGNAL);
        if (r < 0 && (errno == EAGAIN || errno == EINTR))
                BIO_set_retry_write(bio);
        return (int)r;
}

static long early_ctrl(BIO *bio, int command, long number, void *pointer)
{
        (void)bio;
        (void)number;
        (void)pointer;
        return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *early_method;

static void make_early_method(void)
{
        early_method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "early");
        CHECK(early_method != NULL);
        BIO_meth_set_read(early_method, early_read);
        BIO_meth_set_write(early_method, early_write);
        BIO_meth_set_ctrl(early_method, early_ctrl);
}

static enum status use_early(struct secure *t, struct sv early)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        BIO *bio;

        pthread_once(&once, make_early_method);
        if (early.n > SECURE_EARLY_MAX)
                return STATUS_LIMIT;
        bio = BIO_new(early_method);
        t->early = malloc(early.n);
        if (bio == NULL || t->early == NULL) {
                BIO_free(bio);
                return STATUS_LIMIT;
        }
        memcpy(t->early, early.p, early.n);
        t->early_size = early.n;
        BIO_set_data(bio, t);
        BIO_set_init(bio, 1);
        SSL_set_bio(t->ssl, bio, bio);
        return STATUS_OK;
}

/* ---- failures ---- */

/* Words for what OpenSSL has just refused. */
static void say_why(struct secure *t, int error)
{
        unsigned long code = ERR_peek_last_error();
        long verdict = SSL_get_verify_result(t->ssl);
        const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

        if (code != 0 && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED)
                snprintf(t->why, sizeof(t->why), "%s: %s", reason, X509_verify_cert_error_string(verdict));
        else if (reason != NULL)
                snprintf(t->why, sizeof(t->why), "%s", reason);
        else if (error == SSL_ERROR_SYSCALL && errno != 0)
                snprintf(t->why, sizeof(t->why), "%m");
        else
                snprintf(t->why, sizeof(t->why), "the peer closed the connection");
        ERR_clear_error();
}

/* What a call that returned `r` <= 0 means. */
static enum status outcome(struct stream *s, int r)
{
        struct secure *t = s->session;
        int error = SSL_get_error(t->ssl, r);
        unsigned long code = ERR_peek_last_error();

        switch (error) {
        case SSL_ERROR_WANT_READ: return STATUS_AGAIN;
        case SSL_ERROR_WANT_WRITE: s->read_blocked = true; return STATUS_AGAIN;
        case SSL_ERROR_ZERO_RETURN: return STATUS_EOF;
        default: break;
        }
        if ((error == SSL_ERROR_SYSCALL && code == 0 && errno == 0) ||
            (code != 0 && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
                say_why(t, error);
                return STATUS_EOF; /* no close_notify: the protocol above knows where its messages end */
        }
        say_why(t, error);
        errno = errno == 0 ? EPROTO : errno;
        return STATUS_IO;
}

static void begin_call(void)
{
        ERR_clear_error();
        errno = 0;
}

/* ---- the transport ---- */

static enum status tls_handshake(struct stream *s)
{
        struct secure *t = s->session;
        int r;

        if (!SSL_in_before(t->ssl) || (t->accepts && t->early == NULL)) {
                if (s->loop->handshakes >= HANDSHAKES_A_TURN)
                        return STATUS_AGAIN; /* the socket stays readable: the next turn comes back */
                s->loop->handshakes++;
        }
        begin_call();
        r = SSL_do_handshake(t->ssl);
        return r == 1 ? STATUS_OK : outcome(s, r);
}

static enum status tls_read(struct stream *s, void *out, size_t n, size_t *done)
{
        struct secure *t = s->session;
        size_t got = 0;

        while (got < n) {
                int r;

                begin_call();
                r = SSL_read(t->ssl, (uint8_t *)out + got, (int)(n - got));
                if (r <= 0) {
                        enum status status = outcome(s, r);

                        if (got == 0)
                                return status;
                        break; /* an end or an error is met again by the next read */
                }
                got += (size_t)r;
        }
        *done = got;
        if (got == n)
                stream_look(s);
        return STATUS_OK;
}

/* The next bytes to send, at most a record: from where they are when one part has enough, else gathered. */
static size_t next_record(const struct iovec *parts, int count, size_t skip, const uint8_t **bytes)
{
        static _Thread_local uint8_t record[RECORD];
        size_t n = 0;

        for (int i = 0; i < count && n < RECORD; i++) {
                const uint8_t *p = parts[i].iov_base;
                size_t have = parts[i].iov_len, take;

                if (skip >= have) {
                        skip -= have;
                        continue;
                }
                p += skip;
                have -= skip;
                skip = 0;
                if (n == 0 && (have >= RECORD || i == count - 1)) {
                        *bytes = p;
                        return have < RECORD ? have : RECORD;
                }
                take = have < RECORD - n ? have : RECORD - n;
                memcpy(record + n, p, take);
                n += take;
        }
        *bytes = record;
        return n;
}

/* OpenSSL wants a write that it could not finish to be repeated with the same bytes: so it is, since what is
 * left goes to the stream's queue, from whose beginning the next try takes at least as much. */
static enum status tls_writev(struct stream *s, const struct iovec *parts, int count, size_t *done)
{
        struct secure *t = s->session;
        const uint8_t *bytes;
        size_t n;

        *done = 0;
        while ((n = next_record(parts, count, *done, &bytes)) > 0) {
                bool blocked = s->read_blocked;
                enum status status;
                int r;

                begin_call();
                r = SSL_write(t->ssl, bytes, (int)n);
                if (r > 0) {
                        *done += (size_t)r;
                        continue;
                }
                status = outcome(s, r);
                s->read_blocked = blocked; /* a write that waits is the stream's queue's business */
                if (status == STATUS_AGAIN)
                        return *done > 0 ? STATUS_OK : STATUS_AGAIN;
                return STATUS_IO;
        }
        return STATUS_OK;
}

static bool tls_pending(const struct stream *s)
{
        return SSL_has_pending(s->session->ssl) == 1;
}

static void tls_close(struct stream *s)
{
        struct secure *t = s->session;

        begin_call();
        if (SSL_is_init_finished(t->ssl) && t->why[0] == '\0')
                (void)SSL_shutdown(
                    t->ssl); /* close_notify, if the socket takes it; nobody waits for the answer */
        ERR_clear_error();
        SSL_free(t->ssl);
        tls_context_unref(t->context);
        free(t->early);
        free(t->host);
        free(t);
        s->session = NULL;
}

static const struct transport tls = {.read = tls_read,
                                     .writev = tls_writev,
                                     .pending = tls_pending,
                                     .handshake = tls_handshake,
                                     .close = tls_close};

/* ---- the beginning ---- */

static enum status expect_host(SSL *ssl, struct tls_context *context, const char *host)
{
        struct in6_addr address;
        bool numeric = inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;

        if (!numeric && tls_context_tells_name(context) && SSL_set_tlsext_host_name(ssl, host) != 1)
                return STATUS_LIMIT;
        if (tls_context_mode(context) != SSLMODE_VERIFY_FULL)
                return STATUS_OK;
        if (numeric)
                return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1 ? STATUS_OK
                                                                                     : STATUS_LIMIT;
        return SSL_set1_host(ssl, host) == 1 ? STATUS_OK : STATUS_LIMIT;
}

enum status secure_start(struct stream *s, struct tls_context *context, const char *host, struct sv early)
{
        SSL_CTX *ctx = tls_context_ssl(context);
        struct secure *t = calloc(1, sizeof(*t));
        enum status status = STATUS_OK;

        if (t == NULL || (t->ssl = SSL_new(ctx)) == NULL) {
                free(t);
                return STATUS_LIMIT;
        }
        t->context = tls_context_ref(context);
        t->host = host != NULL ? xstrdup(host) : NULL;
        t->fd = s->fd;
        t->accepts = SSL_is_server(t->ssl) == 1;
        s->session = t;
        if (early.n > 0)
                status = use_early(t, early);
        else if (SSL_set_fd(t->ssl, s->fd) != 1)
                status = STATUS_LIMIT;
        if (status == STATUS_OK && !t->accepts && host != NULL)
                status = expect_host(t->ssl, context, host);
        if (t->accepts)
                SSL_set_accept_state(t->ssl);
        else
                SSL_set_connect_state(t->ssl);
        stream_secure(s, &tls);
        return status;
}

const char *secure_why(const struct stream *s)
{
        return s->session != NULL ? s->session->why : "";
}

struct tls_context *secure_context(const struct stream *s)
{
        return s->session != NULL ? s->session->context : NULL;
}

const char *secure_host(const struct stream *s)
{
        return s->session != NULL ? s->session->host : NULL;
}

/* ---- what it told ---- */

void secure_describe(const struct stream *s, char *out, size_t size)
{
        const SSL *ssl;
        EVP_PKEY *key = NULL;
        char exchange[64] = "";
        int nid;

        *out = '\0';
        if (s->session == NULL)
                return;
        ssl = s->session->ssl;
        nid = (int)SSL_get_negotiated_group((SSL *)(uintptr_t)ssl);
        if (nid != NID_undef && OBJ_nid2sn(nid & ~TLSEXT_nid_unknown) != NULL)
                snprintf(exchange, sizeof(exchange), "/ECDH=%s", OBJ_nid2sn(nid & ~TLSEXT_nid_unknown));
        else if (SSL_get_peer_tmp_key((SSL *)(uintptr_t)ssl, &key) == 1 && EVP_PKEY_id(key) == EVP_PKEY_DH)
                snprintf(exchange, sizeof(exchange), "/DH=%d", EVP_PKEY_bits(key));
        EVP_PKEY_free(key);
        snprintf(out, size, "%s/%s%s", SSL_get_version(ssl), SSL_get_cipher_name(ssl), exchange);
}

/* NULL: there is none, or it was not verified. */
static X509 *verified_certificate(const struct stream *s)
{
        if (s->session == NULL || SSL_get_verify_result(s->session->ssl) != X509_V_OK)
                return NULL;
        return SSL_get0_peer_certificate(s->session->ssl);
}

bool secure_peer_verified(const struct stream *s)
{
        return verified_certificate(s) != NULL;
}

bool secure_peer_name(const struct stream *s, char *out, size_t size)
{
        X509 *cert = verified_certificate(s);
        int n;

        *out = '\0';
        if (cert == NULL)
                return false;
        n = X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, NULL, 0);
        if (n < 1 || (size_t)n >= size)
                return false;
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, out, (int)size);
        return strlen(out) == (size_t)n;
}

bool secure_peer_subject(const struct stream *s, char *out, size_t size)
{
        X509 *cert = verified_certificate(s);
        BIO *text = cert != NULL ? BIO_new(BIO_s_mem()) : NULL;
        int n = 0;

        *out = '\0';
        if (text == NULL)
                return false;
        if (X509_NAME_print_ex(text, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) > 0 &&
            BIO_ctrl_pending(text) < size)
                n = BIO_read(text, out, (int)size - 1);
        BIO_free(text);
        if (n < 1)
                return false;
        out[n] = '\0';
        return strlen(out) == (size_t)n;
}

bool secure_agreed(const struct stream *s)
{
        const unsigned char *name;
        unsigned n = 0;

        if (s->session == NULL)
                return false;
        SSL_get0_alpn_selected(s->session->ssl, &name, &n);
        return n > 0;
}

size_t secure_binding(const struct stream *s, uint8_t out[SECURE_BINDING_MAX])
{
        const struct secure *t = s->session;
        const EVP_MD *digest;
        unsigned n = SECURE_BINDING_MAX;
        X509 *cert;
        int hash;

        if (t == NULL)
                return 0;
        cert = t->accepts ? SSL_get_certificate(t->ssl) : SSL_get0_peer_certificate(t->ssl);
        if (cert == NULL || X509_get_signature_info(cert, &hash, NULL, NULL, NULL) != 1)
                return 0;
        if (hash == NID_md5 || hash == NID_sha1)
                hash = NID_sha256; /* RFC 5929, section 4.1 */
        digest = EVP_get_digestbynid(hash);
        if (digest == NULL || X509_digest(cert, digest, out, &n) != 1)
                return 0;
        return n;
}

#include "net/secure.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/tls_bio.h"
#include "net/tls_sessions.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        RECORD = 16384,
        CALLS_A_READ = 64, /* each of which takes one record */
        READ_PORTION = 65536,
        SMALL_PORTION = 4096,
        UPDATES_FREE = 16,
        BYTES_AN_UPDATE = 65536,
};

struct secure {
        SSL *ssl;
        struct tls_context *context;
        char *host; /* NULL: none is known */
        struct tls_bio bio;
        struct stream_look look;
        bool accepts;
        bool ended;               /* an end or an error is there, and nobody has been told yet */
        size_t updates, received; /* key updates, bytes for us */
        char why[200];
};

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
        /* Nothing has come: an older server took our first message for a startup packet. */
        if (tls_context_direct(t->context) && SSL_get_state(t->ssl) == TLS_ST_CW_CLNT_HELLO) {
                size_t n = strlen(t->why);

                snprintf(t->why + n, sizeof(t->why) - n,
                         "; sslnegotiation=direct needs PostgreSQL 17 or newer");
        }
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

/* Until the next call it reads no more than so many bytes. */
static void begin_call(struct secure *t, int portion)
{
        ERR_clear_error();
        errno = 0;
        tls_bio_refill(&t->bio, portion);
}

/* ---- the transport ---- */

/* Whether this turn has time for another step. */
static bool may_shake(struct loop *loop)
{
        if (loop->handshakes >= HANDSHAKES_A_TURN || loop->handshakes_us >= HANDSHAKES_US_A_TURN)
                return false;
        loop->handshakes++;
        return true;
}

static enum status tls_handshake(struct stream *s)
{
        struct secure *t = s->session;
        int64_t began;
        int r;

        if ((t->accepts || !SSL_in_before(t->ssl)) && !may_shake(s->loop)) {
                stream_look(s);
                return STATUS_AGAIN;
        }
        began = clock_us();
        begin_call(t, READ_PORTION);
        r = SSL_do_handshake(t->ssl);
        s->loop->handshakes_us += clock_us() - began;
        if (r == 1)
                return STATUS_OK;
        if (t->bio.starved)
                stream_look(s);
        return outcome(s, r);
}

/* OpenSSL's report of a message. Key updates, and renegotiations, which it turns down by itself, have a place
 * now and then; who sends nothing else wants to keep us busy: one costs us a hundred times what it costs to
 * send. */
static void note_message(int write, int version, int type, const void *bytes, size_t n, SSL *ssl, void *arg)
{
        const uint8_t *message = bytes;
        struct secure *t = arg;

        (void)version;
        (void)ssl;
        if (write == 0 && type == SSL3_RT_HANDSHAKE && n > 0 && message[0] == SSL3_MT_KEY_UPDATE)
                t->updates++;
        if (write == 1 && type == SSL3_RT_ALERT && n == 2 && message[1] == SSL_AD_NO_RENEGOTIATION)
                t->updates++;
}

static bool updates_too_often(struct secure *t)
{
        if (t->updates <= UPDATES_FREE + t->received / BYTES_AN_UPDATE)
                return false;
        snprintf(t->why, sizeof(t->why), "too many key updates");
        errno = EPROTO;
        return true;
}

/* As many bytes as fit into `n`. OpenSSL is given a small portion first, and more when that has shown nothing
 * but a beginning or something for us. */
static enum status read_records(struct stream *s, uint8_t *out, size_t n, size_t *got)
{
        struct secure *t = s->session;
        bool more = false;

        for (int calls = 0; *got < n && calls < CALLS_A_READ; calls++) {
                int r = SSL_read(t->ssl, out + *got, (int)(n - *got));
                enum status status;

                if (updates_too_often(t))
                        return STATUS_IO;
                if (r > 0) {
                        *got += (size_t)r;
                        if (t->bio.drained && SSL_has_pending(t->ssl) == 0)
                                return STATUS_AGAIN;
                } else {
                        status = outcome(s, r);
                        if (status != STATUS_AGAIN || !t->bio.starved || more)
                                return status;
                }
                if (!more)
                        tls_bio_refill(&t->bio, READ_PORTION);
                more = true;
        }
        return STATUS_OK;
}

static enum status tls_read(struct stream *s, void *out, size_t n, size_t *done)
{
        struct secure *t = s->session;
        size_t got = 0;
        enum status status;

        begin_call(t, SMALL_PORTION);
        status = read_records(s, out, n, &got);
        t->ended = got > 0 && status != STATUS_OK && status != STATUS_AGAIN;
        t->received += got;
        if (status == STATUS_OK || t->ended || t->bio.starved)
                stream_look(s);
        *done = got;
        return got > 0 ? STATUS_OK : status;
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

                begin_call(t, READ_PORTION);
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
        return SSL_has_pending(s->session->ssl) == 1 || s->session->ended;
}

static void tls_close(struct stream *s)
{
        struct secure *t = s->session;

        begin_call(t, READ_PORTION);
        /* close_notify says that all has been sent: not when some is left. If the socket takes it; nobody
         * waits for the answer. */
        if (SSL_is_init_finished(t->ssl) && t->why[0] == '\0' && stream_unsent(s) == 0)
                (void)SSL_shutdown(t->ssl);
        ERR_clear_error();
        SSL_free(t->ssl);
        tls_context_unref(t->context);
        tls_bio_release(&t->bio);
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
        BIO *bio = NULL;

        if (early.n > SECURE_EARLY_MAX || t == NULL || (t->ssl = SSL_new(ctx)) == NULL) {
                free(t);
                return STATUS_LIMIT;
        }
        t->context = tls_context_ref(context);
        t->host = host != NULL ? xstrdup(host) : NULL;
        t->bio.fd = s->fd;
        t->accepts = SSL_is_server(t->ssl) == 1;
        s->session = t;
        bio = tls_bio_new(&t->bio, early);
        if (bio == NULL)
                status = STATUS_LIMIT;
        else
                SSL_set_bio(t->ssl, bio, bio);
        if (status == STATUS_OK && !t->accepts && host != NULL)
                tls_sessions_offer(t->ssl, t->host);
        if (status == STATUS_OK && !t->accepts && host != NULL)
                status = expect_host(t->ssl, context, host);
        SSL_set_msg_callback(t->ssl, note_message);
        SSL_set_msg_callback_arg(t->ssl, t);
        if (t->accepts) {
                SSL_set_options(t->ssl, SSL_OP_CLEANSE_PLAINTEXT);
                SSL_set_accept_state(t->ssl);
        } else {
                SSL_set_connect_state(t->ssl);
        }
        stream_secure(s, &tls, &t->look);
        return status;
}

void secure_relax(struct stream *s)
{
        if (s->session != NULL)
                SSL_clear_options(s->session->ssl, SSL_OP_CLEANSE_PLAINTEXT);
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

bool secure_resumed(const struct stream *s)
{
        return s->session != NULL && SSL_session_reused(s->session->ssl) == 1;
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

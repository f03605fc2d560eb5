#include "net/tls.h"

#include "base/check.h"
#include "base/memory.h"
#include "net/tls_sessions.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { DIGEST_SIZE = 32, READ_BUFFER = 32768 };

struct tls_context {
        atomic_int refs;
        enum sslmode mode;
        bool direct, tells_name;
        SSL_CTX *ssl;
        struct tls_sessions sessions; /* with servers */
        uint8_t digest[DIGEST_SIZE];  /* of settings and files */
};

/* What goes wrong while a context is made, said once: the setting, then PgBouncer's words where it has some.
 */
struct making {
        const struct tls_settings *settings;
        SSL_CTX *ssl;
        EVP_MD_CTX *digest;
        char *why;
        size_t size;
};

static enum status fail(struct making *m, enum tls_part part, const char *what)
{
        unsigned long error = ERR_peek_last_error();
        const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;

        snprintf(m->why, m->size, "%s: %s%s%s", tls_part_name(m->settings, part), what,
                 reason != NULL ? ": " : "", reason != NULL ? reason : "");
        ERR_clear_error();
        return STATUS_INVALID;
}

static enum status fail_file(struct making *m, enum tls_part part, const char *what, const char *file)
{
        char text[300];

        snprintf(text, sizeof(text), "%s %.200s", what, file);
        return fail(m, part, text);
}

static bool is(const char *value, const char *word)
{
        return strcasecmp(value, word) == 0;
}

/* ---- what the context is made of ---- */

static enum status digest_file(struct making *m, enum tls_part part, const char *path)
{
        char block[4096];
        struct stat st;
        FILE *f;
        size_t n;

        if (*path == '\0')
                return STATUS_OK;
        if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
                return fail_file(m, part, "not a file:", path); /* a pipe would make us wait */
        f = fopen(path, "rb");
        if (f == NULL) {
                char text[300];

                snprintf(text, sizeof(text), "cannot read %.200s: %m", path);
                ERR_clear_error();
                return fail(m, part, text);
        }
        while ((n = fread(block, 1, sizeof(block), f)) > 0)
                EVP_DigestUpdate(m->digest, block, n);
        fclose(f);
        OPENSSL_cleanse(block, sizeof(block));
        return STATUS_OK;
}

static enum status digest_all(struct making *m, uint8_t out[DIGEST_SIZE])
{
        const struct tls_settings *s = m->settings;
        const char *const texts[] = {s->ca_file, s->cert_file, s->key_file, s->crl_file, s->protocols,
                                     s->ciphers, s->suites,    s->curve,    s->dheparams};
        uint8_t flags[] = {s->accepts, (uint8_t)s->mode, (uint8_t)s->oldest, (uint8_t)s->newest,
                           s->direct,  s->in_kernel,     s->nameless};
        unsigned n = DIGEST_SIZE;

        MEMORY_INSIST(EVP_DigestInit_ex(m->digest, EVP_sha256(), NULL) == 1);
        EVP_DigestUpdate(m->digest, flags, sizeof(flags));
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                EVP_DigestUpdate(m->digest, texts[i], strlen(texts[i]) + 1);
        if (digest_file(m, TLS_CA_FILE, s->ca_file) != STATUS_OK ||
            digest_file(m, TLS_CERT_FILE, s->cert_file) != STATUS_OK ||
            digest_file(m, TLS_KEY_FILE, s->key_file) != STATUS_OK ||
            digest_file(m, TLS_CRL_FILE, s->crl_file) != STATUS_OK)
                return STATUS_INVALID;
        CHECK(EVP_DigestFinal_ex(m->digest, out, &n) == 1);
        return STATUS_OK;
}

/* ---- protocols and ciphers ---- */

static unsigned long long option_against(int version)
{
        switch (version) {
        case TLS1_VERSION: return SSL_OP_NO_TLSv1;
        case TLS1_1_VERSION: return SSL_OP_NO_TLSv1_1;
        case TLS1_2_VERSION: return SSL_OP_NO_TLSv1_2;
        default: return SSL_OP_NO_TLSv1_3;
        }
}

static enum status set_protocols(struct making *m)
{
        unsigned allowed = tls_settings_versions(m->settings);

        if (allowed == 0)
                return fail(m, TLS_PROTOCOLS,
                            "not a list of tlsv1.0, tlsv1.1, tlsv1.2, tlsv1.3 (or secure, or all)");
        SSL_CTX_set_min_proto_version(m->ssl, TLS1_VERSION);
        for (int version = TLS1_VERSION; version <= TLS1_3_VERSION; version++)
                if ((allowed >> (version - TLS1_VERSION) & 1) == 0)
                        SSL_CTX_set_options(m->ssl, option_against(version));
        if ((allowed & 3) != 0) /* these two sign with SHA-1, which the library's default level forbids */
                SSL_CTX_set_security_level(m->ssl, 0);
        return STATUS_OK;
}

static enum status set_ciphers(struct making *m)
{
        static const char *const defaults[] = {"", "default", "secure", "fast", "normal"};
        const struct tls_settings *s = m->settings;
        bool usual = false;

        for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
                usual = usual || is(s->ciphers, defaults[i]);
        if (!usual &&
            SSL_CTX_set_cipher_list(m->ssl, is(s->ciphers, "all") ? "ALL:!aNULL:!eNULL" : s->ciphers) != 1)
                return fail(m, TLS_CIPHERS, "failed to set ciphers");
        if (*s->suites != '\0' && SSL_CTX_set_ciphersuites(m->ssl, s->suites) != 1)
                return fail(m, TLS_SUITES, "failed to set the TLSv1.3 cipher suites");
        return STATUS_OK;
}

/* "none" of both switches the method of key exchange off, which TLS 1.3 does not let one do. */
static enum status set_key_exchange(struct making *m)
{
        const struct tls_settings *s = m->settings;

        if (!s->accepts)
                return STATUS_OK;
        if (*s->curve != '\0' && !is(s->curve, "auto") && !is(s->curve, "none") &&
            SSL_CTX_set1_groups_list(m->ssl, s->curve) != 1)
                return fail(m, TLS_CURVE, "OpenSSL knows no such curve");
        if (is(s->dheparams, "auto") || *s->dheparams == '\0')
                SSL_CTX_set_dh_auto(m->ssl, 1);
        else if (is(s->dheparams, "legacy"))
                SSL_CTX_set_dh_auto(m->ssl, 2);
        else if (!is(s->dheparams, "none"))
                return fail(m, TLS_DHEPARAMS, "must be none, auto or legacy");
        return STATUS_OK;
}

/* ---- certificates ---- */

/* Nobody is there to type it. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
        (void)out;
        (void)size;
        (void)writing;
        (void)arg;
        return -1;
}

static enum status set_certificate(struct making *m)
{
        const struct tls_settings *s = m->settings;

        if (*s->cert_file == '\0' && *s->key_file == '\0') {
                if (s->accepts)
                        return fail(m, TLS_MODE, "needs client_tls_cert_file and client_tls_key_file");
                return STATUS_OK;
        }
        if (*s->cert_file == '\0')
                return fail(m, TLS_CERT_FILE, "is not set, but the key file is");
        if (*s->key_file == '\0')
                return fail(m, TLS_KEY_FILE, "is not set, but the certificate file is");
        SSL_CTX_set_default_passwd_cb(m->ssl, no_passphrase);
        if (SSL_CTX_use_certificate_chain_file(m->ssl, s->cert_file) != 1)
                return fail_file(m, TLS_CERT_FILE, "failed to load certificate file", s->cert_file);
        if (SSL_CTX_use_PrivateKey_file(m->ssl, s->key_file, SSL_FILETYPE_PEM) != 1)
                return fail_file(m, TLS_KEY_FILE, "failed to load private key file", s->key_file);
        if (SSL_CTX_check_private_key(m->ssl) != 1)
                return fail_file(m, TLS_KEY_FILE, "private/public key mismatch:", s->key_file);
        return STATUS_OK;
}

static enum status set_revoked(struct making *m)
{
        X509_STORE *store = SSL_CTX_get_cert_store(m->ssl);

        if (*m->settings->crl_file == '\0')
                return STATUS_OK;
        if (X509_STORE_load_file(store, m->settings->crl_file) != 1)
                return fail_file(m, TLS_CRL_FILE, "no revocation list in", m->settings->crl_file);
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        return STATUS_OK;
}

/* Where no certificate is demanded, one is still asked for, and a bad one must not break the handshake: it is
 * verified all the same, and who it names is of no account if that fails (secure_peer_name()). */
static int accept_any(int good, X509_STORE_CTX *store)
{
        (void)good;
        (void)store;
        return 1;
}

static enum status set_authorities(struct making *m)
{
        const struct tls_settings *s = m->settings;
        bool verify = s->mode >= SSLMODE_VERIFY_CA;

        if (*s->ca_file != '\0') {
                if (SSL_CTX_load_verify_locations(m->ssl, s->ca_file, NULL) != 1)
                        return fail_file(m, TLS_CA_FILE, "failed to load CA:", s->ca_file);
                if (s->accepts)
                        SSL_CTX_set_client_CA_list(m->ssl, SSL_load_client_CA_file(s->ca_file));
        } else if (verify && s->accepts) {
                return fail(m, TLS_MODE, "verify-ca and verify-full need client_tls_ca_file");
        } else if (verify) {
                SSL_CTX_set_default_verify_paths(m->ssl);
        }
        if (verify)
                SSL_CTX_set_verify(
                    m->ssl, SSL_VERIFY_PEER | (s->accepts ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
        else if (s->accepts && *s->ca_file != '\0')
                SSL_CTX_set_verify(m->ssl, SSL_VERIFY_PEER, accept_any);
        return set_revoked(m);
}

/* The certificates that lead from ours to an authority, where its file has not brought them: found once, from
 * the authority's file. The library would look for them in every handshake, and check each signature: of the
 * CPU that a handshake takes, a quarter. Without the root, which who trusts it has. If there are none to be
 * had the library is left to its ways. */
static void complete_chain(struct making *m)
{
        STACK_OF(X509) *brought = NULL;

        if (*m->settings->cert_file == '\0' ||
            (SSL_CTX_get0_chain_certs(m->ssl, &brought) == 1 && brought != NULL))
                return;
        (void)SSL_CTX_build_cert_chain(m->ssl, SSL_BUILD_CHAIN_FLAG_NO_ROOT |
                                                   SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR |
                                                   SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR);
}

/* ---- the context ---- */

/* ALPN: who offers protocols must offer ours (manual, "SSL Session Encryption"). */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                           const unsigned char *offered, unsigned size, void *arg)
{
        static const unsigned char ours[] = "\012postgresql";

        (void)ssl;
        (void)arg;
        return SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_size, ours, sizeof(ours) - 1,
                                     offered, size) == OPENSSL_NPN_NEGOTIATED
                   ? SSL_TLSEXT_ERR_OK
                   : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void set_manners(struct making *m)
{
        static const unsigned char ours[] = "\012postgresql";
        SSL_CTX *ssl = m->ssl;

        SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
        if (m->settings->in_kernel)
                SSL_CTX_set_options(ssl, SSL_OP_ENABLE_KTLS);
        SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_read_ahead(ssl, 1);
        SSL_CTX_set_default_read_buffer_len(ssl, READ_BUFFER);
        if (m->settings->accepts) {
                CHECK(SSL_CTX_set_session_id_context(ssl, (const unsigned char *)"pgsteer", 7) == 1);
                SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
                /* Who comes back brings the session along: nothing of it is kept here. */
                SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
                SSL_CTX_set_num_tickets(ssl, 1);
        } else {
                MEMORY_INSIST(SSL_CTX_set_alpn_protos(ssl, ours, sizeof(ours) - 1) == 0);
        }
}

static enum status check_direct(struct making *m)
{
        /* Without TLS there is no other way to speak to who expects it at once. */
        if (m->settings->direct && m->settings->mode < SSLMODE_REQUIRE)
                return fail(m, TLS_MODE, "sslnegotiation=direct needs require, verify-ca or verify-full");
        return STATUS_OK;
}

static enum status fill(struct making *m)
{
        if (check_direct(m) != STATUS_OK || set_protocols(m) != STATUS_OK || set_ciphers(m) != STATUS_OK ||
            set_key_exchange(m) != STATUS_OK || set_certificate(m) != STATUS_OK ||
            set_authorities(m) != STATUS_OK)
                return STATUS_INVALID;
        complete_chain(m);
        set_manners(m);
        return STATUS_OK;
}

struct tls_context *tls_context_new(const struct tls_settings *settings, char *why, size_t size)
{
        struct tls_context *context = xcalloc(1, sizeof(*context));
        struct making m = {.settings = settings, .why = why, .size = size};

        CHECK(settings->mode != SSLMODE_DISABLE || settings->direct);
        ERR_clear_error();
        MEMORY_INSIST((m.ssl = SSL_CTX_new(settings->accepts ? TLS_server_method() : TLS_client_method())) !=
                      NULL);
        MEMORY_INSIST((m.digest = EVP_MD_CTX_new()) != NULL);
        atomic_init(&context->refs, 1);
        tls_sessions_init(&context->sessions, m.ssl);
        context->mode = settings->mode;
        context->direct = settings->direct;
        context->tells_name = !settings->nameless;
        context->ssl = m.ssl;
        if (digest_all(&m, context->digest) != STATUS_OK || fill(&m) != STATUS_OK) {
                tls_context_unref(context);
                context = NULL;
        }
        EVP_MD_CTX_free(m.digest);
        ERR_clear_error();
        return context;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
        if (context != NULL)
                atomic_fetch_add(&context->refs, 1);
        return context;
}

void tls_context_unref(struct tls_context *context)
{
        if (context == NULL || atomic_fetch_sub(&context->refs, 1) > 1)
                return;
        SSL_CTX_free(context->ssl);
        tls_sessions_fini(&context->sessions);
        free(context);
}

bool tls_context_same(const struct tls_context *a, const struct tls_context *b)
{
        if (a == NULL || b == NULL)
                return a == b;
        return memcmp(a->digest, b->digest, DIGEST_SIZE) == 0;
}

enum sslmode tls_context_mode(const struct tls_context *context)
{
        return context->mode;
}

bool tls_context_direct(const struct tls_context *context)
{
        return context->direct;
}

bool tls_context_tells_name(const struct tls_context *context)
{
        return context->tells_name;
}

SSL_CTX *tls_context_ssl(const struct tls_context *context)
{
        return context->ssl;
}

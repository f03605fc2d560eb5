#include "net/secure.h"

#include "base/check.h"
#include "net/certs.h"
#include "net/turns.h"
#include "unit.h"

#include <event2/event.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BULK = 1 << 20 };

/* One end of a connection; both are on one loop. */
struct side {
        struct stream stream;
        struct tls_context *context;
        int secured, broken, drained;
        int reads; /* calls that told it something is readable */
        int left;  /* bytes in the socket at the end */
        bool paused, ended;
        size_t step;     /* bytes a read asks for */
        size_t pause_at; /* bytes after which it wants no more for now */
        uint8_t *got;
        size_t got_n;
};

struct pair {
        struct loop loop;
        struct side server, client;
};

static void on_event(struct stream *s, enum stream_event event)
{
        struct side *side = list_item(s, struct side, stream);
        size_t n;

        switch (event) {
        case STREAM_READABLE:
                side->reads++;
                switch (stream_read(s, side->got + side->got_n, side->step, &n)) {
                case STATUS_OK:
                        side->got_n += n;
                        if (side->got_n >= side->pause_at)
                                stream_want_read(s, false);
                        return;
                case STATUS_AGAIN: return;
                case STATUS_EOF:
                case STATUS_IO:
                case STATUS_INVALID:
                case STATUS_LIMIT:
                case STATUS_DENIED:
                case STATUS_ABSENT:
                        side->ended = true;
                        ioctl(s->fd, FIONREAD, &side->left);
                        stream_want_read(s, false);
                        return;
                }
                return;
        case STREAM_DRAINED: side->drained++; return;
        case STREAM_SECURED: side->secured++; return;
        case STREAM_BROKEN:
                side->broken++;
                stream_want_read(s, false);
                return;
        }
}

static void certificates(void)
{
        static bool made;

        if (made)
                return;
        made = true;
        signal(SIGPIPE, SIG_IGN); /* as in the program: OpenSSL writes without MSG_NOSIGNAL */
        certs_authority("ca");
        certs_authority("other");
        certs_issue("ca", "db", "db", "DNS:db,IP:127.0.0.1");
        certs_issue("ca", "alice", "alice", NULL);
        certs_issue("other", "mallory", "alice", NULL);
        certs_issue_bad("ca", "late", "alice", CERTS_EXPIRED);
        certs_issue_bad("ca", "server", "alice", CERTS_FOR_SERVERS);
        certs_issue_bad("ca", "long", "alice", CERTS_LONG_CHAIN);
        certs_revoke("ca", "none", NULL);
        certs_revoke("ca", "alice", "alice");
}

static struct tls_settings settings(bool accepts, enum sslmode mode, const char *ca, const char *own)
{
        certificates();
        return (struct tls_settings){.accepts = accepts,
                                     .mode = mode,
                                     .ca_file = *ca != '\0' ? certs_path(ca, ".crt") : "",
                                     .cert_file = *own != '\0' ? certs_path(own, ".crt") : "",
                                     .key_file = *own != '\0' ? certs_path(own, ".key") : "",
                                     .crl_file = "",
                                     .protocols = "secure",
                                     .ciphers = "default",
                                     .suites = "",
                                     .curve = accepts ? "auto" : "",
                                     .dheparams = accepts ? "auto" : ""};
}

static void side_init(struct pair *p, struct side *side, int fd, const struct tls_settings *s)
{
        char why[300] = "";
        int small = 8192;

        *side = (struct side){.step = 65536, .pause_at = SIZE_MAX, .got = malloc(2 * BULK)};
        side->context = tls_context_new(s, why, sizeof(why));
        if (side->context == NULL)
                unit_row("context: %s", why);
        CHECK(side->context != NULL);
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
        stream_open(&side->stream, &p->loop, fd, on_event);
}

static void pair_init(struct pair *p, struct tls_settings server, struct tls_settings client)
{
        int fds[2];

        *p = (struct pair){0};
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
        loop_init(&p->loop, NULL);
        side_init(p, &p->server, fds[0], &server);
        side_init(p, &p->client, fds[1], &client);
}

static void side_fini(struct side *side)
{
        stream_close(&side->stream);
        tls_context_unref(side->context);
        free(side->got);
}

static void pair_fini(struct pair *p)
{
        side_fini(&p->server);
        side_fini(&p->client);
        loop_fini(&p->loop);
}

static bool both_settled(void *arg)
{
        const struct pair *p = arg;

        return p->server.secured + p->server.broken > 0 && (p->client.secured + p->client.broken > 0) &&
               (p->server.broken > 0 || p->client.broken > 0 || (p->server.secured && p->client.secured));
}

/* Both begin; true when both came through. */
static bool shake(struct pair *p, const char *host)
{
        UNIT_ASSERT(secure_start(&p->server.stream, p->server.context, NULL, SV("")) == STATUS_OK);
        UNIT_ASSERT(secure_start(&p->client.stream, p->client.context, host, SV("")) == STATUS_OK);
        UNIT_ASSERT(stream_send(&p->server.stream, "x", 1) == STATUS_IO); /* not in the middle of it */
        p->server.stream.broken = false;
        UNIT_ASSERT(turns_till(&p->loop, both_settled, p));
        return p->server.secured == 1 && p->client.secured == 1;
}

static void plain_pair(struct pair *p)
{
        pair_init(p, settings(true, SSLMODE_REQUIRE, "", "db"), settings(false, SSLMODE_REQUIRE, "", ""));
        UNIT_ASSERT(shake(p, NULL));
}

struct wish {
        struct side *side;
        size_t n;
};

static bool has_got(void *arg)
{
        const struct wish *w = arg;

        return w->side->got_n >= w->n;
}

static uint8_t *pattern(size_t n)
{
        uint8_t *p = malloc(n);

        for (size_t i = 0; i < n; i++)
                p[i] = (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
        return p;
}

static void carries_bytes_both_ways(void)
{
        struct pair p;
        uint8_t *bytes = pattern(BULK);
        size_t at = 0, piece = 1;
        char text[100];

        plain_pair(&p);
        while (at < BULK) {
                size_t n = piece < BULK - at ? piece : BULK - at, half = n / 3;
                struct iovec parts[] = {{bytes + at, half}, {bytes, 0}, {bytes + at + half, n - half}};

                UNIT_ASSERT(stream_sendv(&p.server.stream, parts, 3) == STATUS_OK);
                at += n;
                piece = piece * 3 % 50021 + 1;
        }
        UNIT_ASSERT(stream_send(&p.client.stream, "hello", 5) == STATUS_OK);
        UNIT_ASSERT(turns_till(&p.loop, has_got, &(struct wish){&p.client, BULK}));
        UNIT_ASSERT(turns_till(&p.loop, has_got, &(struct wish){&p.server, 5}));
        UNIT_ASSERT(p.client.got_n == BULK && memcmp(p.client.got, bytes, BULK) == 0);
        UNIT_ASSERT(memcmp(p.server.got, "hello", 5) == 0 && p.server.drained > 0);
        secure_describe(&p.client.stream, text, sizeof(text));
        UNIT_ASSERT(strncmp(text, "TLSv1.3/TLS_", 12) == 0 && strstr(text, "/ECDH=") != NULL);
        free(bytes);
        pair_fini(&p);
}

/* What OpenSSL has read ahead does not make the socket readable: it must be told of all the same. */
static void shows_what_it_has_read_ahead(void)
{
        struct pair p;
        uint8_t *bytes = pattern(40000);

        plain_pair(&p);
        p.client.step = 100;
        p.client.pause_at = 20000;
        UNIT_ASSERT(stream_send(&p.server.stream, bytes, 40000) == STATUS_OK);
        UNIT_ASSERT(turns_till(&p.loop, has_got, &(struct wish){&p.client, 20000}));
        turns_for(&p.loop, 30);
        UNIT_ASSERT(p.client.got_n < 20100);
        p.client.pause_at = SIZE_MAX;
        stream_want_read(&p.client.stream, true);
        UNIT_ASSERT(turns_till(&p.loop, has_got, &(struct wish){&p.client, 40000}));
        UNIT_ASSERT(memcmp(p.client.got, bytes, 40000) == 0);
        free(bytes);
        pair_fini(&p);
}

static void ends_with_close_notify(void)
{
        struct pair p;
        size_t n;
        char byte;

        plain_pair(&p);
        UNIT_ASSERT(stream_send(&p.server.stream, "bye", 3) == STATUS_OK);
        stream_close(&p.server.stream);
        UNIT_ASSERT(turns_till(&p.loop, has_got, &(struct wish){&p.client, 3}));
        UNIT_ASSERT(stream_read(&p.client.stream, &byte, 1, &n) == STATUS_EOF);
        UNIT_ASSERT(secure_why(&p.client.stream)[0] == '\0');
        pair_fini(&p);
}

static void ends_without_it(void)
{
        struct pair p;
        size_t n;
        char byte;

        plain_pair(&p);
        shutdown(p.server.stream.fd, SHUT_RDWR);
        UNIT_ASSERT(stream_read(&p.client.stream, &byte, 1, &n) == STATUS_EOF);
        pair_fini(&p);
}

static bool server_broke(void *arg)
{
        return ((const struct pair *)arg)->server.broken > 0;
}

static void breaks_on_a_peer_without_tls(void)
{
        struct pair p;

        pair_init(&p, settings(true, SSLMODE_REQUIRE, "", "db"), settings(false, SSLMODE_REQUIRE, "", ""));
        UNIT_ASSERT(secure_start(&p.server.stream, p.server.context, NULL, SV("")) == STATUS_OK);
        UNIT_ASSERT(stream_send(&p.client.stream, "GET / HTTP/1.0\r\n\r\n", 18) == STATUS_OK);
        UNIT_ASSERT(turns_till(&p.loop, server_broke, &p));
        UNIT_ASSERT(secure_why(&p.server.stream)[0] != '\0' && p.server.secured == 0);
        pair_fini(&p);
}

/* Somebody who shows hundreds of certificates is not read to the end. */
static void refuses_a_long_chain(void)
{
        struct tls_settings server = settings(true, SSLMODE_VERIFY_CA, "ca", "db");
        char paths[3][400];
        struct pair p;

        snprintf(paths[0], sizeof(paths[0]), "%s", server.ca_file);
        snprintf(paths[1], sizeof(paths[1]), "%s", server.cert_file);
        snprintf(paths[2], sizeof(paths[2]), "%s", server.key_file);
        server.ca_file = paths[0];
        server.cert_file = paths[1];
        server.key_file = paths[2];
        pair_init(&p, server, settings(false, SSLMODE_REQUIRE, "", "long"));
        UNIT_ASSERT(secure_start(&p.server.stream, p.server.context, NULL, SV("")) == STATUS_OK);
        UNIT_ASSERT(secure_start(&p.client.stream, p.client.context, NULL, SV("")) == STATUS_OK);
        UNIT_ASSERT(turns_till(&p.loop, server_broke, &p));
        UNIT_ASSERT(strstr(secure_why(&p.server.stream), "excessive message size") != NULL);
        pair_fini(&p);
}

static const struct {
        const char *name;
        enum sslmode server_mode;
        const char *server_ca, *server_crl;
        enum sslmode client_mode;
        const char *client_ca, *client_own, *host;
        bool good;
        const char *says; /* in either's reason */
        const char *peer; /* the name the server learns; NULL: none */
} rows[] = {
    {"nothing is verified", SSLMODE_PREFER, "", "", SSLMODE_PREFER, "", "", "elsewhere", true, NULL, NULL},
    {"authority", SSLMODE_REQUIRE, "", "", SSLMODE_VERIFY_CA, "ca", "", "elsewhere", true, NULL, NULL},
    {"wrong authority", SSLMODE_REQUIRE, "", "", SSLMODE_VERIFY_CA, "other", "", "db", false,
     "certificate verify failed", NULL},
    {"name", SSLMODE_REQUIRE, "", "", SSLMODE_VERIFY_FULL, "ca", "", "db", true, NULL, NULL},
    {"wrong name", SSLMODE_REQUIRE, "", "", SSLMODE_VERIFY_FULL, "ca", "", "db2", false, "mismatch", NULL},
    {"address", SSLMODE_REQUIRE, "", "", SSLMODE_VERIFY_FULL, "ca", "", "127.0.0.1", true, NULL, NULL},
    {"wrong address", SSLMODE_REQUIRE, "", "", SSLMODE_VERIFY_FULL, "ca", "", "127.0.0.2", false, "mismatch",
     NULL},
    {"client certificate", SSLMODE_VERIFY_CA, "ca", "", SSLMODE_REQUIRE, "", "alice", "db", true, NULL,
     "alice"},
    {"no client certificate", SSLMODE_VERIFY_CA, "ca", "", SSLMODE_REQUIRE, "", "", "db", false,
     "certificate", NULL},
    {"somebody else's client certificate", SSLMODE_VERIFY_FULL, "ca", "", SSLMODE_REQUIRE, "", "mallory",
     "db", false, "certificate verify failed", NULL},
    {"client certificate that nobody verifies", SSLMODE_REQUIRE, "ca", "", SSLMODE_REQUIRE, "", "mallory",
     "db", true, NULL, NULL},
    {"client certificate that nobody demands", SSLMODE_REQUIRE, "ca", "", SSLMODE_REQUIRE, "", "alice", "db",
     true, NULL, "alice"},
    {"empty revocation list", SSLMODE_VERIFY_CA, "ca", "none", SSLMODE_REQUIRE, "", "alice", "db", true, NULL,
     "alice"},
    {"revoked", SSLMODE_VERIFY_CA, "ca", "alice", SSLMODE_REQUIRE, "", "alice", "db", false, "revoked", NULL},
    {"expired", SSLMODE_VERIFY_CA, "ca", "", SSLMODE_REQUIRE, "", "late", "db", false, "expired", NULL},
    {"a server's certificate", SSLMODE_VERIFY_CA, "ca", "", SSLMODE_REQUIRE, "", "server", "db", false,
     "purpose", NULL},
};

static void verifies_what_it_is_told_to(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct tls_settings server = settings(true, rows[i].server_mode, rows[i].server_ca, "db");
                struct tls_settings client;
                struct pair p;
                char name[64], subject[64], crl[400] = "";

                unit_row("%s", rows[i].name);
                if (*rows[i].server_crl != '\0')
                        snprintf(crl, sizeof(crl), "%s", certs_path(rows[i].server_crl, ".crl"));
                server.crl_file = crl;
                server.protocols = "tlsv1.2"; /* with 1.3 a client is through before it is refused */
                {
                        char paths[3][400];

                        snprintf(paths[0], 400, "%s", server.ca_file);
                        snprintf(paths[1], 400, "%s", server.cert_file);
                        snprintf(paths[2], 400, "%s", server.key_file);
                        server.ca_file = paths[0];
                        server.cert_file = paths[1];
                        server.key_file = paths[2];
                        client = settings(false, rows[i].client_mode, rows[i].client_ca, rows[i].client_own);
                        pair_init(&p, server, client);
                }
                UNIT_ASSERT(shake(&p, rows[i].host) == rows[i].good);
                UNIT_ASSERT(secure_peer_name(&p.server.stream, name, sizeof(name)) == (rows[i].peer != NULL));
                UNIT_ASSERT(rows[i].peer == NULL || strcmp(name, rows[i].peer) == 0);
                UNIT_ASSERT(secure_peer_verified(&p.server.stream) == (rows[i].peer != NULL));
                UNIT_ASSERT(secure_peer_subject(&p.server.stream, subject, sizeof(subject)) ==
                            (rows[i].peer != NULL));
                UNIT_ASSERT(rows[i].peer == NULL || strncmp(subject, "CN=", 3) == 0);
                UNIT_ASSERT(rows[i].peer == NULL || strcmp(subject + 3, rows[i].peer) == 0);
                UNIT_ASSERT(!secure_peer_subject(&p.server.stream, subject, 3 + strlen(name)));
                if (rows[i].says != NULL)
                        UNIT_ASSERT(strstr(secure_why(&p.server.stream), rows[i].says) != NULL ||
                                    strstr(secure_why(&p.client.stream), rows[i].says) != NULL);
                pair_fini(&p);
        }
}

/* However much there is, others get their turn: one read for what is ready and one for what is held. */
static void reads_in_portions(void)
{
        struct pair p;
        uint8_t *bytes = pattern(40000);

        plain_pair(&p);
        p.client.step = 100;
        UNIT_ASSERT(stream_send(&p.server.stream, bytes, 40000) == STATUS_OK);
        for (int turn = 0; turn < 2000 && p.client.got_n < 40000; turn++) {
                p.client.reads = 0;
                loop_turn(&p.loop, false);
                UNIT_ASSERT(p.client.reads <= 2);
        }
        UNIT_ASSERT(p.client.got_n == 40000 && memcmp(p.client.got, bytes, 40000) == 0);
        free(bytes);
        pair_fini(&p);
}

/* A peer of OpenSSL's own at the other end of `fd`, through with its handshake. */
static SSL *peer_new(struct pair *p, SSL_CTX **ctx, int version)
{
        int fd = dup(p->client.stream.fd), large = 1 << 20;
        SSL *ssl;

        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large));

        stream_close(&p->client.stream);
        *ctx = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_max_proto_version(*ctx, version);
        ssl = SSL_new(*ctx);
        CHECK(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
        SSL_set_connect_state(ssl);
        UNIT_ASSERT(secure_start(&p->server.stream, p->server.context, NULL, SV("")) == STATUS_OK);
        for (int i = 0; i < 1000 && (SSL_do_handshake(ssl) != 1 || p->server.secured == 0); i++)
                loop_turn(&p->loop, false);
        UNIT_ASSERT(p->server.secured == 1);
        return ssl;
}

static void peer_free(SSL *ssl, SSL_CTX *ctx)
{
        int fd = SSL_get_fd(ssl);

        SSL_free(ssl);
        SSL_CTX_free(ctx);
        close(fd);
}

/* A key update is allowed; nothing but key updates is not, and is noticed before it has cost much. */
static void refuses_a_flood_of_key_updates(void)
{
        enum { FLOOD = 1000 };
        struct pair p;
        SSL_CTX *ctx;
        SSL *peer;
        int sent = 0;

        pair_init(&p, settings(true, SSLMODE_REQUIRE, "", "db"), settings(false, SSLMODE_REQUIRE, "", ""));
        peer = peer_new(&p, &ctx, TLS1_3_VERSION);
        UNIT_ASSERT(SSL_key_update(peer, SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_write(peer, "hello", 5) == 5);
        UNIT_ASSERT(turns_till(&p.loop, has_got, &(struct wish){&p.server, 5}));
        stream_want_read(&p.server.stream, false);
        while (sent < FLOOD && SSL_key_update(peer, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
               SSL_do_handshake(peer) == 1)
                sent++;
        UNIT_ASSERT(sent == FLOOD);
        p.server.reads = 0;
        stream_want_read(&p.server.stream, true);
        for (int turn = 0; turn < 1000 && !p.server.ended; turn++)
                loop_turn(&p.loop, false);
        UNIT_ASSERT(p.server.ended && p.server.reads == 1 && p.server.left > 16384);
        UNIT_ASSERT(strcmp(secure_why(&p.server.stream), "too many key updates") == 0);
        peer_free(peer, ctx);
        pair_fini(&p);
}

/* TLS 1.2 alone has it: it is turned down, and all goes on. */
static void refuses_renegotiation(void)
{
        struct pair p;
        SSL_CTX *ctx;
        SSL *peer;
        char byte;

        pair_init(&p, settings(true, SSLMODE_REQUIRE, "", "db"), settings(false, SSLMODE_REQUIRE, "", ""));
        peer = peer_new(&p, &ctx, TLS1_2_VERSION);
        for (int i = 0; i < 10 && SSL_renegotiate(peer) == 1; i++) {
                (void)SSL_do_handshake(peer);
                loop_turn(&p.loop, false);
                (void)SSL_read(peer, &byte, 1);
        }
        UNIT_ASSERT(p.server.secured == 1 && p.server.got_n == 0);
        peer_free(peer, ctx);
        pair_fini(&p);
}

/* A session is gone on with by the next connection to the same host, and by none to another. */
static void resumes(int version)
{
        static const struct {
                const char *host;
                bool resumed;
        } steps[] = {{"db", false}, {"db", true}, {"db2", false}, {"db", true}, {NULL, false}};
        struct tls_settings server = settings(true, SSLMODE_VERIFY_CA, "ca", "db"), client;
        struct tls_context *contexts[2] = {NULL, NULL};
        char paths[3][400];

        snprintf(paths[0], 400, "%s", server.ca_file);
        snprintf(paths[1], 400, "%s", server.cert_file);
        snprintf(paths[2], 400, "%s", server.key_file);
        server.ca_file = paths[0];
        server.cert_file = paths[1];
        server.key_file = paths[2];
        client = settings(false, SSLMODE_VERIFY_CA, "ca", "alice");
        client.oldest = server.oldest = client.newest = server.newest = version;
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                struct pair p;
                char name[64];
                uint8_t bindings[2][SECURE_BINDING_MAX];

                unit_row("TLS 1.%d, connection %zu", version - 1, i);
                pair_init(&p, server, client);
                if (contexts[0] != NULL) { /* all connections have the first one's contexts */
                        tls_context_unref(p.server.context);
                        tls_context_unref(p.client.context);
                        p.server.context = tls_context_ref(contexts[0]);
                        p.client.context = tls_context_ref(contexts[1]);
                } else {
                        contexts[0] = tls_context_ref(p.server.context);
                        contexts[1] = tls_context_ref(p.client.context);
                }
                UNIT_ASSERT(shake(&p, steps[i].host));
                UNIT_ASSERT(secure_resumed(&p.server.stream) == steps[i].resumed);
                UNIT_ASSERT(secure_resumed(&p.client.stream) == steps[i].resumed);
                UNIT_ASSERT(secure_peer_name(&p.server.stream, name, sizeof(name)) &&
                            strcmp(name, "alice") == 0);
                UNIT_ASSERT(secure_binding(&p.server.stream, bindings[0]) == 32 &&
                            secure_binding(&p.client.stream, bindings[1]) == 32 &&
                            memcmp(bindings[0], bindings[1], 32) == 0);
                /* The ticket of TLS 1.3 comes with what is read. */
                UNIT_ASSERT(stream_send(&p.server.stream, "hello", 5) == STATUS_OK);
                UNIT_ASSERT(turns_till(&p.loop, has_got, &(struct wish){&p.client, 5}));
                pair_fini(&p);
        }
        tls_context_unref(contexts[0]);
        tls_context_unref(contexts[1]);
}

static void goes_on_with_sessions(void)
{
        resumes(3);
        resumes(4);
}

/* Direct TLS: the client's first bytes have been read before it is known what they are. */
static void begins_with_bytes_that_were_read(void)
{
        struct pair p;
        uint8_t hello[4096];
        ssize_t n;

        pair_init(&p, settings(true, SSLMODE_REQUIRE, "", "db"), settings(false, SSLMODE_REQUIRE, "", ""));
        stream_want_read(&p.server.stream, false);
        UNIT_ASSERT(secure_start(&p.client.stream, p.client.context, NULL, SV("")) == STATUS_OK);
        turns_for(&p.loop, 20);
        n = recv(p.server.stream.fd, hello, sizeof(hello), 0);
        UNIT_ASSERT(n > 0);
        UNIT_ASSERT(secure_start(&p.server.stream, p.server.context, NULL,
                                 sv_from(hello, n > 0 ? (size_t)n : 0)) == STATUS_OK);
        UNIT_ASSERT(turns_till(&p.loop, both_settled, &p));
        UNIT_ASSERT(p.server.secured == 1 && p.client.secured == 1);
        UNIT_ASSERT(secure_agreed(&p.server.stream) && secure_agreed(&p.client.stream));
        UNIT_ASSERT(stream_send(&p.client.stream, "hello", 5) == STATUS_OK);
        UNIT_ASSERT(turns_till(&p.loop, has_got, &(struct wish){&p.server, 5}));
        pair_fini(&p);
}

static void binds_both_ends_to_one_certificate(void)
{
        struct pair p;
        uint8_t a[SECURE_BINDING_MAX], b[SECURE_BINDING_MAX];

        plain_pair(&p);
        UNIT_ASSERT(secure_binding(&p.server.stream, a) == 32 && secure_binding(&p.client.stream, b) == 32);
        UNIT_ASSERT(memcmp(a, b, 32) == 0);
        pair_fini(&p);
}

/* With more handshakes than a turn takes, all come through. */
static void takes_a_few_handshakes_a_turn(void)
{
        enum { MANY = 12 };
        struct pair pairs[MANY];
        struct loop *loop = &pairs[0].loop;
        int most = 0, all = 0;

        for (int i = 0; i < MANY; i++) {
                struct pair *p = &pairs[i];

                pair_init(p, settings(true, SSLMODE_REQUIRE, "", "db"),
                          settings(false, SSLMODE_REQUIRE, "", ""));
                if (i > 0) {
                        struct stream *both[] = {&p->server.stream, &p->client.stream};

                        for (int k = 0; k < 2; k++) {
                                stream_detach(both[k]);
                                stream_attach(both[k], loop, on_event);
                        }
                }
                UNIT_ASSERT(secure_start(&p->server.stream, p->server.context, NULL, SV("")) == STATUS_OK);
                UNIT_ASSERT(secure_start(&p->client.stream, p->client.context, NULL, SV("")) == STATUS_OK);
        }
        for (int turn = 0; turn < 2000 && all < MANY; turn++) {
                loop_turn(loop, false);
                most = loop->handshakes > most ? loop->handshakes : most;
                all = 0;
                for (int i = 0; i < MANY; i++)
                        all += pairs[i].server.secured && pairs[i].client.secured;
        }
        UNIT_ASSERT(all == MANY && most > 0 && most <= HANDSHAKES_A_TURN);
        for (int i = MANY - 1; i >= 0; i--)
                pair_fini(&pairs[i]);
}

static const struct {
        const char *name, *says;
        const char *own, *key, *ca, *protocols, *ciphers, *suites, *curve, *dh;
        enum sslmode mode;
} wrong[] = {
    {"no certificate", "client_tls_sslmode: needs client_tls_cert_file", "", "", "", "secure", "", "", "", "",
     SSLMODE_REQUIRE},
    {"no key", "client_tls_key_file: is not set", "db.crt", "", "", "secure", "", "", "", "",
     SSLMODE_REQUIRE},
    {"no such file", "client_tls_cert_file: cannot read", "gone.crt", "db.key", "", "secure", "", "", "", "",
     SSLMODE_REQUIRE},
    {"another's key", "client_tls_key_file: failed to load private key file", "db.crt", "alice.key", "",
     "secure", "", "", "", "", SSLMODE_REQUIRE},
    {"no certificate in the file", "client_tls_cert_file: failed to load certificate file", "junk.txt",
     "db.key", "", "secure", "", "", "", "", SSLMODE_REQUIRE},
    {"nobody to verify with", "client_tls_ca_file", "db.crt", "db.key", "", "secure", "", "", "", "",
     SSLMODE_VERIFY_CA},
    {"junk for authorities", "client_tls_ca_file: failed to load CA", "db.crt", "db.key", "junk.txt",
     "secure", "", "", "", "", SSLMODE_VERIFY_CA},
    {"unknown version", "client_tls_protocols: not a list of", "db.crt", "db.key", "", "tlsv2", "", "", "",
     "", SSLMODE_REQUIRE},
    {"unknown cipher", "client_tls_ciphers: failed to set ciphers", "db.crt", "db.key", "", "secure", "FOO",
     "", "", "", SSLMODE_REQUIRE},
    {"unknown suite", "client_tls13_ciphers: failed to set the TLSv1.3 cipher suites", "db.crt", "db.key", "",
     "secure", "", "FOO", "", "", SSLMODE_REQUIRE},
    {"unknown curve", "client_tls_ecdhcurve", "db.crt", "db.key", "", "secure", "", "", "foo", "",
     SSLMODE_REQUIRE},
    {"unknown parameters", "client_tls_dheparams", "db.crt", "db.key", "", "secure", "", "", "", "foo",
     SSLMODE_REQUIRE},
    {"all is well", NULL, "db.crt", "db.key", "ca.crt", "all", "all", "TLS_AES_128_GCM_SHA256",
     "X25519:P-256", "legacy", SSLMODE_VERIFY_FULL},
};

static void path_of(char out[400], const char *name)
{
        snprintf(out, 400, "%s", *name == '\0' ? "" : certs_path(name, ""));
}

static void names_the_setting_that_is_wrong(void)
{
        certificates();
        certs_write("junk", ".txt", "junk\n");
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                char own[400], key[400], ca[400], why[300] = "";
                struct tls_settings s = {.accepts = true, .mode = wrong[i].mode, .crl_file = ""};
                struct tls_context *context;

                unit_row("%s", wrong[i].name);
                path_of(own, wrong[i].own);
                path_of(key, wrong[i].key);
                path_of(ca, wrong[i].ca);
                s.cert_file = own;
                s.key_file = key;
                s.ca_file = ca;
                s.protocols = wrong[i].protocols;
                s.ciphers = wrong[i].ciphers;
                s.suites = wrong[i].suites;
                s.curve = wrong[i].curve;
                s.dheparams = wrong[i].dh;
                context = tls_context_new(&s, why, sizeof(why));
                UNIT_ASSERT((context == NULL) == (wrong[i].says != NULL));
                UNIT_ASSERT(wrong[i].says == NULL || strstr(why, wrong[i].says) != NULL);
                if (wrong[i].says != NULL && strstr(why, wrong[i].says) == NULL)
                        fprintf(stderr, "  it says: %s\n", why);
                tls_context_unref(context);
        }
}

static void knows_what_has_not_changed(void)
{
        struct tls_settings s = settings(true, SSLMODE_REQUIRE, "", "db");
        char why[300];
        struct tls_context *a = tls_context_new(&s, why, sizeof(why)), *b, *c, *d;

        b = tls_context_new(&s, why, sizeof(why));
        s.protocols = "tlsv1.3";
        c = tls_context_new(&s, why, sizeof(why));
        s.protocols = "secure";
        certs_issue("ca", "db", "db", "DNS:db,IP:127.0.0.1"); /* another key in the same files */
        d = tls_context_new(&s, why, sizeof(why));
        UNIT_ASSERT(tls_context_same(a, b) && !tls_context_same(a, c) && !tls_context_same(a, d));
        UNIT_ASSERT(tls_context_same(NULL, NULL) && !tls_context_same(a, NULL));
        tls_context_unref(tls_context_ref(a));
        tls_context_unref(a);
        tls_context_unref(b);
        tls_context_unref(c);
        tls_context_unref(d);
        tls_context_unref(NULL);
}

UNIT_SUITE(net_secure, UNIT_CASE(carries_bytes_both_ways), UNIT_CASE(shows_what_it_has_read_ahead),
           UNIT_CASE(ends_with_close_notify), UNIT_CASE(ends_without_it),
           UNIT_CASE(breaks_on_a_peer_without_tls), UNIT_CASE(refuses_a_long_chain),
           UNIT_CASE(verifies_what_it_is_told_to), UNIT_CASE(begins_with_bytes_that_were_read),
           UNIT_CASE(binds_both_ends_to_one_certificate), UNIT_CASE(takes_a_few_handshakes_a_turn),
           UNIT_CASE(reads_in_portions), UNIT_CASE(refuses_a_flood_of_key_updates),
           UNIT_CASE(refuses_renegotiation), UNIT_CASE(goes_on_with_sessions),
           UNIT_CASE(names_the_setting_that_is_wrong), UNIT_CASE(knows_what_has_not_changed))

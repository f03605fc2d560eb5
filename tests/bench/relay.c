/* The least that a transaction pooler can do: it frames messages to see where transactions end, and lends
 * each client one of its servers for as long. No names of prepared statements, no settings, no limits, no
 * statistics, no timeouts, no passwords. What a pooler costs above this is what its features cost. One
 * thread, epoll, level-triggered.
 *
 *     relay PORT SERVER_PORT POOL [CERTIFICATE KEY] */
#include "channel.h"

#include "base/list.h"
#include "wire/proto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { EVENTS = 256, ROOM = 1 << 16, KEPT_MAX = 1 << 24 };

struct end {
        struct channel channel;
        struct frames frames;
        struct end *mate;
        struct buf rest; /* what this end's socket had no room for */
        struct buf kept; /* of a client: what waits for a server */
        uint32_t events; /* what epoll was told */
        bool is_server, greeted, gone;
        unsigned owed;    /* by a server: ReadyForQuery */
        struct list link; /* idle servers; waiting clients; the dead */
};

static int loop, listener;
static SSL_CTX *tls;
static struct buf greeting;
static struct list idle, waiting, dead;

static void watch_events(struct end *e, uint32_t events)
{
        struct epoll_event event = {.events = events, .data.ptr = e};

        if (e->events != events)
                epoll_ctl(loop, EPOLL_CTL_MOD, e->channel.fd, &event);
        e->events = events;
}

/* Sends to `to`; what does not fit is kept, and the other side is not read until it is gone. */
static void pass(struct end *to, const uint8_t *bytes, size_t n)
{
        ssize_t put = 0;

        if (buf_len(&to->rest) == 0)
                put = channel_write(&to->channel, bytes, n);
        put = put < 0 ? 0 : put;
        if ((size_t)put == n)
                return;
        if (buf_append(&to->rest, bytes + put, n - (size_t)put, KEPT_MAX) != STATUS_OK)
                die("a peer is read although its mate is slow");
        watch_events(to, to->events | EPOLLOUT);
        if (to->mate != NULL)
                watch_events(to->mate, to->mate->events & ~(uint32_t)EPOLLIN);
}

static void on_writable(struct end *e)
{
        ssize_t put = channel_write(&e->channel, buf_data(&e->rest), buf_len(&e->rest));

        if (put > 0)
                buf_consume(&e->rest, (size_t)put);
        if (buf_len(&e->rest) > 0)
                return;
        watch_events(e, e->events & ~(uint32_t)EPOLLOUT);
        if (e->mate != NULL)
                watch_events(e->mate, e->mate->events | EPOLLIN);
}

/* ---- lending ---- */

static void join(struct end *client, struct end *server)
{
        client->mate = server;
        server->mate = client;
}

/* What a client says, on to its server. */
static void forward(struct end *client, const uint8_t *bytes, size_t n)
{
        const uint8_t *at = bytes, *end = bytes + n;
        char type;

        while ((type = frames_step(&client->frames, &at, end)) != 0)
                client->mate->owed += type == FE_QUERY || type == FE_SYNC || type == FE_FUNCTION;
        pass(client->mate, bytes, n);
}

static void give_back(struct end *server)
{
        struct list *next = list_shift(&waiting);
        struct end *client;

        if (server->mate != NULL)
                server->mate->mate = NULL;
        server->mate = NULL;
        watch_events(server, server->events | EPOLLIN); /* its last client may have been slow */
        if (next == NULL) {
                list_prepend(&idle, &server->link);
                return;
        }
        client = list_item(next, struct end, link);
        list_init(&client->link);
        join(client, server);
        forward(client, buf_data(&client->kept), buf_len(&client->kept));
        buf_release(&client->kept);
}

static void leave(struct end *client)
{
        if (client->is_server)
                die("the server closed a connection");
        if (client->gone)
                return;
        client->gone = true;
        list_unlink(&client->link);
        if (client->mate != NULL) {
                watch_events(client->mate, client->mate->events | EPOLLIN);
                client->mate->mate = NULL;
        }
        list_append(&dead, &client->link);
}

/* ---- what arrives ---- */

/* A startup packet or a request for TLS; it comes whole, since nothing was sent before it. */
static void greet(struct end *client, const uint8_t *bytes, size_t n)
{
        uint32_t version = n >= STARTUP_MIN ? big_endian(bytes + 4) : 0;

        if (version == PROTO_SSL || version == PROTO_GSSENC) {
                bool yes = version == PROTO_SSL && tls != NULL;

                pass(client, (const uint8_t *)(yes ? "S" : "N"), 1);
                if (!yes)
                        return;
                client->channel.ssl = SSL_new(tls);
                if (client->channel.ssl == NULL || SSL_set_fd(client->channel.ssl, client->channel.fd) != 1)
                        die("no TLS for a client");
                SSL_set_accept_state(client->channel.ssl);
                return;
        }
        client->greeted = true;
        pass(client, buf_data(&greeting), buf_len(&greeting));
}

static void from_client(struct end *client, const uint8_t *bytes, size_t n)
{
        struct list *server;

        if (!client->greeted) {
                greet(client, bytes, n);
                return;
        }
        if (client->mate == NULL && bytes[0] == FE_TERMINATE) {
                leave(client);
                return;
        }
        if (client->mate == NULL && (server = list_shift(&idle)) != NULL)
                join(client, list_item(server, struct end, link));
        if (client->mate != NULL) {
                forward(client, bytes, n);
                return;
        }
        if (buf_append(&client->kept, bytes, n, KEPT_MAX) != STATUS_OK)
                die("a client that waits says too much");
        if (!list_linked(&client->link))
                list_append(&waiting, &client->link);
}

static void from_server(struct end *server, const uint8_t *bytes, size_t n)
{
        const uint8_t *at = bytes, *end = bytes + n;
        bool over = false;
        char type;

        while ((type = frames_step(&server->frames, &at, end)) != 0) {
                if (type != BE_READY)
                        continue;
                server->owed--;
                over = server->owed == 0 && at[-1] == 'I';
        }
        if (server->mate != NULL)
                pass(server->mate, bytes, n);
        if (over)
                give_back(server);
}

static void on_readable(struct end *e)
{
        static uint8_t bytes[ROOM];
        ssize_t n;

        do {
                n = channel_read(&e->channel, bytes, sizeof bytes);
                if (n > 0 && e->is_server)
                        from_server(e, bytes, (size_t)n);
                else if (n > 0)
                        from_client(e, bytes, (size_t)n);
                else if (n == 0)
                        leave(e);
        } while (n > 0 && !e->gone && channel_has_more(&e->channel));
}

/* ---- the rest ---- */

static struct end *end_new(struct channel channel, bool is_server)
{
        struct end *e = calloc(1, sizeof *e);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = e};

        if (e == NULL)
                die("no memory");
        e->channel = channel;
        e->is_server = is_server;
        e->events = EPOLLIN;
        list_init(&e->link);
        epoll_ctl(loop, EPOLL_CTL_ADD, channel.fd, &event);
        return e;
}

static void open_pool(uint16_t port, int count)
{
        struct target target = {.port = port, .user = "app", .database = "app"};

        for (int i = 0; i < count; i++) {
                struct end *server = end_new(channel_open(&target, i == 0 ? &greeting : NULL), true);

                channel_unblock(&server->channel);
                list_append(&idle, &server->link);
        }
}

static void open_tls(const char *certificate, const char *key)
{
        tls = SSL_CTX_new(TLS_server_method());
        if (tls == NULL || SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
                die("%s or %s is not good", certificate, key);
        SSL_CTX_set_read_ahead(tls, 1);
        SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
}

static void on_event(const struct epoll_event *event)
{
        struct end *e = event->data.ptr;
        int fd;

        if (e == NULL) {
                if ((fd = accept_from(listener)) >= 0)
                        end_new((struct channel){fd, NULL}, false);
                return;
        }
        if (event->events & EPOLLOUT)
                on_writable(e);
        if (event->events & ~(uint32_t)EPOLLOUT && !e->gone)
                on_readable(e);
}

/* Nobody is freed while events for them may still be at hand. */
static void bury(void)
{
        for (struct list *l; (l = list_shift(&dead)) != NULL;) {
                struct end *e = list_item(l, struct end, link);

                channel_close(&e->channel);
                buf_release(&e->rest);
                buf_release(&e->kept);
                free(e);
        }
}

int main(int argc, char **argv)
{
        struct epoll_event events[EVENTS] = {{.events = EPOLLIN}};

        if (argc != 4 && argc != 6)
                die("usage: relay PORT SERVER_PORT POOL [CERTIFICATE KEY]");
        list_init(&idle);
        list_init(&waiting);
        list_init(&dead);
        files_allow(0);
        loop = epoll_create1(EPOLL_CLOEXEC);
        listener = listen_at((uint16_t)atoi(argv[1]));
        epoll_ctl(loop, EPOLL_CTL_ADD, listener, events);
        if (argc == 6)
                open_tls(argv[4], argv[5]);
        open_pool((uint16_t)atoi(argv[2]), atoi(argv[3]));
        puts("ready");
        fflush(stdout);
        for (;;) {
                int n = epoll_wait(loop, events, EVENTS, -1);

                for (int i = 0; i < n; i++)
                        on_event(&events[i]);
                bury();
        }
}

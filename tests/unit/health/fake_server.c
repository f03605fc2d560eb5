#include "fake_server.h"

#include "base/check.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 32, SSL_REQUEST = 80877103 };

struct connection {
        int fd;
        bool started;
        size_t n;
        char in[8192];
};

struct fake_server {
        pthread_t thread;
        int listener, port, wake;
        int kept;             /* a socket that keeps the port while nobody listens there; -1: none */
        pthread_mutex_t lock; /* all below */
        bool quit;
        enum fake_mode mode;
        char sqlstate[6];
        char values[FAKE_COLUMNS][40]; /* "": NULL */
        int queries;
        struct connection connections[CONNECTIONS]; /* fd -1: free */
};

struct out {
        char bytes[2048];
        size_t n;
};

static void put(struct out *out, const void *bytes, size_t n)
{
        CHECK(out->n + n <= sizeof(out->bytes));
        memcpy(out->bytes + out->n, bytes, n);
        out->n += n;
}

static void put_int(struct out *out, int value, int bytes)
{
        unsigned char net[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                (unsigned char)(value >> 8), (unsigned char)value};

        put(out, net + 4 - bytes, (size_t)bytes);
}

/* A message whose body is in `body`. */
static void put_message(struct out *out, char type, const struct out *body)
{
        put(out, &type, 1);
        put_int(out, (int)body->n + 4, 4);
        put(out, body->bytes, body->n);
}

static void put_ready(struct out *out)
{
        struct out body = {.n = 0};

        put(&body, "I", 1);
        put_message(out, 'Z', &body);
}

static void put_error(struct out *out, const char *severity, const char *sqlstate)
{
        struct out body = {.n = 0};

        body.n = (size_t)snprintf(body.bytes, sizeof(body.bytes), "S%s%cV%s%cC%s%cMfake words%c", severity, 0,
                                  severity, 0, sqlstate, 0, 0);
        put(&body, "", 1);
        put_message(out, 'E', &body);
}

static void put_row(struct out *out, const struct fake_server *server)
{
        struct out description = {.n = 0}, row = {.n = 0}, complete = {.n = 0};

        put_int(&description, FAKE_COLUMNS, 2);
        put_int(&row, FAKE_COLUMNS, 2);
        for (int i = 0; i < FAKE_COLUMNS; i++) {
                int n = (int)strlen(server->values[i]);

                put(&description, "c", 2);
                put_int(&description, 0, 4);
                put_int(&description, 0, 2);
                put_int(&description, 25, 4);
                put_int(&description, -1, 2);
                put_int(&description, -1, 4);
                put_int(&description, 0, 2);
                put_int(&row, n > 0 ? n : -1, 4);
                put(&row, server->values[i], (size_t)n);
        }
        put(&complete, "SELECT 1", sizeof("SELECT 1"));
        put_message(out, 'T', &description);
        put_message(out, 'D', &row);
        put_message(out, 'C', &complete);
}

static void hang_up(struct connection *connection)
{
        close(connection->fd);
        connection->fd = -1;
}

static void say(struct connection *connection, const struct out *out)
{
        if (out->n > 0 && send(connection->fd, out->bytes, out->n, MSG_NOSIGNAL) < 0)
                hang_up(connection);
}

static void on_startup(struct fake_server *server, struct connection *connection)
{
        struct out out = {.n = 0}, body = {.n = 0};

        if (server->mode == FAKE_SILENT)
                return;
        if (server->mode == FAKE_DROPS) {
                hang_up(connection);
                return;
        }
        if (server->mode == FAKE_REJECTS) {
                put_error(&out, "FATAL", server->sqlstate);
                say(connection, &out);
                hang_up(connection);
                return;
        }
        put_int(&body, 0, 4);
        put_message(&out, 'R', &body);
        put_ready(&out);
        say(connection, &out);
}

static void on_query(struct fake_server *server, struct connection *connection, const char *sql)
{
        struct out out = {.n = 0};

        server->queries++;
        switch (server->mode) {
        case FAKE_SILENT: return;
        case FAKE_DROPS: hang_up(connection); return;
        case FAKE_REJECTS: put_error(&out, "ERROR", server->sqlstate); break;
        case FAKE_REJECTS_CONTROL:
                if (strstr(sql, "pg_control_system") != NULL) {
                        put_error(&out, "ERROR", "42501");
                        break;
                }
                /* fall through */
        case FAKE_ANSWERS: put_row(&out, server); break;
        }
        put_ready(&out);
        say(connection, &out);
}

/* Takes one message off the input; false when there is none left. */
static bool take_message(struct fake_server *server, struct connection *connection)
{
        size_t head = connection->started ? 5 : 4, length;
        const unsigned char *at = (const unsigned char *)connection->in + head - 4;
        char message[8192];

        if (connection->fd < 0 || connection->n < head)
                return false;
        length = head - 4 + ((size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3]);
        if (connection->n < length)
                return false;
        memcpy(message, connection->in, length);
        connection->n -= length;
        memmove(connection->in, connection->in + length, connection->n);
        if (connection->started) {
                if (message[0] == 'Q')
                        on_query(server, connection, message + 5);
                else
                        hang_up(connection);
        } else if (length == 8 && ntohl(*(const uint32_t *)(const void *)(message + 4)) == SSL_REQUEST) {
                if (server->mode != FAKE_SILENT && send(connection->fd, "N", 1, MSG_NOSIGNAL) != 1)
                        hang_up(connection);
        } else {
                connection->started = true;
                on_startup(server, connection);
        }
        return true;
}

static void on_readable(struct fake_server *server, struct connection *connection)
{
        ssize_t got =
            recv(connection->fd, connection->in + connection->n, sizeof(connection->in) - connection->n, 0);

        if (got <= 0) {
                hang_up(connection);
                return;
        }
        connection->n += (size_t)got;
        while (take_message(server, connection))
                continue;
}

static void on_connect(struct fake_server *server)
{
        int fd = accept(server->listener, NULL, NULL);

        for (int i = 0; i < CONNECTIONS && fd >= 0; i++)
                if (server->connections[i].fd < 0) {
                        server->connections[i] = (struct connection){.fd = fd};
                        return;
                }
        if (fd >= 0)
                close(fd);
}

static void *serve(void *arg)
{
        struct fake_server *server = arg;

        for (;;) {
                struct pollfd polled[CONNECTIONS + 2] = {{.fd = server->wake, .events = POLLIN}};
                uint64_t woken;

                pthread_mutex_lock(&server->lock);
                if (server->quit) {
                        pthread_mutex_unlock(&server->lock);
                        return NULL;
                }
                polled[1] = (struct pollfd){.fd = server->listener, .events = POLLIN};
                for (int i = 0; i < CONNECTIONS; i++)
                        polled[2 + i] = (struct pollfd){.fd = server->connections[i].fd, .events = POLLIN};
                pthread_mutex_unlock(&server->lock);
                poll(polled, CONNECTIONS + 2, -1);
                pthread_mutex_lock(&server->lock);
                if (polled[0].revents != 0 && read(server->wake, &woken, sizeof(woken)) < 0)
                        perror("fake_server");
                if (polled[1].revents != 0 && server->listener == polled[1].fd)
                        on_connect(server);
                for (int i = 0; i < CONNECTIONS; i++)
                        if (polled[2 + i].revents != 0 && server->connections[i].fd == polled[2 + i].fd &&
                            polled[2 + i].fd >= 0)
                                on_readable(server, &server->connections[i]);
                pthread_mutex_unlock(&server->lock);
        }
}

static void wake(struct fake_server *server)
{
        const uint64_t one = 1;

        CHECK(write(server->wake, &one, sizeof(one)) == (ssize_t)sizeof(one));
}

/* A socket bound to the port, if there is one already. */
static int bound_socket(struct fake_server *server)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server->port)};
        socklen_t size = sizeof(address);
        int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        CHECK(bind(fd, (struct sockaddr *)&address, size) == 0);
        CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
        server->port = ntohs(address.sin_port);
        return fd;
}

/* With the lock held, or before the thread runs. */
static void start_listening(struct fake_server *server)
{
        server->listener = server->kept >= 0 ? server->kept : bound_socket(server);
        server->kept = -1;
        CHECK(listen(server->listener, 64) == 0);
}

static void stop_listening(struct fake_server *server)
{
        if (server->listener < 0)
                return;
        /* Closing it alone would end nothing before the thread that polls it wakes up. */
        shutdown(server->listener, SHUT_RDWR);
        close(server->listener);
        server->listener = -1;
        server->kept = bound_socket(server); /* else the port could become another program's */
}

struct fake_server *fake_server_new(void)
{
        struct fake_server *server = xcalloc(1, sizeof(*server));

        CHECK(pthread_mutex_init(&server->lock, NULL) == 0);
        server->wake = eventfd(0, EFD_CLOEXEC);
        for (int i = 0; i < CONNECTIONS; i++)
                server->connections[i].fd = -1;
        server->kept = -1;
        start_listening(server);
        CHECK(pthread_create(&server->thread, NULL, serve, server) == 0);
        return server;
}

int fake_server_port(const struct fake_server *server)
{
        return server->port;
}

void fake_server_be(struct fake_server *server, enum fake_mode mode, const char *sqlstate)
{
        pthread_mutex_lock(&server->lock);
        server->mode = mode;
        snprintf(server->sqlstate, sizeof(server->sqlstate), "%s", sqlstate != NULL ? sqlstate : "");
        pthread_mutex_unlock(&server->lock);
}

void fake_server_play(struct fake_server *server, bool standby, int timeline, const char *lsn)
{
        pthread_mutex_lock(&server->lock);
        memset(server->values, 0, sizeof(server->values));
        snprintf(server->values[0], sizeof(server->values[0]), "%s", standby ? "t" : "f");
        snprintf(server->values[1], sizeof(server->values[1]), "%s", lsn);
        snprintf(server->values[2], sizeof(server->values[2]), "%s", lsn);
        if (!standby)
                snprintf(server->values[3], sizeof(server->values[3]), "%08X0000000000000001",
                         (unsigned)timeline);
        else
                snprintf(server->values[4], sizeof(server->values[4]), "%d", timeline);
        snprintf(server->values[5], sizeof(server->values[5]), "off");
        snprintf(server->values[6], sizeof(server->values[6]), "8192");
        snprintf(server->values[7], sizeof(server->values[7]), "1");
        snprintf(server->values[10], sizeof(server->values[10]), "771");
        pthread_mutex_unlock(&server->lock);
}

int fake_server_queries(struct fake_server *server)
{
        int queries;

        pthread_mutex_lock(&server->lock);
        queries = server->queries;
        pthread_mutex_unlock(&server->lock);
        return queries;
}

void fake_server_drop_all(struct fake_server *server)
{
        pthread_mutex_lock(&server->lock);
        for (int i = 0; i < CONNECTIONS; i++)
                if (server->connections[i].fd >= 0)
                        hang_up(&server->connections[i]);
        pthread_mutex_unlock(&server->lock);
        wake(server);
}

void fake_server_stop(struct fake_server *server)
{
        pthread_mutex_lock(&server->lock);
        stop_listening(server);
        pthread_mutex_unlock(&server->lock);
        fake_server_drop_all(server);
}

void fake_server_start(struct fake_server *server)
{
        pthread_mutex_lock(&server->lock);
        start_listening(server);
        pthread_mutex_unlock(&server->lock);
        wake(server);
}

void fake_server_free(struct fake_server *server)
{
        pthread_mutex_lock(&server->lock);
        server->quit = true;
        pthread_mutex_unlock(&server->lock);
        fake_server_stop(server);
        pthread_join(server->thread, NULL);
        close(server->wake);
        close(server->kept);
        pthread_mutex_destroy(&server->lock);
        free(server);
}

#include "net/acceptor.h"
#include "net/listener.h"

#include "net/turns.h"
#include "tempdir.h"
#include "unit.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int port_of(int fd)
{
        struct address a = {.size = sizeof(a.u)};
        char host[64];
        int port = 0;

        if (getsockname(fd, &a.u.any, &a.size) == 0)
                address_text(&a, host, sizeof(host), &port);
        return port;
}

static enum status add(struct listeners *l, const char *host, int port, int backlog, int mode, char *message)
{
        struct listen_how how = {.backlog = backlog, .mode = mode};
        struct listen_why why = {""};
        enum status status = listeners_add(l, host, port, &how, &why);

        strcpy(message, why.text);
        return status;
}

/* A connection; -1 when nobody listens. */
static int call(const char *host, int port)
{
        struct address a;
        int fd;

        if (address_parse(host, port, &a) != STATUS_OK)
                return -1;
        fd = socket(a.u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, &a.u.any, a.size) == 0)
                return fd;
        close(fd);
        return -1;
}

static bool answers(const char *host, int port)
{
        int fd = call(host, port);

        if (fd < 0)
                return false;
        close(fd);
        return true;
}

static void names_what_is_wrong(void)
{
        struct listeners l = {0}, other = {0};
        char message[400] = "", expected[400], deep[200];
        int port;

        UNIT_ASSERT(add(&l, "127.0.0.1", 0, 8, 0777, message) == STATUS_OK);
        port = port_of(l.fds[0]);
        UNIT_ASSERT(add(&other, "127.0.0.1", port, 8, 0, message) == STATUS_IO);
        snprintf(expected, sizeof(expected), "cannot listen on 127.0.0.1:%d: Address already in use", port);
        UNIT_ASSERT(strcmp(message, expected) == 0);
        /* By name as well, although another address of that name may be free. */
        UNIT_ASSERT(add(&other, "*", port, 8, 0, message) == STATUS_IO);
        snprintf(expected, sizeof(expected), "cannot listen on *:%d: Address already in use", port);
        UNIT_ASSERT(strcmp(message, expected) == 0);
        listeners_close(&other);
        UNIT_ASSERT(add(&l, "/nowhere/at/all", 5432, 8, 0777, message) == STATUS_IO);
        UNIT_ASSERT(strcmp(message, "cannot listen on /nowhere/at/all/.s.PGSQL.5432: No such file or "
                                    "directory") == 0);
        memset(deep, 'd', sizeof(deep) - 1);
        deep[0] = '/';
        deep[sizeof(deep) - 1] = '\0';
        UNIT_ASSERT(add(&l, deep, 5432, 8, 0777, message) == STATUS_IO);
        UNIT_ASSERT(strstr(message, "the path is too long for a unix socket") != NULL);
        UNIT_ASSERT(l.count == 1);
        listeners_close(&l);
        UNIT_ASSERT(l.count == 0 && !answers("127.0.0.1", port));
}

static void refuses_more_sockets_than_it_has_room_for(void)
{
        struct listeners l = {0};
        char message[400] = "";

        for (int i = 0; i < LISTENERS_MAX; i++)
                UNIT_ASSERT(add(&l, "127.0.0.1", 0, 8, 0, message) == STATUS_OK);
        for (int by_name = 0; by_name < 2; by_name++) {
                unit_row("%s", by_name ? "by name" : "by address");
                UNIT_ASSERT(add(&l, by_name ? "localhost" : "127.0.0.1", 0, 8, 0, message) != STATUS_OK);
                UNIT_ASSERT(strstr(message, "more than 32 sockets") != NULL);
        }
        UNIT_ASSERT(l.count == LISTENERS_MAX);
        listeners_close(&l);
        /* With one place left, "*" must not leave out a family without a word. */
        for (int i = 0; i < LISTENERS_MAX - 1; i++)
                UNIT_ASSERT(add(&l, "127.0.0.1", 0, 8, 0, message) == STATUS_OK);
        message[0] = '\0';
        UNIT_ASSERT(add(&l, "*", 0, 8, 0, message) != STATUS_OK);
        UNIT_ASSERT(strstr(message, "more than 32 sockets") != NULL);
        listeners_close(&l);
}

static void unix_sockets_have_a_mode_and_go_away(void)
{
        static const int modes[] = {0777, 0700, 0660};

        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
                struct listeners l = {0};
                char message[400], path[400];
                struct stat st;

                unit_row("%o", (unsigned)modes[i]);
                UNIT_ASSERT(add(&l, tempdir(), 7001, 8, modes[i], message) == STATUS_OK);
                snprintf(path, sizeof(path), "%s/.s.PGSQL.7001", tempdir());
                UNIT_ASSERT(stat(path, &st) == 0 && S_ISSOCK(st.st_mode));
                UNIT_ASSERT((st.st_mode & 0777) == (mode_t)modes[i]);
                UNIT_ASSERT(answers(tempdir(), 7001));
                listeners_close(&l);
                UNIT_ASSERT(stat(path, &st) != 0);
        }
}

static void takes_a_stale_socket_file_but_not_a_living_one(void)
{
        struct listeners dead = {0}, l = {0}, other = {0};
        char message[400];

        UNIT_ASSERT(add(&dead, tempdir(), 7002, 8, 0777, message) == STATUS_OK);
        close(dead.fds[0]); /* as after a crash: the file stays */
        UNIT_ASSERT(add(&l, tempdir(), 7002, 8, 0777, message) == STATUS_OK);
        UNIT_ASSERT(answers(tempdir(), 7002));
        UNIT_ASSERT(add(&other, tempdir(), 7002, 8, 0777, message) == STATUS_IO);
        UNIT_ASSERT(strstr(message, "/.s.PGSQL.7002: Address already in use") != NULL);
        UNIT_ASSERT(answers(tempdir(), 7002));
        listeners_close(&other);
        UNIT_ASSERT(answers(tempdir(), 7002));
        listeners_close(&l);
}

/* A living one whose queue is full answers nobody at the moment; it is not waited for, and not removed. */
static void a_busy_socket_is_not_stale(void)
{
        struct listeners l = {0}, other = {0};
        char message[400];
        struct address a;
        int fds[8], n = 0;

        UNIT_ASSERT(add(&l, tempdir(), 7003, 1, 0777, message) == STATUS_OK);
        UNIT_ASSERT(address_parse(tempdir(), 7003, &a) == STATUS_OK);
        for (; n < 8; n++) {
                fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
                if (connect(fds[n], &a.u.any, a.size) != 0)
                        break;
        }
        UNIT_ASSERT(n < 8);
        alarm(20); /* instead of hanging for ever */
        UNIT_ASSERT(add(&other, tempdir(), 7003, 8, 0777, message) == STATUS_IO);
        alarm(0);
        for (int i = 0; i <= n && i < 8; i++)
                close(fds[i]);
        listeners_close(&other);
        UNIT_ASSERT(access(l.paths[0], F_OK) == 0);
        listeners_close(&l);
}

static void listens_in_the_abstract_and_everywhere(void)
{
        struct listeners l = {0};
        char message[400], name[64];
        int port;

        snprintf(name, sizeof(name), "@pgsteer-unit-%d", (int)getpid());
        UNIT_ASSERT(add(&l, name, 7004, 8, 0777, message) == STATUS_OK);
        UNIT_ASSERT(answers(name, 7004) && l.paths[0][0] == '\0');
        listeners_close(&l);
        UNIT_ASSERT(!answers(name, 7004));
        /* A free port, found by asking for any. */
        UNIT_ASSERT(add(&l, "127.0.0.1", 0, 8, 0, message) == STATUS_OK);
        port = port_of(l.fds[0]);
        listeners_close(&l);
        UNIT_ASSERT(add(&l, "*", port, 8, 0, message) == STATUS_OK);
        UNIT_ASSERT(answers("127.0.0.1", port));
        listeners_close(&l);
        UNIT_ASSERT(add(&l, "localhost", port, 8, 0, message) == STATUS_OK);
        UNIT_ASSERT(answers("127.0.0.1", port) || answers("::1", port));
        listeners_close(&l);
}

struct door {
        int accepted, blocking, not_loopback;
        int total;
};

static void on_accepted(void *arg, int fd, const struct address *peer)
{
        struct door *door = arg;
        char host[64];
        int port = 0;

        door->accepted++;
        if ((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 || (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
                door->blocking++;
        address_text(peer, host, sizeof(host), &port);
        if (strcmp(host, "127.0.0.1") != 0 || port == 0)
                door->not_loopback++;
        close(fd);
}

static bool all_in(void *arg)
{
        struct door *doors = arg;

        return doors[0].accepted + doors[1].accepted >= doors[0].total;
}

static void each_connection_is_accepted_once_by_some_watcher(void)
{
        struct listeners l = {0};
        struct door doors[2] = {{.total = 70}, {0}};
        struct acceptor *acceptors[2];
        struct loop loops[2];
        char message[400];
        int fds[70], port;

        UNIT_ASSERT(add(&l, "127.0.0.1", 0, 128, 0, message) == STATUS_OK);
        port = port_of(l.fds[0]);
        for (int i = 0; i < 2; i++) {
                loop_init(&loops[i], NULL);
                acceptors[i] = acceptor_new(&l, &loops[i], on_accepted, &doors[i]);
        }
        for (int i = 0; i < 70; i++)
                fds[i] = call("127.0.0.1", port);
        turns_for(&loops[0], 0);
        UNIT_ASSERT(turns_till(&loops[1], all_in, doors) || turns_till(&loops[0], all_in, doors));
        UNIT_ASSERT(doors[0].accepted + doors[1].accepted == 70);
        UNIT_ASSERT(doors[0].blocking + doors[1].blocking == 0);
        UNIT_ASSERT(doors[0].not_loopback + doors[1].not_loopback == 0);
        for (int i = 0; i < 70; i++)
                close(fds[i]);
        acceptor_free(acceptors[1]);
        fds[0] = call("127.0.0.1", port);
        turns_for(&loops[1], 30);
        UNIT_ASSERT(doors[0].accepted + doors[1].accepted == 70);
        close(fds[0]);
        acceptor_free(acceptors[0]);
        acceptor_free(NULL);
        listeners_close(&l);
        loop_fini(&loops[0]);
        loop_fini(&loops[1]);
}

/* ---- how they are kept ---- */

static int option_of(int fd, int level, int name)
{
        int value = -1;
        socklen_t size = sizeof(value);

        return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

struct kept {
        int accepted, nodelay, keepalive, idle, count, user_timeout, buffer;
};

static void on_kept(void *arg, int fd, const struct address *peer)
{
        struct kept *k = arg;

        (void)peer;
        k->accepted++;
        k->nodelay = option_of(fd, IPPROTO_TCP, TCP_NODELAY);
        k->keepalive = option_of(fd, SOL_SOCKET, SO_KEEPALIVE);
        k->idle = option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE);
        k->count = option_of(fd, IPPROTO_TCP, TCP_KEEPCNT);
        k->user_timeout = option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT);
        k->buffer = option_of(fd, SOL_SOCKET, SO_RCVBUF);
        close(fd);
}

static bool one_more(void *arg)
{
        return ((struct kept *)arg)->accepted > 0;
}

static void connections_are_kept_as_configured_last(void)
{
        const struct options set = {.tcp_keepalive = true,
                                    .tcp_keepidle = 11,
                                    .tcp_keepcnt = 13,
                                    .tcp_user_timeout = 1400,
                                    .tcp_socket_buffer = 65536};
        int fresh = socket(AF_INET, SOCK_STREAM, 0), idle = option_of(fresh, IPPROTO_TCP, TCP_KEEPIDLE);
        int count = option_of(fresh, IPPROTO_TCP, TCP_KEEPCNT);
        const struct {
                const char *name;
                struct options opt;
                int keepalive, idle, count;
        } rows[] = {{"set", set, 1, 11, 13},
                    {"the system's own again", {.tcp_keepalive = true}, 1, idle, count},
                    {"off", {0}, 0, idle, count}};
        struct listeners l = {0};
        struct kept k;
        struct acceptor *watch;
        struct loop loop;
        char message[400];

        UNIT_ASSERT(add(&l, "127.0.0.1", 0, 8, 0, message) == STATUS_OK);
        loop_init(&loop, NULL);
        watch = acceptor_new(&l, &loop, on_kept, &k);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct options *opt = &rows[i].opt;
                int fd;

                unit_row("%s", rows[i].name);
                k = (struct kept){0};
                listeners_configure(&l, opt);
                fd = call("127.0.0.1", port_of(l.fds[0]));
                UNIT_ASSERT(turns_till(&loop, one_more, &k));
                UNIT_ASSERT(k.nodelay == 1 && k.keepalive == rows[i].keepalive);
                UNIT_ASSERT(k.idle == rows[i].idle && k.count == rows[i].count);
                UNIT_ASSERT(k.user_timeout == opt->tcp_user_timeout);
                UNIT_ASSERT(i > 0 || k.buffer == 2 * 65536); /* the kernel doubles what is asked for */
                close(fd);
        }
        close(fresh);
        acceptor_free(watch);
        listeners_close(&l);
        loop_fini(&loop);
}

/* Eight times one; 2, 4, 8, 16, 32 are the rest. */
static void a_crowd_is_let_in_by_ever_more_a_turn(void)
{
        struct listeners l = {0};
        struct door door = {0};
        struct acceptor *watch;
        struct loop loop;
        char message[400];
        int fds[70], turns = 0;

        UNIT_ASSERT(add(&l, "127.0.0.1", 0, 128, 0, message) == STATUS_OK);
        loop_init(&loop, NULL);
        watch = acceptor_new(&l, &loop, on_accepted, &door);
        for (int i = 0; i < 70; i++)
                fds[i] = call("127.0.0.1", port_of(l.fds[0]));
        for (; door.accepted < 70 && turns < 70; turns++) {
                loop_turn(&loop, true);
                UNIT_ASSERT(turns >= 8 || door.accepted == turns + 1);
        }
        UNIT_ASSERT(door.accepted == 70 && turns == 13);
        for (int i = 0; i < 70; i++)
                close(fds[i]);
        acceptor_free(watch);
        listeners_close(&l);
        loop_fini(&loop);
}

UNIT_SUITE(net_listener, UNIT_CASE(names_what_is_wrong), UNIT_CASE(refuses_more_sockets_than_it_has_room_for),
           UNIT_CASE(unix_sockets_have_a_mode_and_go_away),
           UNIT_CASE(takes_a_stale_socket_file_but_not_a_living_one), UNIT_CASE(a_busy_socket_is_not_stale),
           UNIT_CASE(listens_in_the_abstract_and_everywhere),
           UNIT_CASE(each_connection_is_accepted_once_by_some_watcher),
           UNIT_CASE(connections_are_kept_as_configured_last),
           UNIT_CASE(a_crowd_is_let_in_by_ever_more_a_turn))

#include "net/address.h"

#include "unit.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void reads_addresses(void)
{
        static const struct {
                const char *name, *host;
                int port;
                enum status status;
                int family;
                const char *text;
        } rows[] = {
            {"IPv4", "127.0.0.1", 5432, STATUS_OK, AF_INET, "127.0.0.1"},
            {"high port", "10.1.2.3", 65535, STATUS_OK, AF_INET, "10.1.2.3"},
            {"IPv6", "::1", 6432, STATUS_OK, AF_INET6, "::1"},
            {"IPv6 in full", "2001:db8:0:0:0:0:0:1", 1, STATUS_OK, AF_INET6, "2001:db8::1"},
            {"unix", "/run/postgresql", 5432, STATUS_OK, AF_UNIX, "unix"},
            {"abstract", "@pgsteer", 5432, STATUS_OK, AF_UNIX, "unix"},
            {"a name", "db.example.org", 5432, STATUS_ABSENT, 0, NULL},
            {"nothing", "", 5432, STATUS_ABSENT, 0, NULL},
            {"three numbers", "10.1.2", 5432, STATUS_ABSENT, 0, NULL},
            {"a number too large", "10.1.2.256", 5432, STATUS_ABSENT, 0, NULL},
            {"any", "*", 5432, STATUS_ABSENT, 0, NULL},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct address a;
                char text[INET6_ADDRSTRLEN];
                int port = 77;

                unit_row("%s", rows[i].name);
                UNIT_ASSERT(address_parse(rows[i].host, rows[i].port, &a) == rows[i].status);
                if (rows[i].status != STATUS_OK)
                        continue;
                UNIT_ASSERT(a.u.any.sa_family == rows[i].family);
                address_text(&a, text, sizeof(text), &port);
                UNIT_ASSERT(strcmp(text, rows[i].text) == 0);
                UNIT_ASSERT(port == (rows[i].family == AF_UNIX ? 77 : rows[i].port));
        }
}

static void names_socket_files(void)
{
        struct address a;
        char dir[200];

        UNIT_ASSERT(address_parse("/run/pg", 5432, &a) == STATUS_OK);
        UNIT_ASSERT(strcmp(a.u.un.sun_path, "/run/pg/.s.PGSQL.5432") == 0);
        UNIT_ASSERT(address_parse("@pg", 5432, &a) == STATUS_OK);
        UNIT_ASSERT(a.u.un.sun_path[0] == '\0' && memcmp(a.u.un.sun_path + 1, "pg/.s.PGSQL.5432", 16) == 0);
        UNIT_ASSERT(a.size == offsetof(struct sockaddr_un, sun_path) + 17);
        /* The longest directory: 107 bytes of path and a NUL. */
        for (size_t n = 90; n <= 110; n++) {
                memset(dir, 'd', sizeof(dir));
                dir[0] = '/';
                dir[n] = '\0';
                unit_row("a directory of %zu", n);
                UNIT_ASSERT(address_parse(dir, 5432, &a) ==
                            (n + strlen("/.s.PGSQL.5432") <= 107 ? STATUS_OK : STATUS_INVALID));
        }
}

static int option(int fd, int level, int name)
{
        int value = -1;
        socklen_t size = sizeof(value);

        return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

static void sets_socket_options(void)
{
        static const struct {
                const char *name;
                struct options opt;
        } rows[] = {{"off", {.tcp_keepidle = 11, .tcp_keepintvl = 12, .tcp_keepcnt = 13}},
                    {"the system's own", {.tcp_keepalive = true}},
                    {"all",
                     {.tcp_keepalive = true,
                      .tcp_keepidle = 11,
                      .tcp_keepintvl = 12,
                      .tcp_keepcnt = 13,
                      .tcp_user_timeout = 1400}}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct options *opt = &rows[i].opt;
                int fd = socket(AF_INET, SOCK_STREAM, 0), idle = option(fd, IPPROTO_TCP, TCP_KEEPIDLE);
                bool set = opt->tcp_keepalive && opt->tcp_keepidle > 0;

                unit_row("%s", rows[i].name);
                socket_options(fd, opt);
                UNIT_ASSERT(option(fd, IPPROTO_TCP, TCP_NODELAY) == 1);
                UNIT_ASSERT(option(fd, SOL_SOCKET, SO_KEEPALIVE) == opt->tcp_keepalive);
                UNIT_ASSERT(option(fd, IPPROTO_TCP, TCP_KEEPIDLE) == (set ? 11 : idle));
                UNIT_ASSERT(!set || option(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 12);
                UNIT_ASSERT(!set || option(fd, IPPROTO_TCP, TCP_KEEPCNT) == 13);
                UNIT_ASSERT(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT) == opt->tcp_user_timeout);
                close(fd);
        }
}

static void sets_the_size_of_buffers(void)
{
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        int in = option(fd, SOL_SOCKET, SO_RCVBUF), out = option(fd, SOL_SOCKET, SO_SNDBUF);

        socket_buffers(fd, 0);
        UNIT_ASSERT(option(fd, SOL_SOCKET, SO_RCVBUF) == in && option(fd, SOL_SOCKET, SO_SNDBUF) == out);
        socket_buffers(fd, 65536); /* the kernel doubles what is asked for */
        UNIT_ASSERT(option(fd, SOL_SOCKET, SO_RCVBUF) == 131072 &&
                    option(fd, SOL_SOCKET, SO_SNDBUF) == 131072);
        close(fd);
}

UNIT_SUITE(net_address, UNIT_CASE(reads_addresses), UNIT_CASE(names_socket_files),
           UNIT_CASE(sets_socket_options), UNIT_CASE(sets_the_size_of_buffers))

#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

static enum status parse_unix(const char *host, int port, struct address *out)
{
        struct sockaddr_un *un = &out->u.un;
        int n;

        un->sun_family = AF_UNIX;
        n = snprintf(un->sun_path, sizeof(un->sun_path), "%s/.s.PGSQL.%d", host, port);
        if (n < 0 || (size_t)n >= sizeof(un->sun_path))
                return STATUS_INVALID;
        if (host[0] == '@') { /* abstract: a NUL in place of the '@', and no NUL at the end */
                un->sun_path[0] = '\0';
                out->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n);
        } else {
                out->size = sizeof(*un);
        }
        return STATUS_OK;
}

enum status address_parse(const char *host, int port, struct address *out)
{
        memset(out, 0, sizeof(*out));
        if (host[0] == '/' || host[0] == '@')
                return parse_unix(host, port, out);
        if (inet_pton(AF_INET, host, &out->u.in4.sin_addr) == 1) {
                out->u.in4.sin_family = AF_INET;
                out->u.in4.sin_port = htons((uint16_t)port);
                out->size = sizeof(out->u.in4);
                return STATUS_OK;
        }
        if (inet_pton(AF_INET6, host, &out->u.in6.sin6_addr) == 1) {
                out->u.in6.sin6_family = AF_INET6;
                out->u.in6.sin6_port = htons((uint16_t)port);
                out->size = sizeof(out->u.in6);
                return STATUS_OK;
        }
        return STATUS_ABSENT;
}

struct ip address_ip(const struct address *address)
{
        struct ip ip = {0};

        if (address->u.any.sa_family == AF_INET)
                memcpy(ip.bytes, &address->u.in4.sin_addr, sizeof(address->u.in4.sin_addr));
        else if (address->u.any.sa_family == AF_INET6)
                memcpy(ip.bytes, &address->u.in6.sin6_addr, sizeof(address->u.in6.sin6_addr));
        else
                return ip;
        ip.family = address->u.any.sa_family;
        return ip;
}

int address_port(const struct address *address, int otherwise)
{
        switch (address->u.any.sa_family) {
        case AF_INET: return ntohs(address->u.in4.sin_port);
        case AF_INET6: return ntohs(address->u.in6.sin6_port);
        default: return otherwise;
        }
}

void address_text(const struct address *address, char *host, size_t size, int *port)
{
        struct ip ip = address_ip(address);
        char text[IP_TEXT_SIZE];

        snprintf(host, size, "%s", ip_text(&ip, text));
        *port = address_port(address, *port);
}

void address_set_port(struct address *address, int port)
{
        if (address->u.any.sa_family == AF_INET)
                address->u.in4.sin_port = htons((uint16_t)port);
        else if (address->u.any.sa_family == AF_INET6)
                address->u.in6.sin6_port = htons((uint16_t)port);
}

bool address_same_host(const struct address *a, const struct address *b)
{
        if (a->u.any.sa_family != b->u.any.sa_family)
                return false;
        if (a->u.any.sa_family == AF_INET)
                return a->u.in4.sin_addr.s_addr == b->u.in4.sin_addr.s_addr;
        return a->u.any.sa_family == AF_INET6 &&
               memcmp(&a->u.in6.sin6_addr, &b->u.in6.sin6_addr, sizeof(a->u.in6.sin6_addr)) == 0;
}

struct local_end socket_local(int fd, int *port)
{
        struct local_end end = {""};
        struct address address = {.size = sizeof(address.u)};

        if (fd >= 0 && getsockname(fd, &address.u.any, &address.size) == 0)
                address_text(&address, end.host, sizeof(end.host), port);
        return end;
}

uint32_t socket_peer_pid(int fd)
{
        struct ucred peer = {0};
        socklen_t size = sizeof(peer);
        int domain = 0;

        if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &(socklen_t){sizeof(domain)}) != 0 ||
            domain != AF_UNIX || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
                return 0;
        return (uint32_t)peer.pid;
}

static void set_int(int fd, int level, int option, int value)
{
        /* Best effort: a socket without the option still works. */
        (void)setsockopt(fd, level, option, &value, sizeof(value));
}

static void set_positive(int fd, int level, int option, int value)
{
        if (value > 0)
                set_int(fd, level, option, value);
}

void socket_buffers(int fd, int bytes)
{
        int domain = 0;
        socklen_t size = sizeof(domain);

        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain == AF_UNIX)
                return;
        set_positive(fd, SOL_SOCKET, SO_SNDBUF, bytes);
        set_positive(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

void socket_options(int fd, const struct options *opt)
{
        int domain = 0;
        socklen_t size = sizeof(domain);

        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain == AF_UNIX)
                return;
        set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set_positive(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, opt->tcp_user_timeout);
        if (!opt->tcp_keepalive)
                return;
        set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_positive(fd, IPPROTO_TCP, TCP_KEEPIDLE, opt->tcp_keepidle);
        set_positive(fd, IPPROTO_TCP, TCP_KEEPINTVL, opt->tcp_keepintvl);
        set_positive(fd, IPPROTO_TCP, TCP_KEEPCNT, opt->tcp_keepcnt);
}

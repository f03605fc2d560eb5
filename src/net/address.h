/* address: socket addresses as text and back, and options every socket gets. */
#pragma once

#include "base/ip.h"
#include "base/status.h"
#include "conf/options.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct address {
        socklen_t size;
        union {
                struct sockaddr any;
                struct sockaddr_in in4;
                struct sockaddr_in6 in6;
                struct sockaddr_un un;
        } u;
};

/* A numeric IPv4 or IPv6 address, "/directory" (then the socket's file is .s.PGSQL.port in it) or "@name"
 * (abstract). STATUS_ABSENT: a host name, which needs a resolver; STATUS_INVALID: the path is too long. */
MUST_USE enum status address_parse(const char *host, int port, struct address *out);

/* "127.0.0.1" or "unix", and the port (unix: as given). `size` >= INET6_ADDRSTRLEN. */
void address_text(const struct address *address, char *host, size_t size, int *port);

/* The two as numbers. Of a unix socket: none, and `otherwise`. */
struct ip address_ip(const struct address *address);
int address_port(const struct address *address, int otherwise);

/* Of TCP; others have none. */
void address_set_port(struct address *address, int port);

/* The same host, whatever the port. Of TCP; others are never the same. */
bool address_same_host(const struct address *a, const struct address *b);

/* Our own end of a connected socket: "127.0.0.1" or "unix"; *port stays as it is for a unix socket. */
struct local_end {
        char host[INET6_ADDRSTRLEN];
};
struct local_end socket_local(int fd, int *port);

/* The process at the other end of a unix socket; 0 for other sockets. */
uint32_t socket_peer_pid(int fd);

/* The size of a TCP socket's buffers in the kernel, 0: as it is. Only before it connects or listens: a window
 * that shrinks afterwards makes the other side wait for one as large as it has seen, each time until a timer
 * ends. */
void socket_buffers(int fd, int bytes);

/* What the options tcp_keep... and tcp_user_timeout say, and TCP_NODELAY, for a new TCP socket; 0 leaves the
 * system's default. Nothing for unix sockets. */
void socket_options(int fd, const struct options *opt);

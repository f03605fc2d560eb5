#include "net/dns.h"

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/lookout.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/util.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        SERVERS_MAX = 8,
        /* Where resolv.conf does not say: 2 s, then twice as long each time: an answer in 14 s, or an error,
         * is in time for server_connect_timeout. */
        TIMEOUT_MS = 2000,
        TRIES = 3,
        /* libc's own limits */
        TIMEOUT_MAX_S = 30,
        TRIES_MAX = 5,
};

struct dns {
        struct loop *loop;
        ares_channel channel;
        struct list sockets;
        struct event timer; /* when c-ares wants to look at its questions again */
};

/* A socket of c-ares. */
struct dns_socket {
        struct list in_dns;
        struct dns *dns;
        ares_socket_t fd;
        struct lookout lookout;
};

/* Who is to be told. */
struct question {
        union {
                dns_addresses_fn *addresses;
                dns_name_fn *name;
                dns_serial_fn *serial;
        } done;
        void *arg;
};

/* ---- c-ares on the loop ---- */

static void set_timer(struct dns *dns)
{
        struct timeval wait;

        if (ares_timeout(dns->channel, NULL, &wait) != NULL)
                event_add(&dns->timer, &wait);
        else
                event_del(&dns->timer);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        struct dns *dns = arg;

        (void)fd;
        (void)what;
        ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        set_timer(dns);
}

/* The socket, and `s` with it, may be gone afterwards. */
static void on_socket(evutil_socket_t fd, short what, void *arg)
{
        struct dns_socket *s = arg;
        struct dns *dns = s->dns;

        ares_process_fd(dns->channel, (what & EV_READ) ? fd : ARES_SOCKET_BAD,
                        (what & EV_WRITE) ? fd : ARES_SOCKET_BAD);
        set_timer(dns);
}

static struct dns_socket *socket_of(struct dns *dns, ares_socket_t fd)
{
        struct dns_socket *s;

        list_for_each (node, &dns->sockets) {
                s = list_item(node, struct dns_socket, in_dns);
                if (s->fd == fd)
                        return s;
        }
        s = xcalloc(1, sizeof(*s));
        s->dns = dns;
        s->fd = fd;
        list_append(&dns->sockets, &s->in_dns);
        return s;
}

/* c-ares says what it waits for; for nothing: it closes the socket. */
static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
        struct dns_socket *s = socket_of(arg, fd);
        short what = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

        if (readable || writable) {
                lookout_start(&s->lookout, s->dns->loop->base, fd, what, on_socket, s);
                return;
        }
        lookout_stop(&s->lookout);
        list_unlink(&s->in_dns);
        free(s);
}

/* ---- resolv.conf: what c-ares 1.18 passes over there ---- */

struct servers {
        struct ares_addr_port_node list[SERVERS_MAX];
        int count;
        bool ports; /* one of them has a port of its own */
        int timeout_ms, tries;
};

static void add_server(struct servers *servers, const char *text)
{
        struct ares_addr_port_node *server = &servers->list[servers->count];
        struct address a = {.size = sizeof(a.u)};
        int size = (int)sizeof(a.u), port;

        if (servers->count == SERVERS_MAX || evutil_parse_sockaddr_port(text, &a.u.any, &size) != 0)
                return;
        server->family = a.u.any.sa_family;
        if (server->family == AF_INET)
                server->addr.addr4 = a.u.in4.sin_addr;
        else
                memcpy(&server->addr.addr6, &a.u.in6.sin6_addr, sizeof(server->addr.addr6));
        port = ntohs(server->family == AF_INET ? a.u.in4.sin_port : a.u.in6.sin6_port);
        server->udp_port = server->tcp_port = port; /* 0: the usual one */
        servers->ports = servers->ports || port != 0;
        if (servers->count > 0)
                servers->list[servers->count - 1].next = server;
        servers->count++;
}

/* 1 to `max`, or `other`. */
static int option_value(const char *text, int max, int other)
{
        long value = strtol(text, NULL, 10);

        return value < 1 ? other : value > max ? max : (int)value;
}

static void read_line(struct servers *servers, char *line)
{
        char *rest = NULL;
        const char *word = strtok_r(line, " \t\n", &rest);

        if (word != NULL && strcmp(word, "nameserver") == 0) {
                word = strtok_r(NULL, " \t\n", &rest);
                if (word != NULL)
                        add_server(servers, word);
        } else if (word != NULL && strcmp(word, "options") == 0) {
                while ((word = strtok_r(NULL, " \t\n", &rest)) != NULL) {
                        if (strncmp(word, "timeout:", 8) == 0)
                                servers->timeout_ms = 1000 * option_value(word + 8, TIMEOUT_MAX_S, 2);
                        else if (strncmp(word, "attempts:", 9) == 0)
                                servers->tries = option_value(word + 9, TRIES_MAX, TRIES);
                }
        }
}

static void read_servers(const char *path, struct servers *servers)
{
        FILE *file = fopen(path, "re");
        char *line = NULL;
        size_t size = 0;

        *servers = (struct servers){.timeout_ms = TIMEOUT_MS, .tries = TRIES};
        if (file == NULL)
                return;
        while (getline(&line, &size, file) >= 0)
                read_line(servers, line);
        free(line);
        fclose(file);
}

/* ---- its life ---- */

static void begin_library(void)
{
        CHECK(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
}

/* Once, though each thread has a resolver. */
static void say_no_server(const char *path)
{
        static atomic_flag said = ATOMIC_FLAG_INIT;

        if (!atomic_flag_test_and_set(&said))
                log_error(
                    "resolv_conf: \"%s\" cannot be read or names no server: a name server on this machine "
                    "is asked",
                    path);
}

struct dns *dns_new(struct loop *loop, const char *resolv_conf)
{
        static pthread_once_t library = PTHREAD_ONCE_INIT;
        char *path = xstrdup(resolv_conf[0] != '\0' ? resolv_conf : "/etc/resolv.conf");
        struct dns *dns = xcalloc(1, sizeof(*dns));
        struct servers servers;
        struct ares_options options = {
            .sock_state_cb = on_socket_state, .sock_state_cb_data = dns, .resolvconf_path = path};

        pthread_once(&library, begin_library);
        dns->loop = loop;
        list_init(&dns->sockets);
        event_assign(&dns->timer, loop->base, -1, 0, on_timer, dns);
        read_servers(path, &servers);
        if (servers.count == 0 && resolv_conf[0] != '\0')
                say_no_server(path);
        options.timeout = servers.timeout_ms;
        options.tries = servers.tries;
        CHECK(ares_init_options(&dns->channel, &options,
                                ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF | ARES_OPT_TIMEOUTMS |
                                    ARES_OPT_TRIES) == ARES_SUCCESS);
        if (servers.ports)
                CHECK(ares_set_servers_ports(dns->channel, servers.list) == ARES_SUCCESS);
        free(path);
        return dns;
}

void dns_free(struct dns *dns)
{
        if (dns == NULL)
                return;
        ares_destroy(dns->channel); /* its callbacks are called, and its sockets closed */
        event_del(&dns->timer);
        CHECK(list_empty(&dns->sockets));
        free(dns);
}

const char *dns_error_text(int error)
{
        return ares_strerror(error);
}

/* ---- questions ---- */

static struct question *question_new(void *arg)
{
        struct question *q = xcalloc(1, sizeof(*q));

        q->arg = arg;
        return q;
}

static int add_address(struct address *list, int count, const struct ares_addrinfo_node *node)
{
        struct address address = {.size = (socklen_t)node->ai_addrlen};

        if ((node->ai_family != AF_INET && node->ai_family != AF_INET6) || count == DNS_ADDRESSES_MAX)
                return count;
        memcpy(&address.u, node->ai_addr, node->ai_addrlen);
        for (int i = 0; i < count; i++)
                if (address_same_host(&list[i], &address))
                        return count;
        list[count] = address;
        return count + 1;
}

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
        struct question q = *(struct question *)arg;
        struct address list[DNS_ADDRESSES_MAX];
        int count = 0;

        (void)timeouts;
        free(arg);
        if (status == ARES_SUCCESS)
                for (const struct ares_addrinfo_node *node = found->nodes; node != NULL; node = node->ai_next)
                        count = add_address(list, count, node);
        if (found != NULL)
                ares_freeaddrinfo(found);
        if (status == ARES_SUCCESS && count == 0)
                status = ARES_ENODATA;
        q.done.addresses(q.arg, status, list, count);
}

void dns_ask_addresses(struct dns *dns, const char *name, dns_addresses_fn *done, void *arg)
{
        /* CARES_HOSTS may name another hosts file. */
        const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
                                                  .ai_socktype = SOCK_STREAM,
                                                  .ai_flags = ARES_AI_NOSORT | ARES_AI_ENVHOSTS};
        struct question *q = question_new(arg);

        q->done.addresses = done;
        ares_getaddrinfo(dns->channel, name, NULL, &hints, on_addresses, q);
        set_timer(dns);
}

static void on_name(void *arg, int status, int timeouts, char *name, char *service)
{
        struct question q = *(struct question *)arg;

        (void)timeouts;
        (void)service;
        free(arg);
        if (status == ARES_SUCCESS && name == NULL)
                status = ARES_ENODATA;
        q.done.name(q.arg, status, name);
}

void dns_ask_name(struct dns *dns, const struct address *address, dns_name_fn *done, void *arg)
{
        struct question *q = question_new(arg);

        q->done.name = done;
        ares_getnameinfo(dns->channel, &address->u.any, address->size, ARES_NI_LOOKUPHOST | ARES_NI_NAMEREQD,
                         on_name, q);
        set_timer(dns);
}

static void on_zone(void *arg, int status, int timeouts, unsigned char *message, int size)
{
        struct question q = *(struct question *)arg;
        struct ares_soa_reply *soa = NULL;
        uint32_t serial = 0;

        (void)timeouts;
        free(arg);
        if (status == ARES_SUCCESS)
                status = ares_parse_soa_reply(message, size, &soa);
        if (soa != NULL) {
                serial = soa->serial;
                ares_free_data(soa);
        }
        q.done.serial(q.arg, status, serial);
}

void dns_ask_serial(struct dns *dns, const char *zone, dns_serial_fn *done, void *arg)
{
        struct question *q = question_new(arg);

        q->done.serial = done;
        ares_query(dns->channel, zone, ns_c_in, ns_t_soa, on_zone, q);
        set_timer(dns);
}

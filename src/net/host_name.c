#include "net/host_name.h"

#include "base/check.h"
#include "base/memory.h"
#include "net/names.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host_name {
        struct loop *loop;
        struct ip ip;
        host_name_fn *done; /* NULL: nobody wants to know any more */
        void *arg;
        bool asking;        /* the resolver will call back */
        struct event event; /* in which it is told */
        char *name;         /* NULL: none */
        char why[400];
};

static void release(struct host_name *q)
{
        event_del(&q->event);
        free(q->name);
        free(q);
}

static void on_tell(evutil_socket_t fd, short what, void *arg)
{
        struct host_name *q = arg;
        host_name_fn *done = q->done;
        struct host_name told = *q;

        (void)fd;
        (void)what;
        q->name = NULL;
        release(q);
        done(told.arg, told.why[0] == '\0' ? told.name : NULL, told.why);
        free(told.name);
}

static void tell(struct host_name *q)
{
        if (q->done == NULL)
                release(q);
        else
                event_active(&q->event, EV_TIMEOUT, 1);
}

static void on_addresses(void *arg, int error, const struct address *list, int count)
{
        struct host_name *q = arg;
        bool back = false;

        q->asking = false;
        for (int i = 0; i < count; i++) {
                struct ip ip = ip_unmapped(address_ip(&list[i]));

                back = back ||
                       (ip.family == q->ip.family && memcmp(ip.bytes, q->ip.bytes, ip_size(ip.family)) == 0);
        }
        if (error != 0)
                snprintf(q->why, sizeof(q->why), "the address has the name %.255s, which has no address: %s",
                         q->name, dns_error_text(error));
        else if (!back)
                snprintf(q->why, sizeof(q->why),
                         "the address has the name %.255s, which does not lead back to it", q->name);
        tell(q);
}

static void on_name(void *arg, int error, const char *name)
{
        struct host_name *q = arg;

        q->asking = false;
        if (error != 0)
                snprintf(q->why, sizeof(q->why), "the address has no name: %s", dns_error_text(error));
        if (error != 0 || q->done == NULL) {
                tell(q);
                return;
        }
        q->name = xstrdup(name);
        q->asking = true;
        dns_ask_addresses(names_dns(names_of(q->loop)), q->name, on_addresses, q);
}

static struct address address_of(const struct ip *ip)
{
        struct address a = {.size = sizeof(a.u.in4)};

        a.u.any.sa_family = (sa_family_t)ip->family;
        if (ip->family == AF_INET) {
                memcpy(&a.u.in4.sin_addr, ip->bytes, 4);
        } else {
                a.size = sizeof(a.u.in6);
                memcpy(&a.u.in6.sin6_addr, ip->bytes, 16);
        }
        return a;
}

struct host_name *host_name_ask(struct loop *loop, const struct ip *ip, host_name_fn *done, void *arg)
{
        struct host_name *q = xcalloc(1, sizeof(*q));
        struct address address = address_of(ip);

        q->loop = loop;
        q->ip = *ip;
        q->done = done;
        q->arg = arg;
        q->asking = true;
        event_assign(&q->event, loop->base, -1, 0, on_tell, q);
        dns_ask_name(names_dns(names_of(loop)), &address, on_name, q);
        return q;
}

void host_name_cancel(struct host_name *q)
{
        q->done = NULL;
        if (!q->asking)
                release(q);
}

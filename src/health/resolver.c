#include "health/resolver.h"

#include "base/check.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

/* A lookup under way. Cancelling one calls back later, so it outlives the resolver that wanted it. */
struct lookup {
        struct resolver *resolver; /* NULL: nobody wants it any more */
        struct evdns_getaddrinfo_request *request;
};

struct resolver {
        struct evdns_base *dns;
        char *name;
        resolver_done_fn *on_done;
        void *arg;
        struct lookup *lookup; /* NULL: none under way */
        char addresses[RESOLVER_ADDRESSES * INET6_ADDRSTRLEN];
};

struct resolver *resolver_new(struct evdns_base *dns, const char *name, resolver_done_fn *on_done, void *arg)
{
        struct resolver *resolver = xcalloc(1, sizeof(*resolver));

        resolver->dns = dns;
        resolver->name = xstrdup(name);
        resolver->on_done = on_done;
        resolver->arg = arg;
        return resolver;
}

static void keep_addresses(struct resolver *resolver, const struct evutil_addrinfo *list)
{
        char address[INET6_ADDRSTRLEN];
        size_t n = 0;
        int count = 0;

        for (; list != NULL && count < RESOLVER_ADDRESSES; list = list->ai_next) {
                const void *bytes = &((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_addr;

                if (list->ai_family == AF_INET6)
                        bytes = &((const struct sockaddr_in6 *)(const void *)list->ai_addr)->sin6_addr;
                else if (list->ai_family != AF_INET)
                        continue;
                if (inet_ntop(list->ai_family, bytes, address, sizeof(address)) == NULL)
                        continue;
                n += (size_t)snprintf(resolver->addresses + n, sizeof(resolver->addresses) - n, "%s%s",
                                      count++ > 0 ? "," : "", address);
        }
}

static void on_lookup(int error, struct evutil_addrinfo *list, void *arg)
{
        struct lookup *lookup = arg;
        struct resolver *resolver = lookup->resolver;

        free(lookup);
        if (resolver != NULL) {
                resolver->lookup = NULL;
                if (error == 0)
                        keep_addresses(resolver, list);
        }
        if (list != NULL)
                evutil_freeaddrinfo(list);
        if (resolver == NULL)
                return;
        if (error != 0)
                resolver->on_done(evutil_gai_strerror(error), resolver->arg);
        else
                resolver->on_done(resolver->addresses[0] == '\0' ? "it has no address" : "", resolver->arg);
}

void resolver_start(struct resolver *resolver)
{
        struct evutil_addrinfo hints = {
            .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
        struct evdns_getaddrinfo_request *request;

        CHECK(resolver->lookup == NULL);
        resolver->lookup = xcalloc(1, sizeof(*resolver->lookup));
        resolver->lookup->resolver = resolver;
        request = evdns_getaddrinfo(resolver->dns, resolver->name, NULL, &hints, on_lookup, resolver->lookup);
        if (resolver->lookup != NULL) /* else it was answered on the spot */
                resolver->lookup->request = request;
}

void resolver_cancel(struct resolver *resolver)
{
        struct lookup *lookup = resolver->lookup;

        resolver->lookup = NULL;
        if (lookup == NULL)
                return;
        lookup->resolver = NULL;
        if (lookup->request != NULL)
                evdns_getaddrinfo_cancel(lookup->request);
}

const char *resolver_addresses(const struct resolver *resolver)
{
        return resolver->addresses;
}

void resolver_free(struct resolver *resolver)
{
        if (resolver == NULL)
                return;
        resolver_cancel(resolver);
        free(resolver->name);
        free(resolver);
}

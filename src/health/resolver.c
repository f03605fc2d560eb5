#include "health/resolver.h"

#include "base/check.h"
#include "base/memory.h"
#include "net/names.h"

#include <stdio.h>
#include <stdlib.h>

struct resolver {
        struct names *names;
        char *name;
        resolver_done_fn *on_done;
        void *arg;
        bool looking;
        struct name_ask ask;
        char addresses[RESOLVER_ADDRESSES * INET6_ADDRSTRLEN];
};

static void on_answer(void *arg, const struct name_answer *answer)
{
        struct resolver *resolver = arg;
        char host[INET6_ADDRSTRLEN];
        size_t n = 0;
        int port;

        resolver->looking = false;
        for (int i = 0; i < answer->count && i < RESOLVER_ADDRESSES; i++) {
                address_text(&answer->list[i], host, sizeof(host), &port);
                n += (size_t)snprintf(resolver->addresses + n, sizeof(resolver->addresses) - n, "%s%s",
                                      i > 0 ? "," : "", host);
        }
        resolver->on_done(answer->count == 0 ? answer->why : "", resolver->arg);
}

struct resolver *resolver_new(struct names *names, const char *name, resolver_done_fn *on_done, void *arg)
{
        struct resolver *resolver = xcalloc(1, sizeof(*resolver));

        resolver->names = names;
        resolver->name = xstrdup(name);
        resolver->on_done = on_done;
        resolver->arg = arg;
        resolver->ask = (struct name_ask){.done = on_answer, .arg = resolver};
        return resolver;
}

void resolver_start(struct resolver *resolver)
{
        CHECK(!resolver->looking);
        resolver->looking = true;
        names_ask(resolver->names, resolver->name, &resolver->ask);
}

void resolver_cancel(struct resolver *resolver)
{
        if (resolver->looking)
                names_cancel(&resolver->ask);
        resolver->looking = false;
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

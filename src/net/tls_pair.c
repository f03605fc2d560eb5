#include "net/tls_pair.h"

#include "base/list.h"

#include <stdatomic.h>
#include <stdlib.h>

struct counted {
        struct tls_pair pair;
        atomic_int refs;
};

static enum status make(const struct tls_settings *settings, struct tls_context **out, char *why, size_t size)
{
        if (settings->mode == SSLMODE_DISABLE)
                return STATUS_OK;
        *out = tls_context_new(settings, why, size);
        return *out != NULL ? STATUS_OK : STATUS_INVALID;
}

enum status tls_pair_new(const struct options *opt, struct tls_pair **out, char *why, size_t size)
{
        struct counted *c = xcalloc(1, sizeof(*c));
        struct tls_settings clients = tls_settings_for_clients(opt), servers = tls_settings_for_servers(opt);

        atomic_init(&c->refs, 1);
        *out = &c->pair;
        if (make(&clients, &c->pair.clients, why, size) == STATUS_OK &&
            make(&servers, &c->pair.servers, why, size) == STATUS_OK)
                return STATUS_OK;
        tls_pair_unref(&c->pair);
        *out = NULL;
        return STATUS_INVALID;
}

struct tls_pair *tls_pair_ref(struct tls_pair *pair)
{
        if (pair != NULL)
                atomic_fetch_add(&list_item(pair, struct counted, pair)->refs, 1);
        return pair;
}

void tls_pair_unref(struct tls_pair *pair)
{
        if (pair == NULL || atomic_fetch_sub(&list_item(pair, struct counted, pair)->refs, 1) > 1)
                return;
        tls_context_unref(pair->clients);
        tls_context_unref(pair->servers);
        free(list_item(pair, struct counted, pair));
}

#include "session/proxied.h"

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/options.h"
#include "session/client.h"
#include "session/room.h"
#include "wire/proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>

void proxies_read(struct proxies *proxies, const char *text)
{
        struct sv item;

        proxies_fini(proxies);
        while (option_list_next(&text, &item)) {
                proxies->nets = xrealloc(proxies->nets, (proxies->count + 1) * sizeof(proxies->nets[0]));
                if (sv_is(item, "unix"))
                        proxies->unix_sockets = true;
                else if (ip_net_parse(item, &proxies->nets[proxies->count]))
                        proxies->count++;
        }
}

void proxies_fini(struct proxies *proxies)
{
        free(proxies->nets);
        *proxies = (struct proxies){0};
}

bool proxies_have(const struct proxies *proxies, const struct address *peer)
{
        struct ip ip = ip_unmapped(address_ip(peer));

        if (ip.family == 0)
                return proxies->unix_sockets;
        for (size_t i = 0; i < proxies->count; i++)
                if (ip_net_has(&proxies->nets[i], &ip))
                        return true;
        return false;
}

/* Its header has come: what is known of the client from now on. */
static void apply(struct client *c, const struct proxy_header *h)
{
        switch (h->source) {
        case PROXY_LOCAL: c->origin = ORIGIN_DIRECT; break;
        case PROXY_UNSAID: c->origin = ORIGIN_PROXIED; break;
        case PROXY_TCP:
                c->origin = ORIGIN_PROXIED;
                c->ip = h->client;
                c->port = h->port;
                break;
        }
}

size_t proxied_take(struct client *c, const uint8_t *p, size_t n)
{
        struct proxy_header h;

        switch (proxy_read(p, n, &h)) {
        case STATUS_OK: apply(c, &h); return h.size;
        case STATUS_AGAIN: return 0;
        case STATUS_ABSENT: client_refuse(c, "08P01", PROXIED_EXPECTED); return 0;
        case STATUS_INVALID:
        case STATUS_EOF:
        case STATUS_IO:
        case STATUS_LIMIT:
        case STATUS_DENIED: break;
        }
        client_refuse(c, "08P01", "invalid PROXY protocol header");
        return 0;
}

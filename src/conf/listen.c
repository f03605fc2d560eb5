#include "conf/listen.h"

#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_MAX = 100, PORT_MAX = 65535 };

/* 1 to 65535 in digits; 0: it is not. */
static int port_of(struct sv text)
{
        int port = 0;

        if (text.n == 0 || text.n > 5)
                return 0;
        for (size_t i = 0; i < text.n; i++) {
                if (text.p[i] < '0' || text.p[i] > '9')
                        return 0;
                port = port * 10 + (text.p[i] - '0');
        }
        return port <= PORT_MAX ? port : 0;
}

/* The colon in front of the port; NULL: there is none. */
static const char *last_colon(struct sv text)
{
        for (size_t i = text.n; i > 0; i--)
                if (text.p[i - 1] == ':')
                        return text.p + i - 1;
        return NULL;
}

bool listen_item_parse(struct sv text, struct listen_item *out, char *why, size_t size)
{
        const char *colon = last_colon(text);
        struct sv host = SV("127.0.0.1"), port = text;
        bool brackets;

        if (colon != NULL) {
                host = sv_from(text.p, (size_t)(colon - text.p));
                port = sv_from(colon + 1, text.n - host.n - 1);
        }
        brackets = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
        if (brackets)
                host = sv_from(host.p + 1, host.n - 2);
        out->port = port_of(port);
        if (out->port == 0 || host.n == 0 || host.n >= sizeof(out->host) || *host.p == '[' ||
            memchr(host.p, '/', host.n) != NULL || (memchr(host.p, ':', host.n) != NULL) != brackets) {
                snprintf(
                    why, size,
                    "\"%.*s\" is no address with a port: write 127.0.0.1:9187, [::1]:9187, *:9187 for all "
                    "addresses, or 9187 for this machine alone",
                    (int)(text.n < SHOWN_MAX ? text.n : SHOWN_MAX), text.p);
                return false;
        }
        snprintf(out->host, sizeof(out->host), "%.*s", SV_ARG(host));
        return true;
}

bool listen_item_is_local(const struct listen_item *item)
{
        return strncmp(item->host, "127.", 4) == 0 || strcmp(item->host, "::1") == 0 ||
               strcmp(item->host, "localhost") == 0;
}

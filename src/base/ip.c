#include "base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

bool ip_parse(const char *text, struct ip *out)
{
        *out = (struct ip){0};
        out->family = inet_pton(AF_INET, text, out->bytes) == 1    ? AF_INET
                      : inet_pton(AF_INET6, text, out->bytes) == 1 ? AF_INET6
                                                                   : 0;
        return out->family != 0;
}

const char *ip_text(const struct ip *ip, char out[IP_TEXT_SIZE])
{
        _Static_assert((int)IP_TEXT_SIZE == (int)INET6_ADDRSTRLEN, "the longest");
        return ip->family != 0 ? inet_ntop(ip->family, ip->bytes, out, IP_TEXT_SIZE) : "unix";
}

struct ip ip_unmapped(struct ip ip)
{
        static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
        struct ip inner = {.family = AF_INET};

        if (ip.family != AF_INET6 || memcmp(ip.bytes, prefix, sizeof(prefix)) != 0)
                return ip;
        memcpy(inner.bytes, ip.bytes + sizeof(prefix), 4);
        return inner;
}

size_t ip_size(int family)
{
        return family == AF_INET ? 4 : 16;
}

static void set_bits(struct ip_net *net, size_t bits)
{
        for (size_t i = 0; i < bits; i++)
                net->mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

bool ip_net_set_prefix(struct ip_net *net, const char *prefix)
{
        size_t n = strspn(prefix, "0123456789"), bits;

        if (n == 0 || n > 3 || prefix[n] != '\0')
                return false;
        bits = strtoul(prefix, NULL, 10);
        if (bits > 8 * ip_size(net->ip.family))
                return false;
        set_bits(net, bits);
        return true;
}

bool ip_net_parse(struct sv text, struct ip_net *out)
{
        char copy[INET6_ADDRSTRLEN + sizeof("/128")], *slash;

        *out = (struct ip_net){0};
        if (text.n >= sizeof(copy) || memchr(text.p, '\0', text.n) != NULL)
                return false;
        memcpy(copy, text.p, text.n);
        copy[text.n] = '\0';
        slash = strchr(copy, '/');
        if (slash != NULL)
                *slash = '\0';
        if (!ip_parse(copy, &out->ip))
                return false;
        if (slash != NULL)
                return ip_net_set_prefix(out, slash + 1);
        set_bits(out, 8 * ip_size(out->ip.family));
        return true;
}

bool ip_net_is_stray(const struct ip_net *net)
{
        for (size_t i = 0; i < ip_size(net->ip.family); i++)
                if ((net->ip.bytes[i] & ~net->mask[i]) != 0)
                        return true;
        return false;
}

bool ip_net_has(const struct ip_net *net, const struct ip *ip)
{
        if (net->ip.family != ip->family)
                return false;
        for (size_t i = 0; i < sizeof(net->mask); i++)
                if ((ip->bytes[i] & net->mask[i]) != net->ip.bytes[i])
                        return false;
        return true;
}

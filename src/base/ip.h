/* ip: IPv4 and IPv6 addresses as bytes, and networks of them. Pure; knows no sockets and no names. */
#pragma once

#include "base/sv.h"

struct ip {
        int family; /* AF_INET, AF_INET6, or 0: none */
        uint8_t bytes[16];
};

/* All addresses that are `ip` where the mask's bits are set. */
struct ip_net {
        struct ip ip;
        uint8_t mask[16];
};

/* "127.0.0.1" or "::1", as it is written. False: neither; then out->family is 0. */
bool ip_parse(const char *text, struct ip *out);

/* "127.0.0.1"; "unix" for none. Returns what has been written, perhaps elsewhere. */
enum { IP_TEXT_SIZE = 46 /* INET6_ADDRSTRLEN */ };
const char *ip_text(const struct ip *ip, char out[IP_TEXT_SIZE]);

/* The address that counts: an IPv4 address inside an IPv6 one is what it is. */
struct ip ip_unmapped(struct ip ip);

/* Bytes of an address of this family: 4 or 16. */
size_t ip_size(int family);

/* The prefix behind the slash: "8". False: it is no number, or beyond the address's bits. */
bool ip_net_set_prefix(struct ip_net *net, const char *prefix);

/* "10.0.0.0/8"; an address alone is a network of one. False: it is neither. */
bool ip_net_parse(struct sv text, struct ip_net *out);

/* Whether the address has bits that its mask does not: then nobody is in the network. */
bool ip_net_is_stray(const struct ip_net *net);

bool ip_net_has(const struct ip_net *net, const struct ip *ip);

/* proxied: connections that come through a load balancer, which says with a PROXY header (wire/proxy.h) who
 * its client is. Whoever proxy_protocol_from names must send one, before anything else; nobody else may, or
 * anybody could choose what address he comes from. */
#pragma once

#include "base/ip.h"
#include "net/address.h"

struct client;
struct room;

/* proxy_protocol_from, as read. */
struct proxies {
        bool unix_sockets;
        struct ip_net *nets;
        size_t count;
};

/* Takes the option's text, which has been found to be right. */
void proxies_read(struct proxies *proxies, const char *text);
void proxies_fini(struct proxies *proxies);

/* Whether who connects from there is one of them. */
bool proxies_have(const struct proxies *proxies, const struct address *peer);

/* ORIGIN_AWAITED: the first bytes of a connection. Returns how many were used; 0: more must come, or it is
 * closed. */
size_t proxied_take(struct client *c, const uint8_t *p, size_t n);

/* What a proxy that sends no header is told; -R knows the old process's trust by it. */
#define PROXIED_EXPECTED "PROXY protocol header expected"

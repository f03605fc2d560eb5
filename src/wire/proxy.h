/* proxy: the header of the PROXY protocol, versions 1 and 2, in which a load balancer says on whose behalf it
 * has opened a connection (HAProxy's proxy-protocol.txt). It comes before everything else, once. Pure.
 *
 *     1   PROXY TCP4 192.0.2.1 198.51.100.7 56324 6432 CR LF       at most 107 bytes
 *     2   | signature: 12 bytes | version, command | family, transport | length: 2 bytes | addresses | TLVs |
 *
 * Of the TLVs only a checksum is looked at; where there is one it must be right. */
#pragma once

#include "base/ip.h"
#include "base/status.h"

enum {
        PROXY_V1_MAX = 107,
        PROXY_V2_HEAD = 16,
        PROXY_V2_MAX = PROXY_V2_HEAD + UINT16_MAX,
};

enum proxy_source {
        PROXY_LOCAL,  /* the proxy's own connection, as for a health check: its two ends are the true ones */
        PROXY_UNSAID, /* for somebody whose address it cannot tell: UNKNOWN, UNSPEC, a Unix socket, UDP */
        PROXY_TCP,    /* for `client` and `port` */
};

struct proxy_header {
        size_t size;
        enum proxy_source source;
        struct ip client; /* PROXY_TCP only; an IPv4 address inside an IPv6 one is given as what it is */
        int port;
};

/* STATUS_AGAIN: it may be one, and more bytes are needed. STATUS_ABSENT: these bytes begin no header.
 * STATUS_INVALID: one that breaks the rules, or whose checksum is wrong. */
MUST_USE enum status proxy_read(const uint8_t *p, size_t n, struct proxy_header *out);

/* Whether the bytes, whole or cut, begin as one. */
bool proxy_begins(const uint8_t *p, size_t n);

/* The header of a connection for oneself: version 2, LOCAL, nothing else. */
extern const uint8_t proxy_local_header[PROXY_V2_HEAD];

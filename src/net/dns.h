/* dns: questions to /etc/hosts and to name servers, asked by c-ares on the loop: what the system's files say
 * (resolv.conf, nsswitch.conf, hosts) counts, and the hosts file is read anew for each question. Keeps no
 * answer: net/names.h does. Owner and thread: the loop's. */
#pragma once

#include "net/address.h"
#include "net/loop.h"

enum { DNS_ADDRESSES_MAX = 64 /* of one name; more are not looked at */ };

struct dns;

/* `resolv_conf` "": /etc/resolv.conf. Beyond what is usual there, `nameserver 192.0.2.1:5353` names a port.
 */
struct dns *dns_new(struct loop *loop, const char *resolv_conf);

/* Answers what is still open, with an error. NULL is allowed. */
void dns_free(struct dns *dns);

/* How an answer is given: once, perhaps from within the question. `error` 0: it was found; else what was
 * asked for is not there, and dns_error_text(error) says why. */
typedef void dns_addresses_fn(void *arg, int error, const struct address *list, int count);
typedef void dns_name_fn(void *arg, int error, const char *name);
typedef void dns_serial_fn(void *arg, int error, uint32_t serial);

/* The IPv4 and IPv6 addresses of a host: each once, in the name server's order, with port 0. */
void dns_ask_addresses(struct dns *dns, const char *name, dns_addresses_fn *done, void *arg);

/* The name of the host at an address of TCP. */
void dns_ask_name(struct dns *dns, const struct address *address, dns_name_fn *done, void *arg);

/* The serial of a zone, from its SOA record. */
void dns_ask_serial(struct dns *dns, const char *zone, dns_serial_fn *done, void *arg);

const char *dns_error_text(int error);

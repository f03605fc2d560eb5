/* fake_dns: a name server of a test: UDP on a free port of 127.0.0.1, on the test's own loop. Gives every
 * name the same answer. */
#pragma once

#include "net/loop.h"

#include <event2/event_struct.h>

struct fake_dns {
        int fd, port;
        struct event event;
        const char *addresses[4]; /* IPv4, of every name; all NULL: there is no such name */
        const char *host;         /* the name of every address; NULL: it has none */
        uint32_t serial;          /* of every zone; 0: it is none */
        bool silent;              /* it takes questions and answers none */
        int asked;                /* questions for IPv4 addresses so far */
        int asked_serials;
};

void fake_dns_open(struct fake_dns *dns, struct loop *loop);
void fake_dns_close(struct fake_dns *dns);

/* A resolv.conf that names it; the path, good until the process ends. */
const char *fake_dns_file(const struct fake_dns *dns);

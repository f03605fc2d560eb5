#include "net/fake_dns.h"

#include "base/check.h"
#include "conf/files.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 12, TYPE_A = 1, RCODE_NO_NAME = 3 };

/* The question as it came, and behind it a record for each address. Returns the size, 0: no question. */
static size_t answer(struct fake_dns *dns, uint8_t *m, size_t n, size_t room)
{
        static const uint8_t record[] = {0xc0, HEAD, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4};
        size_t at = HEAD;
        int count = 0;

        while (at < n && m[at] != 0)
                at += m[at] + 1U;
        if (at + 5 > n)
                return 0;
        m[2] |= 0x80; /* a response */
        m[3] = dns->addresses[0] == NULL ? RCODE_NO_NAME : 0;
        memset(m + 6, 0, 6);
        if (m[at + 2] != TYPE_A)
                return at + 5;
        dns->asked++;
        at += 5;
        for (; count < 4 && dns->addresses[count] != NULL && at + sizeof(record) + 4 <= room; count++) {
                memcpy(m + at, record, sizeof(record));
                at += sizeof(record);
                CHECK(inet_pton(AF_INET, dns->addresses[count], m + at) == 1);
                at += 4;
        }
        m[7] = (uint8_t)count;
        return at;
}

static void on_question(evutil_socket_t fd, short what, void *arg)
{
        struct fake_dns *dns = arg;
        struct sockaddr_in from;
        socklen_t size = sizeof(from);
        uint8_t message[512];
        ssize_t n = recvfrom(fd, message, sizeof(message), 0, (struct sockaddr *)&from, &size);
        size_t length;

        (void)what;
        if (n < HEAD)
                return;
        length = answer(dns, message, (size_t)n, sizeof(message));
        if (length > 0 && !dns->silent)
                (void)sendto(fd, message, length, 0, (struct sockaddr *)&from, size);
}

void fake_dns_open(struct fake_dns *dns, struct loop *loop)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(at);

        *dns = (struct fake_dns){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
        CHECK(dns->fd >= 0 && bind(dns->fd, (struct sockaddr *)&at, size) == 0);
        CHECK(getsockname(dns->fd, (struct sockaddr *)&at, &size) == 0);
        dns->port = ntohs(at.sin_port);
        event_assign(&dns->event, loop->base, dns->fd, EV_READ | EV_PERSIST, on_question, dns);
        event_add(&dns->event, NULL);
}

void fake_dns_close(struct fake_dns *dns)
{
        event_del(&dns->event);
        close(dns->fd);
}

const char *fake_dns_file(const struct fake_dns *dns)
{
        char text[64];

        snprintf(text, sizeof(text), "nameserver 127.0.0.1:%d\noptions timeout:1 attempts:1\n", dns->port);
        return files_write("resolv.conf", text);
}

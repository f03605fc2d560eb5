#include "net/fake_dns.h"

#include "base/check.h"
#include "conf/files.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 12, TYPE_A = 1, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_AAAA = 28, RCODE_NO_NAME = 3 };

/* Adds a record about the name in question. Returns its end. */
static uint8_t *add_record(uint8_t *message, uint8_t *at, uint8_t type, const void *data, size_t n)
{
        const uint8_t head[] = {0xc0, HEAD, 0, type, 0, 1, 0, 0, 0, 60, 0, (uint8_t)n};

        memcpy(at, head, sizeof(head));
        memcpy(at + sizeof(head), data, n);
        message[7]++;
        return at + sizeof(head) + n;
}

static uint8_t *add_addresses(const struct fake_dns *dns, uint8_t *message, uint8_t *at)
{
        for (int i = 0; i < 4 && dns->addresses[i] != NULL; i++) {
                uint8_t address[4];

                CHECK(inet_pton(AF_INET, dns->addresses[i], address) == 1);
                at = add_record(message, at, TYPE_A, address, sizeof(address));
        }
        return at;
}

/* Two names, both the one in question, and the serial is the first of five numbers. */
static uint8_t *add_serial(const struct fake_dns *dns, uint8_t *message, uint8_t *at)
{
        uint8_t data[24] = {0xc0, HEAD, 0xc0, HEAD};

        for (int i = 0; i < 4; i++)
                data[4 + i] = (uint8_t)(dns->serial >> (24 - 8 * i));
        return add_record(message, at, TYPE_SOA, data, sizeof(data));
}

static uint8_t *add_host(const struct fake_dns *dns, uint8_t *message, uint8_t *at)
{
        uint8_t data[128];
        size_t n = 0;

        for (const char *label = dns->host; *label != '\0';) {
                size_t size = strcspn(label, ".");

                CHECK(n + size + 2 <= sizeof(data));
                data[n++] = (uint8_t)size;
                memcpy(data + n, label, size);
                n += size;
                label += size + (label[size] == '.');
        }
        data[n++] = 0;
        return add_record(message, at, TYPE_PTR, data, n);
}

/* The question as it came, and the records behind it. `m` has room for them. Returns the size, 0: no
 * question. */
static size_t answer(struct fake_dns *dns, uint8_t *m, size_t n)
{
        size_t question = HEAD;
        uint8_t *at;

        while (question < n && m[question] != 0)
                question += m[question] + 1U;
        if (question + 5 > n)
                return 0;
        at = m + question + 5;
        m[2] |= 0x80; /* a response */
        m[3] = 0;
        memset(m + 6, 0, 6);
        switch (m[question + 2]) {
        case TYPE_A:
                dns->asked++;
                at = add_addresses(dns, m, at);
                break;
        case TYPE_SOA:
                dns->asked_serials++;
                if (dns->serial != 0)
                        at = add_serial(dns, m, at);
                break;
        case TYPE_PTR:
                if (dns->host != NULL)
                        at = add_host(dns, m, at);
                else
                        m[3] = RCODE_NO_NAME;
                break;
        default: break;
        }
        if (dns->addresses[0] == NULL && (m[question + 2] == TYPE_A || m[question + 2] == TYPE_AAAA))
                m[3] = RCODE_NO_NAME;
        return (size_t)(at - m);
}

static void on_question(evutil_socket_t fd, short what, void *arg)
{
        struct fake_dns *dns = arg;
        struct sockaddr_in from;
        socklen_t size = sizeof(from);
        uint8_t message[1024];
        ssize_t n = recvfrom(fd, message, 512, 0, (struct sockaddr *)&from, &size);
        size_t length;

        (void)what;
        if (n < HEAD)
                return;
        length = answer(dns, message, (size_t)n);
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

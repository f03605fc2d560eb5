#include "cluster/node.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static atomic_int wake = -1;

struct node *node_new(const char *host, int port)
{
        bool ipv6 = strchr(host, ':') != NULL && strchr(host, ',') == NULL;
        size_t n = strlen(host) + 1, name_size = n + sizeof("[]:-2147483648");
        struct node *node = xcalloc(1, sizeof(*node) + n + name_size);
        char *texts = (char *)(node + 1);

        node->host = memcpy(texts, host, n);
        node->port = port;
        snprintf(texts + n, name_size, ipv6 ? "[%s]:%d" : "%s:%d", host, port);
        node->name = texts + n;
        return node;
}

void node_report(struct node *node, enum evidence seen)
{
        if (atomic_fetch_or(&node->evidence, (uint32_t)seen) == 0)
                node_wake();
}

void node_wish(struct node *node, enum node_wish wish)
{
        atomic_store(&node->wish, wish);
        node_wake();
}

void node_wake(void)
{
        const uint64_t one = 1;
        int fd = atomic_load_explicit(&wake, memory_order_relaxed);
        ssize_t ignored;

        if (fd < 0)
                return;
        ignored = write(fd, &one, sizeof(one)); /* a full counter means that the bell rings already */
        (void)ignored;
}

uint32_t node_take_evidence(struct node *node)
{
        return atomic_exchange(&node->evidence, 0);
}

void node_wake_by(int wake_fd)
{
        atomic_store(&wake, wake_fd);
}

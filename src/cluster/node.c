#include "cluster/node.h"

#include "base/check.h"
#include "base/memory.h"

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
        if ((seen & (EVIDENCE_REFUSED | EVIDENCE_LOST | EVIDENCE_SHUTDOWN)) != 0)
                atomic_fetch_add_explicit(&node->run, 1, memory_order_release);
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

void node_measure(struct node *node, int64_t latency_us, int64_t now_us)
{
        int64_t old = atomic_load_explicit(&node->latency_us, memory_order_relaxed), next;

        latency_us = latency_us < 1 ? 1 : latency_us > UINT32_MAX ? UINT32_MAX : latency_us;
        /* It comes down faster than it goes up: what a new connection costs is soon forgotten. */
        next = old == 0 ? latency_us : old + (latency_us - old) / (latency_us < old ? 4 : 8);
        /* What is left of a small difference would never go. */
        if (next == old && latency_us != old)
                next += latency_us > old ? 1 : -1;
        atomic_store_explicit(&node->latency_us, (uint32_t)next, memory_order_relaxed);
        atomic_store_explicit(&node->measured_us, now_us, memory_order_relaxed);
}

uint32_t node_take_evidence(struct node *node)
{
        return atomic_exchange(&node->evidence, 0);
}

void node_wake_by(int wake_fd)
{
        atomic_store(&wake, wake_fd);
}

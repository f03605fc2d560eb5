/* node: one PostgreSQL instance, known by its address, and the live numbers all threads share about it.
 *
 * Created by the registry (cluster/cluster.h), lives as long as the process: pointers to it are safe in every
 * thread. "Identity" never changes; "live" is atomics and nothing else. Sends nothing, opens nothing. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What a worker saw of a node while it served traffic. Bits; health reads and clears them. */
enum evidence {
        EVIDENCE_REFUSED = 1 << 0,   /* connect failed */
        EVIDENCE_LOST = 1 << 1,      /* a working connection broke */
        EVIDENCE_SHUTDOWN = 1 << 2,  /* 57P01, 57P02, 57P03 */
        EVIDENCE_READ_ONLY = 1 << 3, /* 25006 from the node believed primary */
        EVIDENCE_RECOVERY = 1 << 4,  /* in_hot_standby report that contradicts the topology */
};

/* What an operator wants of a node, whatever it says of itself. */
enum node_wish {
        WISH_NONE,
        WISH_DRAIN, /* no new work; what runs may end */
        WISH_FENCE, /* nothing at all, at once */
        WISH_YIELD, /* a primary: no new work, until another one is there; what runs may end */
};

struct node {
        /* identity */
        const char *name; /* "host:port", "[address]:port" for IPv6; for people and as the key */
        const char *host; /* name, address, or a unix socket's directory; of a plain line all its hosts */
        int port;

        /* live: written by workers */
        _Atomic uint32_t in_flight;     /* transactions on this node now */
        _Atomic uint32_t waiting;       /* those that wait for a connection to it */
        _Atomic uint32_t evidence;      /* enum evidence bits not yet looked at */
        _Atomic uint64_t reads, writes; /* transactions sent here so far */
        _Atomic uint32_t latency_us;    /* of reads, from a server's lease to the answer: a moving average */
        _Atomic int64_t measured_us;    /* when that was (clock_us) */

        /* live: written by the console */
        _Atomic int wish; /* enum node_wish */

        /* live: written by both */
        _Atomic uint32_t run; /* raised whenever the server may have been restarted: what it shows may lie
                                 before what it has shown */

        /* live: written by health */
        _Atomic int64_t fresh_us; /* all that was committed before this moment (clock_us) is visible here;
                                     0: unknown. INT64_MAX for the primary. */
        _Atomic uint64_t lsn;     /* the primary's insert position, a standby's replayed one, as last
                                     answered; 0: unknown */
        _Atomic int64_t asked_us; /* when that was asked (clock_us), at the latest: stored after lsn */
};

/* A node for `host` and `port`, in one allocation. Never freed: workers hold pointers to it for as long as
 * the process lives. */
struct node *node_new(const char *host, int port);

/* Says what was seen, from any thread, and wakes health (see cluster_hooks). Never blocks. The bell rings
 * once for any number of reports until somebody takes them. */
void node_report(struct node *node, enum evidence seen);

/* A read has been answered. A measurement that another thread takes at the same moment may be lost. */
void node_measure(struct node *node, int64_t latency_us, int64_t now_us);

/* Health: the bits reported since the last call, which are now looked at. */
uint32_t node_take_evidence(struct node *node);

/* Says what an operator wants, from any thread, and wakes health. */
void node_wish(struct node *node, enum node_wish wish);

/* The eventfd that node_report writes to; -1: none. For cluster_hooks alone. */
void node_wake_by(int wake_fd);

/* Writes to it. */
void node_wake(void);

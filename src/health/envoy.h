/* envoy: says single statements to one node, over a connection of its own, as the monitoring user: for the
 * console, which does not know libpq. What they mean is its business.
 *
 * One at a time, with a deadline, never blocking. Owner and thread: the control thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cluster;
struct envoy;

enum { ENVOY_COLUMNS = 6 };

struct message {
        bool good;
        bool unsure;                        /* not good, and the server may have done it all the same */
        const char *why;                    /* not good: one sentence */
        const char *columns[ENVOY_COLUMNS]; /* good: of the first row, "" where there is nothing */
};

/* Called from the loop, never from within these functions; *message is good until it returns. It may end the
 * envoy. */
typedef void envoy_heard_fn(void *arg, const struct message *message);

/* For node `i` of a cluster that is monitored; NULL when it is not. */
struct envoy *envoy_new(const struct cluster *cluster, int i, envoy_heard_fn *heard, void *arg);

/* Not while an answer is awaited, which comes within `timeout_us`. */
void envoy_say(struct envoy *envoy, const char *sql, int64_t timeout_us);

/* Ends it; nothing is heard any more. NULL is allowed. */
void envoy_free(struct envoy *envoy);

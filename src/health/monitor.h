/* monitor: watches one cluster: asks its nodes, keeps what they said, lets elect() decide, publishes what
 * changed.
 *
 * The glue between probes and the pure parts; what it decides itself is only when to ask. Owner and thread:
 * the control thread. */
#pragma once

#include "health/probe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cluster;
struct conf;
struct conf_database;
struct failover;
struct monitor;
struct topology;

/* Starts to watch `cluster` as `line` (its first line in conf) says. `cluster` outlives it. */
struct monitor *monitor_new(struct event_base *base, struct names *names, struct cluster *cluster);

/* Follows the configuration; connections are made anew only when the login or what it says of TLS changed.
 * Keeps nothing of conf. Called once after monitor_new, too. */
void monitor_configure(struct monitor *monitor, const struct conf *conf, const struct conf_database *line);

/* The bell rang: takes the nodes' evidence and asks where there is some; sees whether somebody wants
 * freshness. */
void monitor_wake(struct monitor *monitor);

/* The last view with the latest numbers; borrowed, changes with every answer. */
const struct topology *monitor_view(const struct monitor *monitor);

/* Another connection to node `i`, as whom and how the monitor itself asks; the caller's. */
struct probe *monitor_probe(const struct monitor *monitor, int i, probe_answer_fn *on_heard, void *arg);

/* The i-th failover that is known, the oldest first. False: there is none. */
bool monitor_failover(const struct monitor *monitor, size_t i, struct failover *out);

/* How many there were ever. */
size_t monitor_failovers(const struct monitor *monitor);

/* Ends it; nodes lose their freshness. NULL is allowed. */
void monitor_free(struct monitor *monitor);

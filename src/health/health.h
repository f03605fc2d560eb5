/* health: finds out which node is what, and says so by publishing topologies (cluster/cluster.h).
 *
 * One monitoring connection per node (libpq, non-blocking) on the control loop. Probes and traffic evidence
 * go into pure functions (health/elect.h, health/ring.h); this file only moves bytes and timers. It never
 * touches client traffic. Owner and thread: the control thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct catalog_home;
struct catalog_maker;
struct catalog_status;
struct cluster;
struct conf;
struct conf_host;
struct failover;
struct health;
struct loop;
struct topology;

/* Once, before there are threads: libpq will take nothing from the environment (health/libpq.h). */
void health_prepare(void);

/* Starts monitoring every probed cluster of `conf` on `loop`, and reading the catalogs of their databases.
 * `wake_fd`: the eventfd of cluster_hooks. `maker`: NULL, no catalogs are read. Keeps its own reference to
 * conf. */
struct health *health_new(struct loop *loop, struct conf *conf, int wake_fd,
                          const struct catalog_maker *maker);

/* From now on `changed` is told when Patroni has other members for some line than before; conf_with_members
 * then makes a configuration of them with health_members, whose arg is the struct health. */
void health_watch_members(struct health *health, void (*changed)(void *arg), void *arg);
int health_members(void *health, const char *patroni, struct conf_host *hosts);

/* Follows a new configuration: new clusters are monitored, vanished ones are not any more. */
void health_configure(struct health *health, struct conf *conf);

/* Copies the present view of `cluster` to *out, for SHOW: what is published, with the numbers (LSN, lag) of
 * the last answers. For a cluster that is not probed: what is published. Control thread. */
void health_snapshot(struct cluster *cluster, struct topology *out);

/* The i-th failover of the cluster that is known (health/history.h), the oldest first. False: there is none.
 * Control thread. */
bool health_failover(struct cluster *cluster, size_t i, struct failover *out);

/* How many there were ever. Control thread. */
size_t health_failovers(const struct cluster *cluster);

/* Closes all connections and frees. NULL is allowed. */
void health_free(struct health *health);

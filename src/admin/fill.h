/* fill: the functions that fill the console's tables, for shows.c alone. Each writes the columns that shows.c
 * gives its table. */
#pragma once

#include "admin/scene.h"
#include "admin/table.h"

/* fill_sockets.c */
void fill_clients(struct table *t, const struct scene *s);
void fill_servers(struct table *t, const struct scene *s);
void fill_sockets(struct table *t, const struct scene *s);
void fill_active_sockets(struct table *t, const struct scene *s);
void fill_sessions(struct table *t, const struct scene *s);

/* fill_pools.c */
void fill_pools(struct table *t, const struct scene *s);
void fill_extended_pools(struct table *t, const struct scene *s);
void fill_databases(struct table *t, const struct scene *s);
void fill_users(struct table *t, const struct scene *s);
void fill_lists(struct table *t, const struct scene *s);

/* fill_memory.c */
void fill_mem(struct table *t, const struct scene *s);
size_t count_spare_clients(const struct scene *s);

/* fill_peers.c */
void fill_peers(struct table *t, const struct scene *s);
void fill_peer_pools(struct table *t, const struct scene *s);
size_t count_peer_pools(const struct scene *s);

/* fill_names.c */
void fill_dns_hosts(struct table *t, const struct scene *s);
void fill_dns_zones(struct table *t, const struct scene *s);
size_t count_dns_names(const struct scene *s);
size_t count_dns_zones(const struct scene *s);
size_t count_dns_lookups(const struct scene *s);

/* fill_holds.c */
void fill_holds(struct table *t, const struct scene *s);

/* fill_prepared.c */
void fill_prepared_statements(struct table *t, const struct scene *s);

/* fill_stats.c */
void fill_stats(struct table *t, const struct scene *s);
void fill_stats_totals(struct table *t, const struct scene *s);
void fill_stats_averages(struct table *t, const struct scene *s);
void fill_totals(struct table *t, const struct scene *s);
void fill_routes(struct table *t, const struct scene *s);
void fill_latency(struct table *t, const struct scene *s);
void fill_latency_buckets(struct table *t, const struct scene *s);
void fill_queries(struct table *t, const struct scene *s);

/* fill_alerts.c */
void fill_alerts(struct table *t, const struct scene *s);

/* fill_conf.c */
void fill_all(struct table *t, const struct scene *s);
void fill_config(struct table *t, const struct scene *s);
void fill_version(struct table *t, const struct scene *s);
void fill_state(struct table *t, const struct scene *s);

/* fill_cluster.c */
void fill_nodes(struct table *t, const struct scene *s);
void fill_topology(struct table *t, const struct scene *s);
void fill_failovers(struct table *t, const struct scene *s);
void fill_learned(struct table *t, const struct scene *s);
void fill_catalog(struct table *t, const struct scene *s);

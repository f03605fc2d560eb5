/* database: the lines of [databases] and [peers]: what a line says, and whether that makes it a cluster.
 * Pure.
 *
 * A line is a cluster, probed and routed, when it has a list of ports or one of pgsteer's keys for routing,
 * and under [pgsteer] also when it has a list of hosts. Else it is PgBouncer's: equal hosts that nobody asks
 * anything.
 */
#pragma once

#include "base/arena.h"
#include "conf/conf.h"

struct line;
struct report;
struct database_entry;

/* The lines read so far. Zeroed at first; malloc'd; database_list_release. */
struct database_list {
        struct database_entry *items;
        size_t count, cap;
};

/* Reads one line of [databases]; its report gets the mistakes. `unix_socket_dir` is where the servers are of
 * a line without host=. */
void database_read(struct database_list *list, const struct line *line, const char *text,
                   const char *unix_socket_dir);

/* The lines, by name, in `arena`. A name that has two lines goes to `report`, as an error, or under
 * [pgbouncer] as a warning: the last one counts there. */
struct conf_database *database_list_finish(struct database_list *list, struct arena *arena,
                                           struct report *report, size_t *count);
void database_list_release(struct database_list *list);

/* Reads one line of [peers] into *peer. False when there was a mistake, which the line's report has. */
bool peer_read(const struct line *line, const char *text, struct conf_peer *peer);

/* The rows of the keys a line of [databases] can have. */
const struct option_info *database_keys(size_t *count);

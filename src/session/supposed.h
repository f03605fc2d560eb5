/* supposed: a session that is not there, for those who ask where its statements would go (EXPLAIN ROUTE,
 * --explain): its user, and what it has set of all that has a say in that. */
#pragma once

#include "cluster/cluster.h"
#include "conf/conf.h"
#include "router/explain.h"
#include "session/said.h"

struct refusal;

struct supposed {
        char user[128]; /* empty: nobody in particular */
        struct said said;
        unsigned lexing; /* enum classify_options */
        struct settings_table table;
        struct settings *settings;
};

void supposed_init(struct supposed *s);
void supposed_fini(struct supposed *s);

/* The user, where `name` is "user", else a setting. False: it has no say in routes, or not this value; *r is
 * the ERROR (42704, 22023). */
MUST_USE bool supposed_set(struct supposed *s, const char *name, const char *value, struct refusal *r);

/* What it and the configuration say. Topology, rules and lessons are the caller's to add, and `cluster` is
 * that of `line`. Borrows `s`. */
struct explain_by supposed_by(const struct supposed *s, const struct conf *conf,
                              const struct conf_database *line, struct cluster *cluster);

/* login: as whom the health checker logs in at a cluster's nodes, and what it demands of them, by what the
 * configuration says: as the servers of the line do. Pure. */
#pragma once

#include "health/probe.h"

struct conf;
struct conf_database;

/* Fills *target, of which host and port are said, for a cluster that `line` is the first line of. All is
 * borrowed from conf.
 *     user      health_check_user, else the line's user, else its auth_user, else auth_user, else "postgres"
 *     password  health_check_password, else the line's, unless that is for another user, else the user's
 *               secret in auth_file if it is a plain one, else what passfile has, else NULL
 *     dbname    where NULL: health_check_dbname, else the line's, else the line's name, "postgres" for "*"
 *     trust     health/trust.h */
void login_choose(const struct conf *conf, const struct conf_database *line, struct probe_target *target);

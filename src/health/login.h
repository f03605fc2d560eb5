/* login: as whom the health checker logs in to a cluster's nodes, by what the configuration says. Pure. */
#pragma once

#include "health/probe.h"

struct conf;
struct conf_database;

/* Fills user, password and dbname of *target for a cluster that `line` is the first line of. All are borrowed
 * from conf. user:     health_check_user, else the line's user, else the line's auth_user, else auth_user,
 * else "postgres" password: health_check_password, else the line's password if the user is the line's, else
 * the user's secret in auth_file if it is a plain one, else NULL dbname:   health_check_dbname, else the
 * line's dbname, else its name, "postgres" for "*" */
void login_choose(const struct conf *conf, const struct conf_database *line, struct probe_target *target);

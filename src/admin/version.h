/* version: what the console says it is. PgBouncer's version comes first: exporters and dashboards choose
 * their queries by it; the release is the one whose commands and columns we have. */
#pragma once

#define PGBOUNCER_RELEASE      "1.25.2"
#define CONSOLE_VERSION        "PgBouncer " PGBOUNCER_RELEASE " (pgsteer " PGSTEER_VERSION ")"
#define CONSOLE_VERSION_NUM    "12502" /* of CONSOLE_SERVER_VERSION, as libpq makes it */
#define CONSOLE_SERVER_VERSION PGBOUNCER_RELEASE "/bouncer"

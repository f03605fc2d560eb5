/* conf: one configuration, read whole, checked whole, then immutable.
 *
 * A file is pgbouncer.ini's format or ours (section [pgsteer] instead of [pgbouncer]: other defaults, sane
 * value forms). A conf is counted; every thread holds its own reference and swaps it when a letter tells it
 * that there is a newer one. Reads files; opens no sockets. */
#pragma once

#include "base/status.h"
#include "conf/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
        CONF_HOSTS_MAX = 64,
        CONF_WEIGHT_MAX = 1000,
        CONF_NODES_MAX = 16, /* of a cluster */
        CONF_TLS_MIN = 2,    /* ssl_min_protocol_version where no line says it: 1.2 */
};

struct conf_host {
        const char *host; /* name, address, "/dir" (unix socket directory) or "@dir" (abstract) */
        int port;
        int weight;       /* 1 to CONF_WEIGHT_MAX: its share of a cluster's reads */
        const char *zone; /* NULL: not said */
};

/* What a line says of TLS, in libpq's words: values of its enums in keys.def, -1 and NULL where it does not.
 */
struct conf_tls {
        int sslmode; /* enum sslmode */
        int sslnegotiation /* 1: direct */, sslsni;
        int ssl_min_protocol_version, ssl_max_protocol_version; /* 0: 1.0, ... 3: 1.3 */
        const char *sslrootcert, *sslcert, *sslkey, *sslcrl;
};

/* A line of [databases]. Numbers are -1 and strings NULL where the line does not say; under [pgbouncer] also
 * where it says a time of 0, which is what PgBouncer makes of it. */
struct conf_database {
        const char *name; /* "*" is the fallback */
        const char *dbname;
        struct conf_host hosts[CONF_HOSTS_MAX];
        int host_count;
        bool local;   /* no host=: hosts[0] is unix_socket_dir, and SHOW DATABASES shows no host */
        bool cluster; /* probed and routed; else the hosts are equal and nobody asks them anything */
        enum target_attrs target;
        const char *user, *password; /* forced user */
        const char *auth_user, *auth_query, *auth_dbname;
        int pool_size, min_pool_size, reserve_pool_size, pool_mode /* enum pool_mode or -1 */;
        int max_db_connections, max_db_client_connections;
        int load_balance_hosts; /* 0 disable, 1 round-robin (also when the line does not say) */
        int64_t server_lifetime_us, query_wait_timeout_us;
        int consistency;               /* enum consistency or -1 */
        int commit_outcome;            /* 0, 1 or -1 */
        int transaction_split;         /* 0, 1 or -1 */
        int64_t max_standby_lag_us;    /* or -1 */
        int64_t max_standby_lag_bytes; /* or -1 */
        int channel_binding;           /* enum channel_binding or -1 */
        const char *patroni;           /* urls_next takes it apart; NULL: the hosts are as the line says */
        const char *connect_query, *client_encoding, *datestyle, *timezone, *application_name;
        struct conf_tls tls;
        int line; /* in the file, for messages */
};

/* A user: from auth_file (secret) and from [users] (limits). Numbers are -1 where nothing is said. */
struct conf_user {
        const char *name;
        const char *secret; /* plain, "md5...", "SCRAM-SHA-256$..."; NULL when only [users] names the user */
        int pool_mode, pool_size, reserve_pool_size, max_user_connections, max_user_client_connections;
        int64_t query_timeout_us, query_wait_timeout_us, idle_transaction_timeout_us, transaction_timeout_us,
            client_idle_timeout_us;
        int consistency;    /* enum consistency or -1 */
        int commit_outcome; /* 0, 1 or -1 */
        int target;         /* enum target_attrs or -1 */
        bool admin, stats;  /* listed in admin_users, stats_users */
        bool listed;        /* and not only there: PgBouncer knows it, SHOW USERS shows it */
};

struct conf_peer {
        int peer_id;
        struct conf_host host;
        int pool_size;
        struct conf_tls tls; /* without sslmode: none */
};

/* A line of passfile: "host:port:database:user:..." as it stands there, and the password. */
struct conf_passline {
        const char *pattern, *password;
};

struct conf {
        const char *path;       /* absolute */
        bool pgsteer_defaults;  /* settings stood under [pgsteer] */
        struct options opt;     /* every option of conf/options.def, typed */
        bool set[OPTION_COUNT]; /* by enum option_id: the file (or SET) says it; else it is the default */
        const struct conf_database *databases;
        size_t database_count;
        const struct conf_user *users;
        size_t user_count;
        const struct conf_peer *peers;
        size_t peer_count;
        const struct conf_passline *passlines; /* of passfile, in its order */
        size_t passline_count;
};

/* Whether the file (or SET) says this option. */
bool conf_is_set(const struct conf *conf, const struct option_info *info);

/* One finding about a file. `line` 0: the whole file. */
struct conf_problem {
        bool fatal; /* else a warning */
        const char *file;
        int line;
        const char *text; /* what is wrong and what would be right */
};

struct conf_report {
        const struct conf_problem *problems;
        size_t count, fatal_count;
};

/* Reads `path`, its %include files and its auth_file. On success *out is a conf with one reference; else
 * STATUS_INVALID and *out is NULL. *report (which may be NULL) gets every finding, warnings too; the caller
 * frees it with conf_report_free. All errors of a file are found in one go. */
MUST_USE enum status conf_load(const char *path, struct conf **out, struct conf_report **report);
void conf_report_free(struct conf_report *report);

/* Writes "file:line: text", or "file: text" for the whole file. */
void conf_problem_format(const struct conf_problem *problem, char *out, size_t size);

/* Counting is thread-safe. conf_unref frees at zero; NULL is allowed. */
struct conf *conf_ref(struct conf *conf);
void conf_unref(struct conf *conf);

/* The line for a database name a client asked for: exact name, else "*", else NULL. Borrowed from conf. */
const struct conf_database *conf_find_database(const struct conf *conf, const char *name);

/* The user, or NULL. Borrowed from conf. */
const struct conf_user *conf_find_user(const struct conf *conf, const char *name);

/* How connections to servers of `line` (NULL: of none) bind their channel. */
enum channel_binding conf_channel_binding(const struct conf *conf, const struct conf_database *line);

/* The password that passfile has for this server, or NULL. */
const char *conf_find_password(const struct conf *conf, const struct conf_host *host, const char *database,
                               const char *user);

/* A copy of `conf` with one option set as by the console's SET; the copy has one reference. STATUS_ABSENT:
 * no such option; STATUS_INVALID: bad value; STATUS_DENIED: needs a restart; message (size bytes) says so. */
MUST_USE enum status conf_with(const struct conf *conf, const char *key, const char *value, struct conf **out,
                               char *message, size_t size);

/* The members that Patroni at these addresses has now, into hosts[CONF_NODES_MAX], texts borrowed; 0: not
 * known. */
typedef int conf_members_fn(void *arg, const char *patroni, struct conf_host *hosts);

/* A copy of `conf` whose lines with patroni= have those hosts; one reference. NULL: they have them already.
 */
struct conf *conf_with_members(const struct conf *conf, conf_members_fn *members, void *arg);

/* Writes an option's present value, or its default, as SHOW CONFIG shows it ("" when unset). */
void conf_value(const struct conf *conf, const struct option_info *info, char *out, size_t size);
void conf_default(const struct conf *conf, const struct option_info *info, char *out, size_t size);

/* Writes every option, and every key of a database's and of a user's line, with range, defaults and meaning:
 * as text (--help-config), and as the tables of docs/configuration.md. */
void conf_help(FILE *out);
void conf_help_markdown(FILE *out);

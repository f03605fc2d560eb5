#include "admin/fill.h"

#include "admin/pool_rows.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int or_default(int said, int fallback)
{
        return said >= 0 ? said : fallback;
}

/* Of limits where 0 is none: a line that says 0 says nothing. */
static int or_limit(int said, int fallback)
{
        return said > 0 ? said : fallback;
}

/* Only of hosts that are taken in turn; the hosts of a cluster are not. */
static const char *balance_text(const struct conf_database *line)
{
        if (line == NULL || line->host_count < 2 || line->cluster)
                return NULL;
        return line->load_balance_hosts == 0 ? "disable" : "round-robin";
}

/* The columns about servers, which SHOW POOLS and SHOW EXTENDED POOLS have in common. */
static void put_servers(struct table *t, const struct pool_row *r)
{
        table_int(t, r->sv_active);
        table_int(t, r->sv_active_cancel);
        table_int(t, r->sv_being_canceled);
        table_int(t, r->sv_idle);
        table_int(t, r->sv_used);
        table_int(t, r->sv_tested);
        table_int(t, r->sv_login);
}

void fill_pools(struct table *t, const struct scene *s)
{
        struct pool_rows rows;

        pool_rows_make(&rows, s, BY_DATABASE | BY_USER);
        for (size_t i = 0; i < rows.count; i++) {
                const struct pool_row *r = &rows.list[i];

                table_text(t, r->database);
                table_text(t, r->user);
                table_int(t, r->cl_active);
                table_int(t, r->cl_waiting);
                table_int(t, r->cl_active_cancel_req);
                table_int(t, r->cl_waiting_cancel_req);
                put_servers(t, r);
                table_int(t, r->maxwait_us / US_PER_SEC);
                table_int(t, r->maxwait_us % US_PER_SEC);
                table_text(t, pool_mode_text(r->pool_mode));
                table_text(t, balance_text(conf_find_database(s->conf, r->database)));
        }
        pool_rows_fini(&rows);
}

void fill_extended_pools(struct table *t, const struct scene *s)
{
        struct pool_rows rows;

        pool_rows_make(&rows, s, BY_DATABASE | BY_USER | BY_NODE);
        for (size_t i = 0; i < rows.count; i++) {
                const struct pool_row *r = &rows.list[i];

                table_text(t, r->database);
                table_text(t, r->user);
                table_text(t, r->node);
                table_int(t, r->cl_active);
                table_int(t, r->cl_waiting);
                put_servers(t, r);
                table_int(t, r->limit);
                table_int(t, r->maxwait_us / US_PER_SEC);
                table_int(t, r->maxwait_us % US_PER_SEC);
                table_text(t, pool_mode_text(r->pool_mode));
        }
        pool_rows_fini(&rows);
}

/* ---- SHOW DATABASES ---- */

static void hosts_text(struct table *t, const struct conf_database *line)
{
        char text[1024];
        size_t n = 0;

        text[0] = 0;
        for (int i = 0; i < line->host_count && n < sizeof(text); i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i > 0 ? "," : "",
                                      line->hosts[i].host);
        table_text(t, n == 0 ? NULL : text);
}

static void database_row(struct table *t, const struct scene *s, const char *name)
{
        struct budget_numbers now = budget_numbers(BUDGET_DATABASE, name);
        const struct conf_database *line = conf_find_database(s->conf, name);
        const struct options *opt = &s->conf->opt;
        int64_t lifetime_us;

        if (line == NULL)
                return; /* gone from the configuration; its last connections are ending */
        lifetime_us = line->server_lifetime_us > 0 ? line->server_lifetime_us : opt->server_lifetime_us;
        table_text(t, name);
        if (line->local)
                table_null(t);
        else
                hosts_text(t, line);
        table_int(t, line->host_count > 0 ? line->hosts[0].port : 0);
        table_text(t, line->dbname != NULL ? line->dbname : name);
        table_text(t, line->user);
        table_int(t, or_default(line->pool_size, opt->default_pool_size));
        table_int(t, or_default(line->min_pool_size, opt->min_pool_size));
        table_int(t, or_default(line->reserve_pool_size, opt->reserve_pool_size));
        table_int(t, lifetime_us / US_PER_SEC);
        table_text(t, pool_mode_text(line->pool_mode));
        table_text(t, balance_text(line));
        table_int(t, or_limit(line->max_db_connections, opt->max_db_connections));
        table_int(t, now.servers);
        table_int(t, or_limit(line->max_db_client_connections, opt->max_db_client_connections));
        table_int(t, now.clients);
        table_int(t, paused_has(s->paused, name));
        table_int(t, nameset_has(&s->paused->disabled, name));
}

/* As PgBouncer lists it: a database of its own. */
static void console_row(struct table *t, const struct scene *s)
{
        table_text(t, "pgbouncer");
        table_null(t);
        table_int(t, s->conf->opt.listen_port);
        table_text(t, "pgbouncer");
        table_text(t, "pgbouncer");
        table_int(t, 2);
        table_int(t, 0);
        table_int(t, 0);
        table_int(t, s->conf->opt.server_lifetime_us / US_PER_SEC);
        table_text(t, "statement");
        table_null(t);
        table_int(t, s->conf->opt.max_db_connections);
        table_int(t, 0);
        table_int(t, s->conf->opt.max_db_client_connections);
        table_int(t, budget_numbers(BUDGET_DATABASE, "pgbouncer").clients);
        table_int(t, 0);
        table_int(t, 0);
}

static int by_name(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void fill_databases(struct table *t, const struct scene *s)
{
        struct pool_rows rows;
        const char **names;
        size_t count = 0;

        pool_rows_make(&rows, s, BY_DATABASE);
        names = xcalloc(s->conf->database_count + rows.count + 1, sizeof(*names));
        for (size_t i = 0; i < s->conf->database_count; i++)
                if (strcmp(s->conf->databases[i].name, "*") != 0)
                        names[count++] = s->conf->databases[i].name;
        for (size_t i = 0; i < rows.count; i++)
                names[count++] = rows.list[i].database;
        qsort(names, count, sizeof(*names), by_name);
        for (size_t i = 0; i < count; i++) {
                if (i > 0 && strcmp(names[i - 1], names[i]) == 0)
                        continue;
                if (strcmp(names[i], "pgbouncer") == 0)
                        console_row(t, s);
                else
                        database_row(t, s, names[i]);
        }
        free(names);
        pool_rows_fini(&rows);
}

/* ---- SHOW USERS ---- */

static void size_text(struct table *t, int size)
{
        if (size < 0)
                table_text(t, "");
        else
                table_textf(t, "%9d", size); /* PgBouncer pads it so */
}

/* Everybody PgBouncer knows: who has a secret or a line of his own, who is the user of a database line or
 * asks for secrets there, and the console's own. Sorted; the caller frees the array. */
static const char **user_names(const struct conf *conf, size_t *count)
{
        const char **names = xcalloc(conf->user_count + 2 * conf->database_count + 2, sizeof(*names));
        size_t n = 0, kept = 0;

        names[n++] = "pgbouncer";
        if (conf->opt.auth_user != NULL && conf->opt.auth_user[0] != 0)
                names[n++] = conf->opt.auth_user;
        for (size_t i = 0; i < conf->user_count; i++)
                if (conf->users[i].listed)
                        names[n++] = conf->users[i].name;
        for (size_t i = 0; i < conf->database_count; i++) {
                if (conf->databases[i].user != NULL)
                        names[n++] = conf->databases[i].user;
                if (conf->databases[i].auth_user != NULL)
                        names[n++] = conf->databases[i].auth_user;
        }
        qsort(names, n, sizeof(*names), by_name);
        for (size_t i = 0; i < n; i++)
                if (i == 0 || strcmp(names[kept - 1], names[i]) != 0)
                        names[kept++] = names[i];
        *count = kept;
        return names;
}

static void user_row(struct table *t, const struct options *opt, const char *name, const struct conf_user *u)
{
        static const struct conf_user none = {.pool_mode = -1, .pool_size = -1, .reserve_pool_size = -1};
        struct budget_numbers now = budget_numbers(BUDGET_USER, name);

        if (u == NULL)
                u = &none;
        table_text(t, name);
        size_text(t, u->pool_size);
        size_text(t, u->reserve_pool_size);
        table_text(t, pool_mode_text(u->pool_mode));
        table_int(t, or_limit(u->max_user_connections, opt->max_user_connections));
        table_int(t, now.servers);
        table_int(t, or_limit(u->max_user_client_connections, opt->max_user_client_connections));
        table_int(t, now.clients);
}

void fill_users(struct table *t, const struct scene *s)
{
        size_t count;
        const char **names = user_names(s->conf, &count);

        for (size_t i = 0; i < count; i++)
                user_row(t, &s->conf->opt, names[i], conf_find_user(s->conf, names[i]));
        free(names);
}

/* ---- SHOW LISTS ---- */

static void list_row(struct table *t, const char *name, size_t items)
{
        table_text(t, name);
        table_int(t, (int64_t)items);
}

/* A database of the * line, which lives for as long as it is used. */
static bool is_auto(const struct conf *conf, const char *database)
{
        const struct conf_database *line = conf_find_database(conf, database);

        return line != NULL && strcmp(line->name, "*") == 0 && strcmp(database, "pgbouncer") != 0;
}

void fill_lists(struct table *t, const struct scene *s)
{
        struct pool_rows rows;
        size_t clients = 0, logins = 0, servers = 0, databases = 1, users;

        pool_rows_make(&rows, s, BY_DATABASE | BY_USER);
        for (size_t i = 0; i < rows.count; i++) {
                bool again = i > 0 && strcmp(rows.list[i - 1].database, rows.list[i].database) == 0;

                databases += !again && is_auto(s->conf, rows.list[i].database);
                clients += (size_t)rows.list[i].clients;
                servers += (size_t)pool_row_servers(&rows.list[i]);
        }
        for (int w = 0; w < s->census->workers; w++)
                logins += (size_t)s->census->worker[w].logins;
        for (size_t i = 0; i < s->conf->database_count; i++)
                databases += strcmp(s->conf->databases[i].name, "*") != 0;
        list_row(t, "databases", databases);
        free(user_names(s->conf, &users));
        list_row(t, "users", users);
        list_row(t, "peers", s->conf->peer_count);
        list_row(t, "pools", rows.count);
        list_row(t, "peer_pools", count_peer_pools(s));
        list_row(t, "free_clients", count_spare_clients(s));
        list_row(t, "used_clients", clients + logins);
        list_row(t, "login_clients", logins);
        list_row(t, "free_servers", 0);
        list_row(t, "used_servers", servers);
        list_row(t, "dns_names", count_dns_names(s));
        list_row(t, "dns_zones", count_dns_zones(s));
        list_row(t, "dns_queries", count_dns_lookups(s));
        list_row(t, "dns_pending", 0);
        pool_rows_fini(&rows);
}

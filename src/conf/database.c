#include "conf/database.h"

#include "base/memory.h"
#include "conf/line.h"
#include "conf/report.h"
#include "conf/tls_keys.h"
#include "conf/urls.h"

#include <stdio.h>
#include <stdlib.h>

enum { PORT_POSTGRES = 5432, PORT_POOLER = 6432, PORT_MAX = 65535 };

struct database_entry {
        struct conf_database db;
        const char *host, *port, *weight, *zone; /* as on the line; NULL: not there */
        const char *file;
        size_t rank;
        bool loose;
};

static const struct option_info keys[] = {
#define DATABASE_KEY(name, type, field, words, own, text)                                                    \
        LINE_KEY(name, type, database_entry, field, words, own, text)
#define TLS_KEY(name, type, words, text) LINE_KEY(name, type, database_entry, db.tls.name, words, LIBPQ, text)
#define USER_KEY(...)
#include "conf/keys.def"
#undef DATABASE_KEY
#undef TLS_KEY
#undef USER_KEY
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

const struct option_info *database_keys(size_t *count)
{
        *count = KEY_COUNT;
        return keys;
}

/* PgBouncer takes the digits in front, and the network the lower 16 bits of that. */
static bool tolerate_port(const struct line *line, struct sv text, int *port)
{
        long v = line->loose ? 0 : strtol(text.p, NULL, 10);

        if ((v & PORT_MAX) == 0)
                return false;
        *port = (int)(v & PORT_MAX);
        line_warn(line, "port: \"%.*s\" is taken for %d", SV_ARG(text), *port);
        return true;
}

static bool read_port(const struct line *line, struct sv text, int *port)
{
        long v = 0;

        for (size_t i = 0; i < text.n && v <= PORT_MAX; i++) {
                if (text.p[i] < '0' || text.p[i] > '9') {
                        v = 0;
                        break;
                }
                v = v * 10 + (text.p[i] - '0');
        }
        if (v >= 1 && v <= PORT_MAX) {
                *port = (int)v;
                return true;
        }
        if (tolerate_port(line, text, port))
                return true;
        line_error(line, "port: \"%.*s\" is not a port: write a number from 1 to %d", SV_ARG(text), PORT_MAX);
        return false;
}

/* Whether all after the last ':' is digits: "pg1:5432", but not an IPv6 address. */
static bool has_port(struct sv host)
{
        const char *colon = memchr(host.p, ':', host.n);
        const char *end = host.p + host.n;

        if (colon == NULL || colon + 1 == end)
                return false;
        for (const char *p = colon + 1; p < end; p++)
                if (*p < '0' || *p > '9')
                        return false;
        return true;
}

/* Under [pgbouncer] a name that cannot be resolved is found out when it is needed, as in PgBouncer. */
static bool check_host(const struct line *line, struct sv host)
{
        void (*say)(const struct line *, const char *, ...) = line->loose ? line_error : line_warn;

        if (host.n == 0) {
                say(line, "host: an empty name in the list: take out the comma that is too many");
        } else if (*host.p == '/' || *host.p == '@') {
                return true;
        } else if (*host.p == '[') {
                say(line, "host: %.*s: an IPv6 address has no brackets here", SV_ARG(host));
        } else if (has_port(host)) {
                const char *colon = memchr(host.p, ':', host.n);

                say(line, "host: \"%.*s\" has a port in it: write host=%.*s port=%.*s", SV_ARG(host),
                    (int)(colon - host.p), host.p, (int)(host.p + host.n - colon - 1), colon + 1);
        } else {
                return true;
        }
        return !line->loose;
}

/* Splits at commas; items are trimmed and may be empty. False when there is none left; *rest NULL then. */
static bool next_item(const char **rest, struct sv *item)
{
        const char *end;

        if (*rest == NULL)
                return false;
        end = strchrnul(*rest, ',');
        *item = sv_trim(sv_from(*rest, (size_t)(end - *rest)));
        *rest = *end == ',' ? end + 1 : NULL;
        return true;
}

static bool read_hosts(const struct line *line, const char *list, struct conf_database *db)
{
        struct sv item;
        bool good = true;

        while (next_item(&list, &item)) {
                if (db->host_count == CONF_HOSTS_MAX) {
                        line_error(line, "host: more than %d hosts on one line", CONF_HOSTS_MAX);
                        return false;
                }
                good = check_host(line, item) && good;
                if (item.n == 0 && !line->loose)
                        continue;
                db->hosts[db->host_count++] = (struct conf_host){
                    .host = arena_strndup(line->arena, item.p, item.n),
                    .port = PORT_POSTGRES,
                };
        }
        if (db->host_count == 0)
                line_error(line, "host: there is no name in the list");
        return good && db->host_count > 0;
}

/* One port for all, or one for each host. *is_list: the latter. */
static bool read_ports(const struct line *line, const char *list, struct conf_database *db, bool *is_list)
{
        struct sv item;
        bool good = true;
        int ports[CONF_HOSTS_MAX] = {0}, count = 0;

        while (next_item(&list, &item)) {
                if (count == CONF_HOSTS_MAX) {
                        line_error(line, "port: more than %d ports on one line", CONF_HOSTS_MAX);
                        return false;
                }
                good = read_port(line, item, &ports[count++]) && good;
        }
        *is_list = count > 1;
        if (count > 1 && count != db->host_count) {
                line_error(
                    line,
                    "port: there are %d ports for %d host%s: write one port for all, or one for each host "
                    "(a host with several servers is named once for each)",
                    count, db->host_count, db->host_count == 1 ? "" : "s");
                return false;
        }
        for (int i = 0; i < db->host_count; i++)
                db->hosts[i].port = ports[count > 1 ? i : 0];
        return good;
}

/* The item of host `i` in a list that has one for each host, or one for all. False: it has another number of
 * them, which has been told. */
static bool item_of_host(const struct line *line, const struct conf_database *db, const char *key,
                         const char *list, int i, struct sv *item)
{
        int count = 1;

        for (const char *p = list; *p != '\0'; p++)
                count += *p == ',';
        if (count > 1 && count != db->host_count) {
                line_error(line, "%s: there are %d for %d host%s: write one for all, or one for each host",
                           key, count, db->host_count, db->host_count == 1 ? "" : "s");
                return false;
        }
        for (int at = 0; next_item(&list, item) && at < i && count > 1;)
                at++;
        return true;
}

static void read_weights(const struct line *line, const char *list, struct conf_database *db)
{
        struct sv item;

        for (int i = 0; i < db->host_count; i++) {
                int weight = 0;

                db->hosts[i].weight = 1;
                if (list == NULL)
                        continue;
                if (!item_of_host(line, db, "weight", list, i, &item))
                        return;
                for (size_t j = 0; j < item.n && weight <= CONF_WEIGHT_MAX; j++)
                        weight = item.p[j] >= '0' && item.p[j] <= '9' ? weight * 10 + (item.p[j] - '0')
                                                                      : CONF_WEIGHT_MAX + 1;
                if (weight >= 1 && weight <= CONF_WEIGHT_MAX)
                        db->hosts[i].weight = weight;
                else
                        line_error(line, "weight: \"%.*s\" is not a number from 1 to %d", SV_ARG(item),
                                   CONF_WEIGHT_MAX);
        }
}

static void read_zones(const struct line *line, const char *list, struct conf_database *db)
{
        struct sv item;

        for (int i = 0; list != NULL && i < db->host_count; i++) {
                if (!item_of_host(line, db, "zone", list, i, &item))
                        return;
                if (item.n == 0)
                        line_error(line, "zone: host %s has none: write a name for each", db->hosts[i].host);
                db->hosts[i].zone = arena_strndup(line->arena, item.p, item.n);
        }
}

/* In a cluster "pg1:5432" twice would be one node that counts as two; among equal hosts it has twice the
 * share. */
static void check_same(const struct line *line, const struct conf_database *db)
{
        for (int i = 0; i < db->host_count; i++)
                for (int j = 0; j < i; j++)
                        if (db->hosts[i].port == db->hosts[j].port &&
                            strcmp(db->hosts[i].host, db->hosts[j].host) == 0) {
                                line_error(line, "host: %s port %d is named twice", db->hosts[i].host,
                                           db->hosts[i].port);
                                return;
                        }
}

static bool names_host(const struct conf_database *db, struct sv host)
{
        for (int i = 0; i < db->host_count; i++)
                if (sv_is(host, db->hosts[i].host))
                        return true;
        return false;
}

/* Patroni usually answers where PostgreSQL runs. */
static bool read_patroni(const struct line *line, struct conf_database *db, bool hosts)
{
        const char *rest = db->patroni, *why;
        struct url url;

        while (urls_next(&rest, &url, &why))
                if (hosts && db->host_count < CONF_NODES_MAX && !names_host(db, url.host))
                        db->hosts[db->host_count++] =
                            (struct conf_host){.host = arena_strndup(line->arena, url.host.p, url.host.n),
                                               .port = PORT_POSTGRES};
        if (why != NULL)
                line_error(line, "patroni: \"%.*s\": %s", SV_ARG(url.text), why);
        return why == NULL;
}

static void settle_local(struct conf_database *db, const struct line *line, const char *unix_socket_dir)
{
        db->local = true;
        db->host_count = 1;
        db->hosts[0] =
            (struct conf_host){.host = arena_strdup(line->arena, unix_socket_dir), .port = PORT_POSTGRES};
        if (*unix_socket_dir == '\0')
                (line->loose ? line_error : line_warn)(
                    line, "there is no host=, and unix_socket_dir is empty: write host=");
}

static void settle_hosts(struct database_entry *entry, const struct line *line, bool cluster_key,
                         const char *unix_socket_dir)
{
        struct conf_database *db = &entry->db;
        bool port_list = false;

        if (db->patroni != NULL && !read_patroni(line, db, entry->host == NULL))
                return;
        if (entry->host != NULL && !read_hosts(line, entry->host, db))
                return;
        if (db->host_count == 0)
                settle_local(db, line, unix_socket_dir);
        if (entry->port != NULL && !read_ports(line, entry->port, db, &port_list))
                return;
        read_weights(line, entry->weight, db);
        read_zones(line, entry->zone, db);
        db->cluster = port_list || cluster_key || (line->loose && db->host_count > 1);
        if (db->cluster && db->host_count > CONF_NODES_MAX)
                line_error(line, "host: more than %d hosts in a cluster", CONF_NODES_MAX);
        else if (db->cluster)
                check_same(line, db);
}

static bool said_cluster_key(uint64_t said)
{
        for (size_t i = 0; i < KEY_COUNT; i++)
                if ((said >> i & 1) != 0 && keys[i].cluster)
                        return true;
        return false;
}

static bool said_key(uint64_t said, const char *name)
{
        for (size_t i = 0; i < KEY_COUNT; i++)
                if ((said >> i & 1) != 0 && strcmp(keys[i].name, name) == 0)
                        return true;
        return false;
}

static struct database_entry *append(struct database_list *list)
{
        if (list->count == list->cap) {
                list->cap = list->cap == 0 ? 16 : list->cap * 2;
                list->items = xrealloc(list->items, list->cap * sizeof(*list->items));
        }
        list->items[list->count] = (struct database_entry){
            .rank = list->count,
            .db = {.pool_size = -1,
                   .min_pool_size = -1,
                   .reserve_pool_size = -1,
                   .pool_mode = -1,
                   .max_db_connections = -1,
                   .max_db_client_connections = -1,
                   .load_balance_hosts = 1,
                   .server_lifetime_us = -1,
                   .query_wait_timeout_us = -1,
                   .consistency = -1,
                   .commit_outcome = -1,
                   .transaction_split = -1,
                   .max_standby_lag_us = -1,
                   .max_standby_lag_bytes = -1,
                   .channel_binding = -1,
                   .tls = TLS_KEYS_UNSAID},
        };
        return &list->items[list->count++];
}

void database_read(struct database_list *list, const struct line *line, const char *text,
                   const char *unix_socket_dir)
{
        struct line lenient = *line;
        struct database_entry *entry;
        uint64_t said;

        if (strcmp(line->name, "pgsteer") == 0 && !line->loose)
                line_warn(line, "the console, which has this name as well, is only to be had as pgbouncer");
        else if (strcmp(line->name, "pgbouncer") == 0 || strcmp(line->name, "pgsteer") == 0) {
                line_error(line, "this name is the console's: choose another one, and write dbname=%s",
                           line->name);
                return;
        }
        entry = append(list);
        entry->file = line->file;
        entry->db.name = arena_strdup(line->arena, line->name);
        entry->db.line = line->number;
        entry->loose = line->loose;
        /* PgBouncer reads the line of * when the first client needs it. */
        lenient.lenient = !line->loose && strcmp(line->name, "*") == 0;
        if (!line_read(&lenient, text, keys, KEY_COUNT, entry, &said)) {
                if (lenient.lenient) {
                        line_warn(line, "the line is not used: nobody can connect by it");
                        list->count--;
                }
                return;
        }
        settle_hosts(entry, line, said_cluster_key(said), unix_socket_dir);
        if (entry->db.cluster && said_key(said, "load_balance_hosts"))
                line_warn(line,
                          "load_balance_hosts has no effect on a cluster, where each transaction is routed");
        tls_keys_check(line, &entry->db.tls);
        if (entry->db.password != NULL && entry->db.user == NULL)
                line_warn(line, "password= has no effect without user=");
}

static int compare(const void *a, const void *b)
{
        const struct database_entry *x = a, *y = b;
        int order = strcmp(x->db.name, y->db.name);

        if (order != 0)
                return order;
        return x->rank < y->rank ? -1 : 1;
}

struct conf_database *database_list_finish(struct database_list *list, struct arena *arena,
                                           struct report *report, size_t *count)
{
        struct conf_database *out = arena_alloc(arena, (list->count + 1) * sizeof(*out));
        size_t kept = 0;

        if (list->count > 0)
                qsort(list->items, list->count, sizeof(*list->items), compare);
        for (size_t i = 0; i < list->count; i++) {
                const struct database_entry *entry = &list->items[i],
                                            *before = &list->items[i > 0 ? i - 1 : 0];

                if (i > 0 && strcmp(before->db.name, entry->db.name) == 0) {
                        if (entry->loose)
                                report_error(
                                    report, entry->file, entry->db.line,
                                    "[databases] %s: has a line already, %s:%d: take one out, or list all "
                                    "hosts on one line (host=a,b)",
                                    entry->db.name, before->file, before->db.line);
                        else
                                report_warn(report, entry->file, entry->db.line,
                                            "[databases] %s: has a line already, %s:%d, which is not used "
                                            "any more",
                                            entry->db.name, before->file, before->db.line);
                        kept--;
                }
                out[kept++] = entry->db;
        }
        *count = kept;
        return out;
}

void database_list_release(struct database_list *list)
{
        free(list->items);
        *list = (struct database_list){0};
}

struct peer_entry {
        const char *host, *port;
        int pool_size;
        struct conf_tls tls;
};

bool peer_read(const struct line *line, const char *text, struct conf_peer *peer)
{
        static const struct option_info peer_keys[] = {
            LINE_KEY(host, STRING, peer_entry, host, NULL, PGBOUNCER, NULL)        /* */
            LINE_KEY(port, STRING, peer_entry, port, NULL, PGBOUNCER, NULL)        /* */
            LINE_KEY(pool_size, INT, peer_entry, pool_size, NULL, PGBOUNCER, NULL) /* */
#define DATABASE_KEY(...)
#define TLS_KEY(name, type, words, text) LINE_KEY(name, type, peer_entry, tls.name, words, LIBPQ, NULL)
#define USER_KEY(...)
#include "conf/keys.def"
#undef DATABASE_KEY
#undef TLS_KEY
#undef USER_KEY
        };
        struct peer_entry entry = {.pool_size = -1, .tls = TLS_KEYS_UNSAID};
        char *end;
        long id = strtol(line->name, &end, 10);
        uint64_t said;

        if (*end != '\0' || id < 1 || id > 16383) {
                line_error(line, "is not the peer_id of a process: write a number from 1 to 16383");
                return false;
        }
        if (!line_read(line, text, peer_keys, sizeof(peer_keys) / sizeof(peer_keys[0]), &entry, &said))
                return false;
        if (entry.host == NULL) {
                line_error(line, "has no host=: write where this peer listens");
                return false;
        }
        tls_keys_check(line, &entry.tls);
        *peer = (struct conf_peer){.peer_id = (int)id,
                                   .host = {entry.host, PORT_POOLER},
                                   .pool_size = entry.pool_size,
                                   .tls = entry.tls};
        return entry.port == NULL || read_port(line, sv_cstr(entry.port), &peer->host.port);
}

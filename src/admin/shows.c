#include "admin/shows.h"

#include "admin/fill.h"

#define TEXT(name)                                                                                           \
        {                                                                                                    \
                name, CELL_TEXT                                                                              \
        }
#define BOOL(name)                                                                                           \
        {                                                                                                    \
                name, CELL_BOOL                                                                              \
        }
#define INT(name)                                                                                            \
        {                                                                                                    \
                name, CELL_INT4                                                                              \
        }
#define BIGINT(name)                                                                                         \
        {                                                                                                    \
                name, CELL_INT8                                                                              \
        }
#define NUMERIC(name)                                                                                        \
        {                                                                                                    \
                name, CELL_NUMERIC                                                                           \
        }

/* ---- PgBouncer's ---- */

#define SOCKET_COLUMNS                                                                                       \
        TEXT("type"), TEXT("user"), TEXT("database"), TEXT("replication"), TEXT("state"), TEXT("addr"),      \
            INT("port"), TEXT("local_addr"), INT("local_port"), TEXT("connect_time"), TEXT("request_time"),  \
            INT("wait"), INT("wait_us"), INT("close_needed"), TEXT("ptr"), TEXT("link"), INT("remote_pid"),  \
            TEXT("tls"), TEXT("application_name"), INT("prepared_statements"), INT("id")

static const struct column clients[] = {SOCKET_COLUMNS};
static const struct column sockets[] = {SOCKET_COLUMNS,    INT("recv_pos"),  INT("pkt_pos"),
                                        INT("pkt_remain"), INT("send_pos"),  INT("send_remain"),
                                        INT("pkt_avail"),  INT("send_avail")};

#define BYTEA(name)                                                                                          \
        {                                                                                                    \
                name, CELL_BYTEA                                                                             \
        }
static const struct column fds[] = {INT("fd"),
                                    TEXT("task"),
                                    TEXT("user"),
                                    TEXT("database"),
                                    TEXT("addr"),
                                    INT("port"),
                                    BIGINT("cancel"),
                                    INT("link"),
                                    TEXT("client_encoding"),
                                    TEXT("std_strings"),
                                    TEXT("datestyle"),
                                    TEXT("timezone"),
                                    TEXT("password"),
                                    BYTEA("scram_client_key"),
                                    BYTEA("scram_server_key")};

static const struct column config[] = {TEXT("key"), TEXT("value"), TEXT("default"), TEXT("changeable")};
static const struct column version[] = {TEXT("version")};
static const struct column state[] = {TEXT("key"), TEXT("value")};
static const struct column lists[] = {TEXT("list"), INT("items")};
static const struct column mem[] = {TEXT("name"), INT("size"), INT("used"), INT("free"), INT("memtotal")};
static const struct column peers[] = {INT("peer_id"), TEXT("host"), INT("port"), INT("pool_size")};
static const struct column peer_pools[] = {INT("peer_id"), INT("cl_active_cancel_req"),
                                           INT("cl_waiting_cancel_req"), INT("sv_active_cancel"),
                                           INT("sv_login")};
static const struct column dns_hosts[] = {TEXT("hostname"), BIGINT("ttl"), TEXT("addrs")};
static const struct column dns_zones[] = {TEXT("zonename"), BIGINT("serial"), INT("count")};

static const struct column databases[] = {TEXT("name"),
                                          TEXT("host"),
                                          INT("port"),
                                          TEXT("database"),
                                          TEXT("force_user"),
                                          INT("pool_size"),
                                          INT("min_pool_size"),
                                          INT("reserve_pool_size"),
                                          INT("server_lifetime"),
                                          TEXT("pool_mode"),
                                          TEXT("load_balance_hosts"),
                                          INT("max_connections"),
                                          INT("current_connections"),
                                          INT("max_client_connections"),
                                          INT("current_client_connections"),
                                          INT("paused"),
                                          INT("disabled")};

static const struct column users[] = {TEXT("name"),
                                      TEXT("pool_size"),
                                      TEXT("reserve_pool_size"),
                                      TEXT("pool_mode"),
                                      INT("max_user_connections"),
                                      INT("current_connections"),
                                      INT("max_user_client_connections"),
                                      INT("current_client_connections")};

static const struct column pools[] = {TEXT("database"),
                                      TEXT("user"),
                                      INT("cl_active"),
                                      INT("cl_waiting"),
                                      INT("cl_active_cancel_req"),
                                      INT("cl_waiting_cancel_req"),
                                      INT("sv_active"),
                                      INT("sv_active_cancel"),
                                      INT("sv_being_canceled"),
                                      INT("sv_idle"),
                                      INT("sv_used"),
                                      INT("sv_tested"),
                                      INT("sv_login"),
                                      INT("maxwait"),
                                      INT("maxwait_us"),
                                      TEXT("pool_mode"),
                                      TEXT("load_balance_hosts")};

static const struct column stats[] = {TEXT("database"),
                                      NUMERIC("total_server_assignment_count"),
                                      NUMERIC("total_xact_count"),
                                      NUMERIC("total_query_count"),
                                      NUMERIC("total_received"),
                                      NUMERIC("total_sent"),
                                      NUMERIC("total_xact_time"),
                                      NUMERIC("total_query_time"),
                                      NUMERIC("total_wait_time"),
                                      NUMERIC("total_client_parse_count"),
                                      NUMERIC("total_server_parse_count"),
                                      NUMERIC("total_bind_count"),
                                      NUMERIC("avg_server_assignment_count"),
                                      NUMERIC("avg_xact_count"),
                                      NUMERIC("avg_query_count"),
                                      NUMERIC("avg_recv"),
                                      NUMERIC("avg_sent"),
                                      NUMERIC("avg_xact_time"),
                                      NUMERIC("avg_query_time"),
                                      NUMERIC("avg_wait_time"),
                                      NUMERIC("avg_client_parse_count"),
                                      NUMERIC("avg_server_parse_count"),
                                      NUMERIC("avg_bind_count")};

static const struct column stats_totals[] = {TEXT("database"),
                                             NUMERIC("server_assignment_count"),
                                             NUMERIC("xact_count"),
                                             NUMERIC("query_count"),
                                             NUMERIC("bytes_received"),
                                             NUMERIC("bytes_sent"),
                                             NUMERIC("xact_time"),
                                             NUMERIC("query_time"),
                                             NUMERIC("wait_time"),
                                             NUMERIC("client_parse_count"),
                                             NUMERIC("server_parse_count"),
                                             NUMERIC("bind_count")};

static const struct column stats_averages[] = {TEXT("database"),
                                               NUMERIC("server_assignment_count"),
                                               NUMERIC("xact_count"),
                                               NUMERIC("query_count"),
                                               NUMERIC("bytes_received"),
                                               NUMERIC("bytes_sent"),
                                               NUMERIC("xact_time"),
                                               NUMERIC("query_time"),
                                               NUMERIC("wait_time"),
                                               NUMERIC("avg_client_parse_count"),
                                               NUMERIC("avg_server_parse_count"),
                                               NUMERIC("avg_bind_count")};

static const struct column totals[] = {TEXT("name"), NUMERIC("value")};

/* ---- ours ---- */

static const struct column alerts[] = {TEXT("severity"), TEXT("rule"), TEXT("database"),
                                       TEXT("user"),     TEXT("node"), TEXT("text")};

static const struct column all[] = {TEXT("name"), TEXT("setting"), TEXT("description")};

static const struct column extended_pools[] = {TEXT("database"),
                                               TEXT("user"),
                                               TEXT("node"),
                                               INT("cl_active"),
                                               INT("cl_waiting"),
                                               INT("sv_active"),
                                               INT("sv_active_cancel"),
                                               INT("sv_being_canceled"),
                                               INT("sv_idle"),
                                               INT("sv_used"),
                                               INT("sv_tested"),
                                               INT("sv_login"),
                                               INT("pool_size"),
                                               INT("maxwait"),
                                               INT("maxwait_us"),
                                               TEXT("pool_mode")};

static const struct column nodes[] = {
    TEXT("cluster"),      TEXT("node"),     TEXT("role"),        TEXT("state"),    INT("timeline"),
    NUMERIC("system_id"), TEXT("lsn"),      TEXT("receive_lsn"), BIGINT("lag_ms"), BIGINT("lag_bytes"),
    INT("in_flight"),     NUMERIC("reads"), NUMERIC("writes"),   TEXT("why"),      TEXT("since")};

static const struct column topology[] = {
    TEXT("cluster"),    NUMERIC("epoch"),    BOOL("probed"),     TEXT("primary"),
    INT("nodes"),       INT("up"),           TEXT("reads_from"), NUMERIC("failovers"),
    NUMERIC("held"),    NUMERIC("drained"),  NUMERIC("refused"), NUMERIC("rolled_back"),
    NUMERIC("unknown"), NUMERIC("repeated"), NUMERIC("asked"),   NUMERIC("committed")};

static const struct column catalog[] = {
    TEXT("cluster"),  TEXT("database"),  TEXT("state"),      INT("functions"),   INT("relations"),
    NUMERIC("loads"), BIGINT("load_ms"), BIGINT("stall_us"), BIGINT("slice_us"), TEXT("loaded"),
    TEXT("checked"),  TEXT("node"),      TEXT("error")};

static const struct column routes[] = {TEXT("database"), TEXT("target"), TEXT("reason"), NUMERIC("count")};

#define PERCENTILE_COLUMNS(when)                                                                             \
        BIGINT(when "p50_us"), BIGINT(when "p95_us"), BIGINT(when "p99_us"), BIGINT(when "p999_us"),         \
            BIGINT(when "max_us")

static const struct column latency[] = {TEXT("level"),
                                        TEXT("database"),
                                        TEXT("user"),
                                        TEXT("node"),
                                        TEXT("what"),
                                        NUMERIC("count"),
                                        PERCENTILE_COLUMNS(""),
                                        NUMERIC("recent_count"),
                                        PERCENTILE_COLUMNS("recent_")};

static const struct column latency_buckets[] = {TEXT("database"), TEXT("node"),     TEXT("what"),
                                                TEXT("le"),       NUMERIC("count"), NUMERIC("total"),
                                                NUMERIC("sum_us")};

static const struct column queries[] = {TEXT("database"),       TEXT("user"),          TEXT("query"),
                                        NUMERIC("calls"),       NUMERIC("errors"),     NUMERIC("rows"),
                                        NUMERIC("on_primary"),  NUMERIC("on_standby"), NUMERIC("total_us"),
                                        PERCENTILE_COLUMNS(""), TEXT("fingerprint")};

static const struct column learned[] = {TEXT("database"), TEXT("statement"), TEXT("sqlstate"),
                                        NUMERIC("uses"),  TEXT("since"),     TEXT("fingerprint")};

static const struct column failovers[] = {TEXT("database"),    TEXT("lost_at"),        TEXT("elected_at"),
                                          TEXT("from_node"),   TEXT("to_node"),        BIGINT("timeline"),
                                          BIGINT("gap_ms"),    NUMERIC("held"),        NUMERIC("drained"),
                                          NUMERIC("refused"),  NUMERIC("rolled_back"), NUMERIC("unknown"),
                                          NUMERIC("repeated"), NUMERIC("asked"),       NUMERIC("committed"),
                                          TEXT("why"),         BIGINT("lost_ms")};

static const struct column sessions[] = {BIGINT("id"),
                                         TEXT("database"),
                                         TEXT("user"),
                                         TEXT("addr"),
                                         INT("port"),
                                         TEXT("state"),
                                         TEXT("node"),
                                         TEXT("pin"),
                                         INT("wait"),
                                         INT("wait_us"),
                                         INT("prepared_statements"),
                                         TEXT("application_name"),
                                         TEXT("connect_time"),
                                         INT("worker")};

static const struct column holds[] = {BIGINT("id"),      TEXT("database"),  TEXT("user"),
                                      TEXT("addr"),      INT("port"),       TEXT("waits_for"),
                                      BIGINT("held_ms"), BIGINT("left_ms"), TEXT("lost_node"),
                                      TEXT("lost_at"),   TEXT("why"),       TEXT("application_name")};

static const struct column prepared_statements[] = {
    TEXT("holder"), BIGINT("id"),        TEXT("database"),  TEXT("user"),    TEXT("node"),
    TEXT("name"),   TEXT("server_name"), TEXT("statement"), NUMERIC("uses"), TEXT("fingerprint")};

#define SHOW(name, parts, text)                                                                              \
        {                                                                                                    \
#name, name, sizeof(name) / sizeof(name[0]), parts, fill_##name, text                        \
        }
#define SHOW_AS(name, columns, parts, fill, text)                                                            \
        {                                                                                                    \
                name, columns, sizeof(columns) / sizeof(columns[0]), parts, fill, text                       \
        }

static const struct show list[] = {
    SHOW_AS("active_sockets", sockets, CENSUS_CLIENTS | CENSUS_SERVERS, fill_active_sockets,
            "Connections that are doing something now."),
    SHOW(alerts, CENSUS_POOLS | CENSUS_STATS, "What is wrong now; no row: all is well."),
    SHOW(all, 0, "Every setting, its value and what it does."),
    SHOW(catalog, 0, "What is known of the functions, views and types of each database."),
    SHOW(clients, CENSUS_CLIENTS, "Connections of applications."),
    SHOW(config, 0, "Every setting, its value and its default."),
    SHOW(databases, CENSUS_POOLS, "The lines of [databases], and the databases that came from the * line."),
    SHOW_AS("dns_hosts", dns_hosts, CENSUS_NAMES, fill_dns_hosts,
            "Host names, and the addresses kept for them."),
    SHOW_AS("dns_zones", dns_zones, CENSUS_NAMES, fill_dns_zones,
            "Zones of those host names, and their serials as last seen."),
    SHOW(extended_pools, CENSUS_POOLS, "The pools, one row for each node."),
    SHOW(latency, CENSUS_LATENCY, "How long transactions, queries and waits take: percentiles."),
    SHOW(latency_buckets, CENSUS_LATENCY, "The same as histograms, for each database and node."),
    SHOW(learned, 0, "Statements that look like reads and that a standby has refused: now they are writes."),
    SHOW(failovers, 0, "When a primary was lost, which node came, and what it cost clients."),
    SHOW(holds, CENSUS_HOLDS,
         "Clients that wait for a node that can serve them, instead of getting an error."),
    SHOW(lists, CENSUS_POOLS | CENSUS_NAMES | CENSUS_MEMORY, "How many there are of what."),
    SHOW(mem, CENSUS_MEMORY, "What memory is taken by, and at the end the heap in KiB."),
    SHOW(nodes, 0, "The PostgreSQL instances: what each is, how far it is behind, what it serves."),
    SHOW(peer_pools, CENSUS_POOLS, "Cancel requests on their way to peers, one row for each peer."),
    SHOW(peers, 0, "The lines of [peers]."),
    SHOW(pools, CENSUS_POOLS, "The pools, one row for each database and user."),
    SHOW(prepared_statements, CENSUS_PREPARED | CENSUS_QUERIES,
         "Prepared statements, once for each client and each server that has them."),
    SHOW(queries, CENSUS_QUERIES,
         "Statements without their constants: calls, rows, errors, times, where they ran."),
    SHOW(routes, CENSUS_STATS, "How many transactions went where, and why."),
    SHOW_AS("servers", clients, CENSUS_SERVERS, fill_servers, "Connections to PostgreSQL."),
    SHOW(sessions, CENSUS_CLIENTS, "Clients, where they are served, and what keeps them there."),
    SHOW(sockets, CENSUS_CLIENTS | CENSUS_SERVERS, "Clients and servers."),
    SHOW(state, 0, "Whether everything is paused."),
    SHOW(stats, CENSUS_STATS, "Totals and averages of each database."),
    SHOW(stats_averages, CENSUS_STATS, "Averages of each database."),
    SHOW(stats_totals, CENSUS_STATS, "Totals of each database."),
    SHOW(topology, 0, "Clusters: which node is the primary, which serve reads."),
    SHOW(totals, CENSUS_STATS, "Totals and averages of all databases together."),
    SHOW(users, 0, "Users of auth_file and [users]."),
    SHOW(version, 0, "The version."),
};

const struct show show_fds = SHOW_AS("fds", fds, CENSUS_CLIENTS | CENSUS_SERVERS, NULL, "Descriptors.");

const struct show *show_find(struct sv name)
{
        if (sv_ieq(name, sv_cstr(show_fds.name)))
                return &show_fds;
        for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
                if (sv_ieq(name, sv_cstr(list[i].name)))
                        return &list[i];
        return NULL;
}

const struct show *show_at(size_t i)
{
        return i < sizeof(list) / sizeof(list[0]) ? &list[i] : NULL;
}

void show_fill(const struct show *show, struct table *t, const struct scene *scene)
{
        table_init(t, show->columns, show->column_count);
        show->fill(t, scene);
}

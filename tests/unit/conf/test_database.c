#include "conf/conf.h"

#include "files.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* A line's hosts as "host:port," and whether it is a cluster, under each of the two sections. */
static const struct {
        const char *name, *line, *hosts;
        bool ours, theirs; /* cluster under [pgsteer], [pgbouncer] */
} rows[] = {
    {"nothing", "", "/var/run/pg:5432,", false, false},
    {"port alone", "port=5433", "/var/run/pg:5433,", false, false},
    {"one host", "host=h", "h:5432,", false, false},
    {"host and port", "host=10.0.0.1 port=5433", "10.0.0.1:5433,", false, false},
    {"directory", "host=/tmp port=5433", "/tmp:5433,", false, false},
    {"abstract socket", "host=@pg", "@pg:5432,", false, false},
    {"IPv6", "host=::1 port=1", "::1:1,", false, false},
    {"host list", "host=h1,h2", "h1:5432,h2:5432,", true, false},
    {"host list and a port", "host=h1,h2 port=6000", "h1:6000,h2:6000,", true, false},
    {"host list and ports", "host=h1,h2 port=6000,6001", "h1:6000,h2:6001,", true, true},
    {"quoted host list", "host='h1, h2'", "h1:5432,h2:5432,", true, false},
    {"same host, other ports", "host=h,h port=1,2", "h:1,h:2,", true, true},
    {"one host with a target", "host=h target_session_attrs=primary", "h:5432,", true, true},
    {"one host with a consistency", "host=h consistency=strong", "h:5432,", true, true},
    {"one host with a lag", "host=h max_standby_lag=5s", "h:5432,", true, true},
    {"one host with a weight", "host=h weight=3", "h:5432,", true, true},
    {"one host with a zone", "host=h zone=a", "h:5432,", true, true},
    {"one host with TLS", "host=h sslmode=require sslsni=0", "h:5432,", false, false},
    {"host list with TLS", "host=h1,h2 sslmode=require", "h1:5432,h2:5432,", true, false},
    {"hosts with a target", "host=h1,h2 target_session_attrs=auto", "h1:5432,h2:5432,", true, true},
    {"one host with a channel binding", "host=h channel_binding=require", "h:5432,", false, false},
    {"blanks around equals signs", "host = h  port = 1", "h:1,", false, false},
    {"tabs", "host=h\tport=1", "h:1,", false, false},
};

static void check_line(const struct conf *conf, const char *hosts, bool cluster)
{
        const struct conf_database *db = conf_find_database(conf, "app");
        char text[256] = "";
        size_t used = 0;

        UNIT_ASSERT(db != NULL);
        for (int i = 0; db != NULL && i < db->host_count; i++)
                used += (size_t)snprintf(text + used, sizeof(text) - used, "%s:%d,", db->hosts[i].host,
                                         db->hosts[i].port);
        UNIT_ASSERT(strcmp(text, hosts) == 0);
        UNIT_ASSERT(db != NULL && db->cluster == cluster);
        UNIT_ASSERT(db != NULL && db->local == (strncmp(hosts, "/var/run/pg", 11) == 0));
}

static void hosts_make_clusters(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                for (int ours = 0; ours < 2; ours++) {
                        struct conf *conf;
                        char text[512];

                        unit_row("%s, %s", rows[i].name, ours ? "pgsteer" : "pgbouncer");
                        /* The section that decides comes after the line. */
                        snprintf(
                            text, sizeof(text),
                            "[databases]\napp = %s\n[%s]\nauth_type = trust\nunix_socket_dir = /var/run/pg\n",
                            rows[i].line, ours ? "pgsteer" : "pgbouncer");
                        conf = files_load_good(text);
                        if (conf != NULL)
                                check_line(conf, rows[i].hosts, ours ? rows[i].ours : rows[i].theirs);
                        conf_unref(conf);
                }
        }
}

static void every_key_reaches_its_field(void)
{
        struct conf *conf = files_load_good(
            "[pgbouncer]\nauth_type = trust\n[databases]\n"
            "app = dbname=d user=u password='it''s' auth_user=au auth_query='SELECT 1' auth_dbname=ad "
            "pool_size=1 "
            "min_pool_size=2 reserve_pool_size=3 pool_mode=Transaction max_db_connections=4 "
            "max_db_client_connections=5 load_balance_hosts=disable server_lifetime=1.5 query_wait_timeout=7 "
            "connect_query='SET a=1; SET b=2' client_encoding=UTF8 datestyle=ISO timezone=UTC "
            "application_name='my app' target_session_attrs=prefer-standby consistency=eventual "
            "max_standby_lag=500ms max_standby_lag_bytes=16MB sslmode=verify-full sslnegotiation=direct "
            "sslrootcert=/ca sslcert=/c "
            "sslkey=/k sslcrl=/r sslsni=0 ssl_min_protocol_version=tlsv1.1 "
            "ssl_max_protocol_version=TLSv1.2\n");
        const struct conf_database *db = conf != NULL ? conf_find_database(conf, "app") : NULL;

        UNIT_ASSERT(db != NULL);
        if (db == NULL)
                return;
        UNIT_ASSERT(strcmp(db->dbname, "d") == 0 && strcmp(db->user, "u") == 0 &&
                    strcmp(db->password, "it's") == 0);
        UNIT_ASSERT(strcmp(db->auth_user, "au") == 0 && strcmp(db->auth_query, "SELECT 1") == 0);
        UNIT_ASSERT(strcmp(db->auth_dbname, "ad") == 0);
        UNIT_ASSERT(db->pool_size == 1 && db->min_pool_size == 2 && db->reserve_pool_size == 3);
        UNIT_ASSERT(db->pool_mode == POOL_TRANSACTION);
        UNIT_ASSERT(db->max_db_connections == 4 && db->max_db_client_connections == 5);
        UNIT_ASSERT(db->load_balance_hosts == 0);
        UNIT_ASSERT(db->server_lifetime_us == 1500000 && db->query_wait_timeout_us == 7000000);
        UNIT_ASSERT(strcmp(db->connect_query, "SET a=1; SET b=2") == 0);
        UNIT_ASSERT(strcmp(db->client_encoding, "UTF8") == 0 && strcmp(db->datestyle, "ISO") == 0);
        UNIT_ASSERT(strcmp(db->timezone, "UTC") == 0 && strcmp(db->application_name, "my app") == 0);
        UNIT_ASSERT(db->tls.sslmode == SSLMODE_VERIFY_FULL && db->tls.sslnegotiation == 1 &&
                    db->tls.sslsni == 0 && db->tls.ssl_min_protocol_version == 1 &&
                    db->tls.ssl_max_protocol_version == 2);
        UNIT_ASSERT(strcmp(db->tls.sslrootcert, "/ca") == 0 && strcmp(db->tls.sslcert, "/c") == 0 &&
                    strcmp(db->tls.sslkey, "/k") == 0 && strcmp(db->tls.sslcrl, "/r") == 0);
        UNIT_ASSERT(db->target == TARGET_PREFER_STANDBY && db->consistency == CONSISTENCY_EVENTUAL);
        UNIT_ASSERT(db->max_standby_lag_us == 500000 && db->max_standby_lag_bytes == 16 << 20 &&
                    db->line == 4);
        conf_unref(conf);
}

static void what_is_not_said_is_marked(void)
{
        struct conf *conf = files_load_good("[pgsteer]\nauth_type = trust\n[databases]\napp = host=h\n");
        const struct conf_database *db = conf != NULL ? conf_find_database(conf, "app") : NULL;

        UNIT_ASSERT(db != NULL);
        if (db == NULL)
                return;
        UNIT_ASSERT(db->dbname == NULL && db->user == NULL && db->password == NULL &&
                    db->connect_query == NULL);
        UNIT_ASSERT(db->pool_size == -1 && db->min_pool_size == -1 && db->pool_mode == -1);
        UNIT_ASSERT(db->server_lifetime_us == -1 && db->query_wait_timeout_us == -1);
        UNIT_ASSERT(db->consistency == -1 && db->max_standby_lag_us == -1 && db->max_standby_lag_bytes == -1);
        UNIT_ASSERT(db->tls.sslmode == -1 && db->tls.sslnegotiation == -1 && db->tls.sslsni == -1 &&
                    db->tls.sslrootcert == NULL && db->tls.sslcert == NULL);
        UNIT_ASSERT(db->target == TARGET_AUTO && db->load_balance_hosts == 1);
        conf_unref(conf);
}

static void a_time_of_zero_is_not_said_in_pgbouncers_manner(void)
{
        struct conf *theirs = files_load_good("[pgbouncer]\nauth_type=trust\n[databases]\n"
                                              "app = host=h server_lifetime=0 max_standby_lag=0\n");
        struct conf *ours = files_load_good("[pgsteer]\nauth_type=trust\n[databases]\n"
                                            "app = host=h server_lifetime=0\n");

        UNIT_ASSERT(theirs != NULL && theirs->databases[0].server_lifetime_us == -1);
        UNIT_ASSERT(theirs != NULL && theirs->databases[0].max_standby_lag_us == 0);
        UNIT_ASSERT(ours != NULL && ours->databases[0].server_lifetime_us == 0);
        conf_unref(theirs);
        conf_unref(ours);
}

static void targets_are_libpqs_words(void)
{
        static const struct {
                const char *word;
                enum target_attrs target;
        } words[] = {
            {"auto", TARGET_AUTO},
            {"any", TARGET_ANY},
            {"read-write", TARGET_READ_WRITE},
            {"read-only", TARGET_READ_ONLY},
            {"primary", TARGET_PRIMARY},
            {"standby", TARGET_STANDBY},
            {"prefer-standby", TARGET_PREFER_STANDBY},
        };

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                struct conf *conf;
                char text[256];

                unit_row("%s", words[i].word);
                snprintf(text, sizeof(text),
                         "[pgsteer]\nauth_type=trust\n[databases]\na = host=h target_session_attrs=%s\n",
                         words[i].word);
                conf = files_load_good(text);
                UNIT_ASSERT(conf != NULL && conf->databases[0].target == words[i].target);
                conf_unref(conf);
        }
}

static const struct conf_host *told; /* what Patroni says */
static int told_count;

static int members(void *arg, const char *patroni, struct conf_host *hosts)
{
        UNIT_ASSERT(arg == &told && strcmp(patroni, "http://p1:8008,http://p2,http://p1:8009") == 0);
        for (int i = 0; i < told_count; i++)
                hosts[i] = told[i];
        return told_count;
}

static void patroni_names_the_hosts(void)
{
        static const struct conf_host as_they_are[] = {{.host = "p1", .port = 5432},
                                                       {.host = "p2", .port = 5432}},
                                      others[] = {{.host = "p3", .port = 5433},
                                                  {.host = "p2", .port = 5432},
                                                  {.host = "p1", .port = 5432}};
        struct conf *conf = files_load_good("[pgsteer]\nauth_type=trust\n[databases]\n"
                                            "a = patroni=http://p1:8008,http://p2,http://p1:8009\n"
                                            "b = host=h patroni=http://p1:8008,http://p2,http://p1:8009\n"
                                            "c = host=h\n");
        struct conf *with, *set;
        char message[256];

        UNIT_ASSERT(conf->databases[0].host_count == 2 && conf->databases[0].cluster);
        UNIT_ASSERT(conf->databases[1].host_count == 1 && conf->databases[1].cluster);
        told_count = 0;
        UNIT_ASSERT(conf_with_members(conf, members, &told) == NULL);
        told = as_they_are;
        told_count = 2;
        with = conf_with_members(conf, members, &told);
        UNIT_ASSERT(with != NULL && with->databases[0].host_count == 2 && with->databases[1].host_count == 2);
        UNIT_ASSERT(conf_with_members(with, members, &told) == NULL);
        conf_unref(conf);
        conf = with;
        told = others;
        told_count = 3;
        with = conf_with_members(conf, members, &told);
        conf_unref(conf);
        UNIT_ASSERT(conf_with(with, "verbose", "1", &set, message, sizeof(message)) == STATUS_OK);
        conf_unref(with);
        UNIT_ASSERT(set->databases[1].host_count == 3 && set->databases[2].host_count == 1);
        UNIT_ASSERT(strcmp(set->databases[1].hosts[0].host, "p3") == 0 &&
                    set->databases[1].hosts[0].port == 5433);
        UNIT_ASSERT(strcmp(set->databases[2].hosts[0].host, "h") == 0);
        conf_unref(set);
}

static void hosts_have_shares_and_places(void)
{
        static const struct {
                const char *line, *says; /* NULL: it is good */
                int weights[3];
                const char *zones[3];
        } cases[] = {
            {"host=a,b,c", NULL, {1, 1, 1}, {NULL}},
            {"host=a,b,c weight=3,1,1000", NULL, {3, 1, 1000}, {NULL}},
            {"host=a,b,c weight=7 zone='x, y,x'", NULL, {7, 7, 7}, {"x", "y", "x"}},
            {"host=a,b,c zone=z", NULL, {1, 1, 1}, {"z", "z", "z"}},
            {"patroni=http://a,https://b:8008,http://c", NULL, {1, 1, 1}, {NULL}},
            {"patroni=a:8008", "patroni: \"a:8008\": it must begin with http://", {0}, {NULL}},
            {"host=a,b,c weight=1,2", "weight: there are 2 for 3 hosts", {0}, {NULL}},
            {"host=a,b,c zone=a,b,c,d", "zone: there are 4 for 3 hosts", {0}, {NULL}},
            {"host=a,b,c zone=a,,c", "zone: host b has none", {0}, {NULL}},
            {"host=a,b,c weight=1,0,1", "weight: \"0\" is not a number from 1 to 1000", {0}, {NULL}},
            {"host=a,b,c weight=1001", "weight: \"1001\" is not a number", {0}, {NULL}},
            {"host=a,b,c weight=99999999999999", "is not a number from 1", {0}, {NULL}},
            {"host=a,b,c weight=-1", "is not a number from 1", {0}, {NULL}},
            {"host=a,b,c weight=1,,2", "weight: \"\" is not a number", {0}, {NULL}},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct conf *conf;
                char text[256];

                unit_row("%s", cases[i].line);
                snprintf(text, sizeof(text), "[pgsteer]\nauth_type=trust\n[databases]\na = %s\n",
                         cases[i].line);
                if (cases[i].says != NULL) {
                        struct conf_report *report;

                        UNIT_ASSERT(files_load(text, &conf, &report) == STATUS_INVALID);
                        UNIT_ASSERT(strstr(files_findings(report), cases[i].says) != NULL);
                        conf_report_free(report);
                        continue;
                }
                conf = files_load_good(text);
                for (int j = 0; conf != NULL && j < 3; j++) {
                        const struct conf_host *host = &conf->databases[0].hosts[j];
                        const char *zone = cases[i].zones[j];

                        UNIT_ASSERT(host->weight == cases[i].weights[j]);
                        UNIT_ASSERT((host->zone == NULL) == (zone == NULL));
                        UNIT_ASSERT(zone == NULL || strcmp(host->zone, zone) == 0);
                }
                conf_unref(conf);
        }
}

static void names_are_found(void)
{
        struct conf *conf =
            files_load_good("[pgsteer]\nauth_type=trust\n[databases]\n"
                            "zeta = host=z\nalpha = host=a\n'my db' = host=q\n* = host=s\n[databases]\n"
                            "mid = host=m\nMID = host=M\n");
        static const struct {
                const char *name, *host;
        } names[] = {
            {"zeta", "z"}, {"alpha", "a"}, {"my db", "q"}, {"mid", "m"},
            {"MID", "M"},  {"other", "s"}, {"", "s"},      {"Alpha", "s"},
        };

        UNIT_ASSERT(conf != NULL && conf->database_count == 6);
        if (conf == NULL)
                return;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                unit_row("%s", names[i].name);
                UNIT_ASSERT(strcmp(conf_find_database(conf, names[i].name)->hosts[0].host, names[i].host) ==
                            0);
        }
        conf_unref(conf);
        conf = files_load_good("[pgsteer]\nauth_type=trust\n[databases]\na = host=a\n");
        UNIT_ASSERT(conf != NULL && conf_find_database(conf, "b") == NULL);
        conf_unref(conf);
}

static void peers_are_read(void)
{
        struct conf *conf = files_load_good("[databases]\na=host=h\n[pgsteer]\nauth_type=trust\n[peers]\n"
                                            "1 = host=/tmp/one\n2 = host=h port=7000 pool_size=3\n");

        UNIT_ASSERT(conf != NULL && conf->peer_count == 2);
        if (conf == NULL)
                return;
        UNIT_ASSERT(conf->peers[0].peer_id == 1 && conf->peers[0].host.port == 6432);
        UNIT_ASSERT(strcmp(conf->peers[0].host.host, "/tmp/one") == 0 && conf->peers[0].pool_size == -1);
        UNIT_ASSERT(conf->peers[1].peer_id == 2 && conf->peers[1].host.port == 7000 &&
                    conf->peers[1].pool_size == 3);
        conf_unref(conf);
}

UNIT_SUITE(conf_database, UNIT_CASE(hosts_make_clusters), UNIT_CASE(every_key_reaches_its_field),
           UNIT_CASE(what_is_not_said_is_marked), UNIT_CASE(a_time_of_zero_is_not_said_in_pgbouncers_manner),
           UNIT_CASE(targets_are_libpqs_words), UNIT_CASE(hosts_have_shares_and_places),
           UNIT_CASE(patroni_names_the_hosts), UNIT_CASE(names_are_found), UNIT_CASE(peers_are_read))

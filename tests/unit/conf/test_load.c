#include "conf/conf.h"

#include "files.h"
#include "tempdir.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A mistake in a file, and all that a person must be told about it. */
struct bad {
        const char *name, *text;
        int line;         /* that the finding names */
        const char *says; /* parts of its text, separated by '|' */
};

#define OURS   "[databases]\napp = host=h\n[pgsteer]\nauth_type = trust\n"
#define THEIRS "[databases]\napp = host=h\n[pgbouncer]\nauth_type = trust\n"
#define LINE   "[pgsteer]\nauth_type = trust\n[databases]\n"

static const struct bad bads[] = {
    /* the form of a file */
    {"nothing at all", "", 0, "no [pgsteer] section|write [pgsteer]"},
    {"no section", "pool_mode = session\n", 1, "pool_mode|before the first [section]"},
    {"no options section", "[databases]\napp = host=h\n", 0, "no [pgsteer] section"},
    {"both sections", OURS "[pgbouncer]\n", 5,
     "[pgbouncer]|has [pgsteer] already|test.ini:3|under one of them"},
    {"mistyped section", OURS "[database]\n", 5, "[database]|did you mean databases?"},
    {"unclosed section", OURS "[users\n", 5, "[users|no closing ]"},
    {"no equals sign", OURS "pool_mode transaction\n", 5, "pool_mode transaction|not key = value"},
    {"C++ comment", OURS "// hello\n", 5, "comment begins with ; or #"},
    {"SQL comment", OURS "-- hello\n", 5, "comment begins with ; or #"},
    {"percent line", OURS "%includes x\n", 5, "%includes x|%include FILE"},
    {"include nothing", OURS "%include\n", 5, "names no file"},
    {"include a missing file", OURS "%include DIR/none.ini\n", 5, "DIR/none.ini|No such file or directory"},
    {"include a relative missing file", OURS "%include none-such.ini\n", 5,
     "none-such.ini|No such file|working directory|absolute"},
    {"include itself", OURS "%include DIR/test.ini\n", 5, "DIR/test.ini|the file includes itself"},
    {"unquoted character in a name", LINE "a@b = host=h\n", 4, "a@b|must be quoted|'name' = value"},
    {"unclosed quote in a name", LINE "'ab = host=h\n", 4, "'ab|closing quote missing"},
    /* options: names */
    {"unknown option", OURS "frobnicate = 1\n", 5, "frobnicate is no option"},
    {"mistyped option", OURS "default_pool_sise = 1\n", 5,
     "default_pool_sise|did you mean default_pool_size?"},
    {"dashes", OURS "pool-mode = session\n", 5, "pool-mode|did you mean pool_mode?"},
    {"upper case", OURS "Pool_Mode = session\n", 5, "Pool_Mode|did you mean pool_mode?"},
    {"swapped letters", OURS "admin_uesrs = a\n", 5, "did you mean admin_users?"},
    {"key of a line", OURS "pool_size = 5\n", 5, "pool_size|[databases]|did you mean default_pool_size?"},
    {"another key of a line", OURS "target_session_attrs = any\n", 5,
     "target_session_attrs|key for a line of [databases]|NAME = ... target_session_attrs=any"},
    {"a database among options", OURS "other = host=h port=1\n", 5,
     "other|looks like a database|under [databases]"},
    {"an option among databases", LINE "listen_port = 6432\n", 4, "listen_port is an option|under [pgsteer]"},
    {"another pool's option", OURS "max_connections = 5\n", 5, "did you mean max_client_conn?"},
    /* options: values */
    {"comment behind a word", THEIRS "pool_mode = transaction # the pool\n", 5,
     "pool_mode|has a comment in it|line of its own|write pool_mode = transaction"},
    {"comment behind a number", OURS "listen_port = 6432 ; port\n", 5,
     "line of its own|write listen_port = 6432"},
    {"comment behind a list", OURS "listen_addr = * # all\n", 5, "line of its own|write listen_addr = *"},
    {"minutes in PgBouncer's manner", THEIRS "server_idle_timeout = 10min\n", 5,
     "server_idle_timeout|10min|plain number of seconds|write server_idle_timeout = 600"},
    {"milliseconds in PgBouncer's manner", THEIRS "query_wait_timeout = 500ms\n", 5,
     "write query_wait_timeout = 0.5"},
    {"m", OURS "server_idle_timeout = 10m\n", 5, "10m|write min"},
    {"m in PgBouncer's manner", THEIRS "server_idle_timeout = 10m\n", 5, "10m|plain number of seconds"},
    {"no time at all", OURS "server_idle_timeout = soon\n", 5, "soon|not a time|ms, s, min, h"},
    {"negative time", OURS "server_idle_timeout = -1\n", 5, "-1|negative"},
    {"endless time", OURS "server_idle_timeout = inf\n", 5, "inf|not a time"},
    {"too large a time", OURS "server_idle_timeout = 1e30\n", 5, "too large"},
    {"yes in PgBouncer's manner", THEIRS "log_connections = yes\n", 5,
     "yes|0 nor 1|write log_connections = 1"},
    {"off in PgBouncer's manner", THEIRS "log_connections = off\n", 5,
     "off|0 nor 1|write log_connections = 0"},
    {"no truth", OURS "log_connections = maybe\n", 5, "maybe|yes, no, on, off, true, false, 1 or 0"},
    {"two", OURS "log_connections = 2\n", 5, "2|neither yes nor no"},
    {"a negative time", THEIRS "server_lifetime = -1\n", 5, "server_lifetime|-1|negative"},
    {"a port without digits", "[databases]\na = host=h port=abc\n[pgbouncer]\n", 2, "port|abc|not a port"},
    {"no host in a list", "[databases]\na = host=, port=1\n[pgbouncer]\n", 2, "no name in the list"},
    {"too many nodes",
     "[databases]\na = host=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q consistency=strong\n[pgbouncer]\n", 2,
     "more than 16 hosts in a cluster"},
    {"two lines for a database", "[databases]\na = host=h\na = host=i\n[pgsteer]\nauth_type=trust\n", 3,
     "has a line already"},
    {"a word for a number", OURS "max_client_conn = many\n", 5, "many|not a whole number"},
    {"no number", OURS "max_client_conn =\n", 5, "max_client_conn|has no value|take the line out"},
    {"fraction", OURS "max_client_conn = 1.5\n", 5, "1.5|not a whole number"},
    {"port too large", OURS "listen_port = 65536\n", 5, "65536|from 1 to 65535"},
    {"port zero", OURS "listen_port = 0\n", 5, "from 1 to 65535"},
    {"number too large for us", OURS "max_client_conn = 99999999999999999999\n", 5, "not a whole number"},
    {"mistyped word", OURS "pool_mode = transactoin\n", 5,
     "pool_mode|transactoin|session, transaction, statement|did you mean transaction?"},
    {"scram", THEIRS "auth_type = scram\n", 5, "auth_type|scram|any, trust, plain, md5, scram-sha-256"},
    {"hba without rules", THEIRS "auth_type = hba\n", 5, "auth_type=hba requires auth_hba_file"},
    {"cert without verify-full", THEIRS "auth_type = cert\nclient_tls_sslmode = verify-ca\n", 5,
     "auth_type=cert requires client_tls_sslmode=SSLMODE_VERIFY_FULL"},
    {"cert without authorities", THEIRS "auth_type = cert\nclient_tls_sslmode = verify-full\n", 5,
     "auth_type=cert requires client_tls_ca_file"},
    {"mode without zero", OURS "unix_socket_mode = 770\n", 5, "770|decimal|write 0770"},
    {"mode in decimal", OURS "unix_socket_mode = 511\n", 5, "511|decimal|write 0511"},
    {"mode too large", OURS "unix_socket_mode = 01777\n", 5, "01777|from 00 to 0777"},
    {"network in listen_addr", OURS "listen_addr = 10.0.0.0/8\n", 5,
     "listen_addr|10.0.0.0/8|is a network|addresses that this machine has"},
    {"port in listen_addr", OURS "listen_addr = 0.0.0.0:6432\n", 5,
     "has a port in it|listen_addr = 0.0.0.0 and listen_port = 6432"},
    {"brackets in listen_addr", OURS "listen_addr = [::1]\n", 5, "[::1]|no brackets"},
    {"blanks in listen_addr", OURS "listen_addr = 10.0.0.1 10.0.0.2\n", 5, "commas between"},
    {"directory in listen_addr", OURS "listen_addr = /tmp\n", 5, "/tmp|unix_socket_dir"},
    {"console as auth_dbname", OURS "auth_dbname = pgbouncer\n", 5, "auth_dbname|pgbouncer|console"},
    {"auth without file", "[databases]\na=host=h\n[pgsteer]\nauth_type = md5\n", 4,
     "md5 needs auth_file|userlist.txt"},
    {"missing auth_file", "[databases]\na=host=h\n[pgsteer]\nauth_file = DIR/none.txt\n", 0,
     "cannot read auth_file|No such file"},
    /* lines of [databases] */
    {"mistyped key", LINE "a = hosts=h\n", 4, "[databases] a: hosts|did you mean host?"},
    {"unknown key", LINE "a = host=h colour=red\n", 4, "[databases] a: colour is not a key"},
    {"option on a line", LINE "a = host=h default_pool_size=40\n", 4,
     "default_pool_size|for one line it is pool_size"},
    {"other option on a line", LINE "a = host=h listen_backlog=4\n", 4,
     "listen_backlog is an option|[pgsteer]"},
    {"comment behind a line", LINE "a = host=h # main\n", 4, "# main|looks like a comment|line of its own"},
    {"comment without blank", LINE "a = host=h #main\n", 4, "#main|looks like a comment"},
    {"no value at the end", LINE "a = host=h port=\n", 4, "port= has no value|leave the key out"},
    {"no value before a key", LINE "a = host= port=5432\n", 4, "host= has no value"},
    {"empty quotes", LINE "a = host=h password=''\n", 4, "password= has no value"},
    {"unclosed quote", LINE "a = host=h password='x\n", 4, "password=|quote that does not end|''"},
    {"text after a quote", LINE "a = host=h password='it's'\n", 4, "password=|closing quote|''"},
    {"key without value", LINE "a = host=h foo\n", 4, "foo|is not key=value"},
    {"blanks in a host list", LINE "a = host=h1, h2\n", 4, "h2|no blanks after its commas"},
    {"URL", LINE "a = postgres://u:p@h:1/db?x=y\n", 4, "URL|host=... port=... dbname=..."},
    {"no number for a pool", LINE "a = host=h pool_size=big\n", 4, "pool_size|big|not a whole number"},
    {"port no number", LINE "a = host=h port=x\n", 4, "port|\"x\" is not a port|1 to 65535"},
    {"port too large on a line", LINE "a = host=h port=70000\n", 4, "port|70000|65535"},
    {"more ports than hosts", LINE "a = host=h port=1,2\n", 4, "2 ports for 1 host"},
    {"fewer ports than hosts", LINE "a = host=h1,h2,h3 port=1,2\n", 4, "2 ports for 3 hosts"},
    {"empty host", LINE "a = host=h1,,h2\n", 4, "host|empty name|comma"},
    {"same node twice", LINE "a = host=h1,h1\n", 4, "h1 port 5432|named twice"},
    {"port in a host", LINE "a = host=h1:5433\n", 4, "h1:5433|host=h1 port=5433"},
    {"brackets in a host", LINE "a = host=[::1]\n", 4, "[::1]|no brackets"},
    {"too many hosts", LINE "a = host=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n", 4, "more than 16 hosts"},
    {"unknown target", LINE "a = host=h target_session_attrs=master\n", 4,
     "target_session_attrs|master|auto, any, read-write, read-only, primary, standby, prefer-standby"},
    {"unknown consistency", LINE "a = host=h consistency=sesion\n", 4, "consistency|did you mean session?"},
    {"lag without number", LINE "a = host=h max_standby_lag=little\n", 4,
     "max_standby_lag|little|not a time"},
    {"unknown sslmode", LINE "a = host=h sslmode=verify\n", 4, "sslmode|verify|did you mean verify-ca?"},
    {"relative certificate", LINE "a = host=h sslmode=verify-ca sslrootcert=ca.crt\n", 4,
     "sslrootcert|\"ca.crt\" is not an absolute path"},
    {"relative key", LINE "a = host=h sslcert=/a.crt sslkey=a.key\n", 4, "sslkey|not an absolute path"},
    {"key alone", LINE "a = host=h sslkey=/a.key\n", 4, "sslcert= and sslkey= go together"},
    {"the system's authorities for no names", LINE "a = host=h sslmode=verify-ca sslrootcert=system\n", 4,
     "sslrootcert=system needs sslmode=verify-full"},
    {"direct where there may be no TLS", LINE "a = host=h sslmode=prefer sslnegotiation=direct\n", 4,
     "sslnegotiation=direct needs sslmode=require"},
    {"versions the wrong way round",
     LINE "a = host=h ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2\n", 4,
     "ssl_max_protocol_version is less than"},
    {"a version below the one not written", LINE "a = host=h ssl_max_protocol_version=TLSv1.1\n", 4,
     "less than ssl_min_protocol_version, which is TLSv1.2"},
    {"name of the console", LINE "pgbouncer = host=h\n", 4, "pgbouncer|console's|dbname=pgbouncer"},
    {"our name of the console", LINE "pgsteer = host=h\n", 4, "pgsteer|console's"},
    {"two lines for a name", LINE "a = host=h1\nb = host=h\na = host=h2\n", 6,
     "[databases] a|has a line already|test.ini:4|list all hosts on one line"},
    {"two fallbacks", LINE "* = host=h1\n* = host=h2\n", 5, "*: has a line already"},
    {"no host and no directory", "[pgsteer]\nauth_type=trust\nunix_socket_dir =\n[databases]\na =\n", 5,
     "no host=|unix_socket_dir is empty|write host="},
    /* lines of [users] and [peers] */
    {"unknown key of a user", OURS "[users]\nbob = pool_mod=session\n", 6,
     "[users] bob|did you mean pool_mode?"},
    {"no such mode for a user", OURS "[users]\nbob = pool_mode=fast\n", 6, "[users] bob: pool_mode|fast"},
    {"peer without number", OURS "[peers]\nx = host=h\n", 6, "[peers] x|number from 1 to 16383"},
    {"peer with half a certificate", OURS "[peers]\n1 = host=h sslcert=/a.crt\n", 6,
     "[peers] 1|sslcert= and sslkey= go together"},
    {"peer without host", OURS "[peers]\n1 = port=1\n", 6, "[peers] 1|no host="},
};

static int contains_all(const char *text, const char *parts)
{
        char part[256], expected[512];

        while (*parts != '\0') {
                size_t n = strcspn(parts, "|");
                const char *dir;

                snprintf(part, sizeof(part), "%.*s", (int)n, parts);
                dir = strstr(part, "DIR");
                if (dir != NULL)
                        snprintf(expected, sizeof(expected), "%.*s%s%s", (int)(dir - part), part, tempdir(),
                                 dir + 3);
                else
                        snprintf(expected, sizeof(expected), "%s", part);
                if (strstr(text, expected) == NULL)
                        return 0;
                parts += n + (parts[n] == '|');
        }
        return 1;
}

/* What PgBouncer takes, if not always for what was meant, is taken, and warned of. */
static void takes_what_pgbouncer_takes(void)
{
#define OPTION_ROW(name_, text_, says_, field_, value_)                                                      \
        {                                                                                                    \
                name_, "[databases]\na = host=h\n[pgbouncer]\n" text_ "\n", 4, says_,                        \
                    offsetof(struct options, field_), value_                                                 \
        }
        static const struct {
                const char *name, *text;
                int line;
                const char *says;
                size_t option; /* an int */
                int value;
        } rows[] = {
            OPTION_ROW("no client", "max_client_conn = -1", "-1|taken for 0", max_client_conn, 0),
            OPTION_ROW("a large number", "default_pool_size = 99999999999", "taken for 2147483647",
                       default_pool_size, INT32_MAX),
            OPTION_ROW("a negative pool", "default_pool_size = -1", "taken for 0", default_pool_size, 0),
            OPTION_ROW("another truth", "log_connections = 2", "taken for 1", log_connections, 2),
            OPTION_ROW("loud", "verbose = 5", "taken for 3", verbose, 3),
            OPTION_ROW("a facility that does not exist", "syslog_facility = x", "taken for daemon",
                       syslog_facility, 2),
            OPTION_ROW("a comment behind a text", "admin_users = a # b", "has a comment in it", verbose, 0),
        };
#undef OPTION_ROW

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct conf_report *report;
                struct conf *conf;
                bool found = false;

                unit_row("%s", rows[i].name);
                UNIT_ASSERT(files_load(rows[i].text, &conf, &report) == STATUS_OK);
                for (size_t j = 0; j < report->count; j++)
                        found = found || (report->problems[j].line == rows[i].line &&
                                          contains_all(report->problems[j].text, rows[i].says));
                UNIT_ASSERT(found);
                if (conf != NULL) {
                        const void *field = (const char *)&conf->opt + rows[i].option;

                        UNIT_ASSERT(*(const int *)field == rows[i].value);
                }
                conf_report_free(report);
                conf_unref(conf);
        }
}

static void takes_lines_that_pgbouncer_takes(void)
{
        static const struct {
                const char *name, *lines, *says;
                const char *host; /* of the first, what becomes of it */
                int hosts, port, pool_size;
                int64_t lifetime_s;
        } rows[] = {
            {"two lines", "a = host=h\na = host=i", "has a line already", "i", 1, 5432, -1, -1},
            {"digits in front", "a = host=h port=5433x pool_size=7x server_lifetime=9min", "taken for", "h",
             1, 5433, 7, 9},
            {"no digits", "a = host=h pool_size=many", "taken for 0", "h", 1, 5432, 0, -1},
            {"a negative size", "a = host=h pool_size=-5", "taken for not said", "h", 1, 5432, -1, -1},
            {"a large port", "a = host=h port=99999", "taken for 34463", "h", 1, 34463, -1, -1},
            {"a comma too many", "a = host=h,,i,", "an empty name", "h", 2, 5432, -1, -1},
            {"a port in a host", "a = host=h:1", "has a port in it", "h:1", 1, 5432, -1, -1},
            {"many hosts", "a = host=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t", NULL, "a", 20, 5432, -1, -1},
            {"a broken line of *", "a = host=h\n* = what ever", "nobody can connect by it", "h", 1, 5432, -1,
             -1},
            {"our console's name", "pgsteer = host=h", "is only to be had as pgbouncer", "h", 1, 5432, -1,
             -1},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct conf_database *line;
                struct conf_report *report;
                struct conf *conf;
                char text[256];

                unit_row("%s", rows[i].name);
                snprintf(text, sizeof(text), "[databases]\n%s\n[pgbouncer]\n", rows[i].lines);
                UNIT_ASSERT(files_load(text, &conf, &report) == STATUS_OK);
                UNIT_ASSERT(rows[i].says == NULL || strstr(files_findings(report), rows[i].says) != NULL);
                conf_report_free(report);
                if (conf == NULL)
                        continue;
                UNIT_ASSERT(conf->database_count == 1);
                line = &conf->databases[0];
                UNIT_ASSERT(!line->cluster && line->host_count == rows[i].hosts);
                UNIT_ASSERT(strcmp(line->hosts[0].host, rows[i].host) == 0 &&
                            line->hosts[0].port == rows[i].port);
                UNIT_ASSERT(line->pool_size == rows[i].pool_size);
                UNIT_ASSERT(line->server_lifetime_us ==
                            (rows[i].lifetime_s < 0 ? -1 : rows[i].lifetime_s * INT64_C(1000000)));
                conf_unref(conf);
        }
}

static void names_place_and_remedy(void)
{
        for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
                const struct bad *row = &bads[i];
                struct conf_report *report;
                struct conf *conf;
                int found = 0;

                unit_row("%s", row->name);
                UNIT_ASSERT(files_load(row->text, &conf, &report) == STATUS_INVALID);
                UNIT_ASSERT(conf == NULL);
                for (size_t j = 0; j < report->count; j++) {
                        const struct conf_problem *p = &report->problems[j];

                        found =
                            found || (p->fatal && p->line == row->line && contains_all(p->text, row->says));
                }
                UNIT_ASSERT(found);
                UNIT_ASSERT(report->fatal_count == 1);
                if (!found || report->fatal_count != 1)
                        fputs(files_findings(report), stderr);
                conf_report_free(report);
                conf_unref(conf);
        }
}

/* A file that works, but deserves a word. */
static const struct bad warnings[] = {
    {"HTTP for everybody", OURS "http_listen = 9187, *:9187\n", 5, "http_listen=*:9187 without http_token"},
    {"quoted option", OURS "logfile = '/x'\n", 5, "logfile|with its quotes|leave them out"},
    {"comment behind a query", OURS "server_reset_query = DISCARD ALL # all\n", 5,
     "server_reset_query|comment"},
    {"no database", "[pgsteer]\nauth_type=trust\n", 0, "no database|NAME = host="},
    {"PgBouncer without auth_file", "[databases]\na=host=h\n[pgbouncer]\n", 0,
     "md5 without auth_file|nobody"},
    {"section opened again", THEIRS "verbose = 1\n[pgbouncer]\n", 6,
     "opened again|test.ini:3|stays in force"},
    {"password without user", LINE "a = host=h password=x\n", 4, "password=|without user="},
    {"balancing a cluster", LINE "a = host=h1,h2 load_balance_hosts=disable\n", 4,
     "load_balance_hosts|cluster"},
    {"double quotes on a line", LINE "a = host=h dbname=\"x\"\n", 4, "dbname=|double quotes|single"},
    {"more kept than allowed", OURS "min_pool_size = 30\n", 5, "min_pool_size=30|default_pool_size=20"},
    {"user said twice", OURS "[users]\nu = pool_size=1\nu = pool_size=2\n", 7,
     "[users] u|line already|test.ini:6"},
};

static void warns_and_goes_on(void)
{
        for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
                const struct bad *row = &warnings[i];
                struct conf_report *report;
                struct conf *conf;

                unit_row("%s", row->name);
                UNIT_ASSERT(files_load(row->text, &conf, &report) == STATUS_OK);
                UNIT_ASSERT(conf != NULL && report->fatal_count == 0 && report->count == 1);
                if (report->count == 1)
                        UNIT_ASSERT(report->problems[0].line == row->line &&
                                    contains_all(report->problems[0].text, row->says));
                if (report->count != 1 || !contains_all(report->problems[0].text, row->says))
                        fputs(files_findings(report), stderr);
                conf_report_free(report);
                conf_unref(conf);
        }
}

static void says_nothing_about_defaults(void)
{
        static const char *const texts[] = {
            OURS
            "reserve_pool_size = 0\npkt_buf = 4096\nserver_tls_sslmode = prefer\nserver_round_robin = no\n",
            THEIRS "server_check_query = <empty>\nserver_check_delay = 30\nreserve_pool_timeout = 5.0\n",
            LINE "a = host=h max_db_connections=0 pool_size=-1\n",
            THEIRS "[databases]\na = host=h1,h1\n",
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct conf_report *report;
                struct conf *conf;

                unit_row("%zu", i);
                UNIT_ASSERT(files_load(texts[i], &conf, &report) == STATUS_OK);
                UNIT_ASSERT(report->count == 0);
                if (report->count > 0)
                        fputs(files_findings(report), stderr);
                conf_report_free(report);
                conf_unref(conf);
        }
}

static void finds_all_mistakes_at_once(void)
{
        static const char expected[] =
            "test.ini:2: [databases] a: port: \"x\" is not a port: write a number from 1 to "
            "65535\n"
            "test.ini:4: pool_mode: \"fast\" is not one of session, transaction, statement\n"
            "test.ini:5: nonsense is no option\n"
            "more.ini:2: [databases] b: host= has no value: write one, or leave the key out\n";
        struct conf_report *report;
        struct conf *conf;

        files_write("more.ini", "[databases]\nb = host=\n");
        UNIT_ASSERT(files_load("[databases]\na = host=h port=x\n[pgsteer]\npool_mode = fast\nnonsense = 1\n"
                               "auth_type = trust\n%include DIR/more.ini\n",
                               &conf, &report) == STATUS_INVALID);
        UNIT_ASSERT(report->fatal_count == 4);
        UNIT_ASSERT(strcmp(files_findings(report), expected) == 0);
        if (strcmp(files_findings(report), expected) != 0)
                fputs(files_findings(report), stderr);
        conf_report_free(report);
}

static void includes_ten_deep(void)
{
        struct conf_report *report;
        struct conf *conf;
        char name[32], text[64];

        for (int depth = 10; depth <= 11; depth++) {
                unit_row("%d", depth);
                for (int i = 1; i <= depth; i++) {
                        snprintf(name, sizeof(name), "deep%d.ini", i);
                        snprintf(text, sizeof(text),
                                 i < depth ? "%%include DIR/deep%d.ini\n" : "verbose = 2\n", i + 1);
                        files_write(name, text);
                }
                UNIT_ASSERT(files_load(OURS "%include DIR/deep1.ini\n", &conf, &report) ==
                            (depth == 10 ? STATUS_OK : STATUS_INVALID));
                if (depth == 10) {
                        UNIT_ASSERT(conf != NULL && conf->opt.verbose == 2);
                } else {
                        UNIT_ASSERT(report->fatal_count == 1 && report->problems[0].line == 1);
                        UNIT_ASSERT(strstr(report->problems[0].file, "deep10.ini") != NULL);
                        UNIT_ASSERT(strstr(report->problems[0].text, "more than 10 deep") != NULL);
                }
                conf_report_free(report);
                conf_unref(conf);
        }
}

static void bounds_the_number_of_findings(void)
{
        static char text[64 * 1024];
        struct conf_report *report;
        struct conf *conf;
        size_t used = (size_t)snprintf(text, sizeof(text), OURS);

        for (int i = 0; i < 2000; i++)
                used += (size_t)snprintf(text + used, sizeof(text) - used, "x%d = 1\n", i);
        UNIT_ASSERT(files_load(text, &conf, &report) == STATUS_INVALID);
        UNIT_ASSERT(report->fatal_count == 2000 && report->count == 501);
        UNIT_ASSERT(strstr(report->problems[500].text, "1500 more") != NULL);
        conf_report_free(report);
}

static void says_why_a_file_cannot_be_read(void)
{
        struct conf_report *report;
        struct conf *conf;
        char text[256];

        UNIT_ASSERT(conf_load("no-such-file.ini", &conf, &report) == STATUS_INVALID);
        UNIT_ASSERT(conf == NULL && report->count == 1);
        conf_problem_format(&report->problems[0], text, sizeof(text));
        UNIT_ASSERT(
            strcmp(text, "no-such-file.ini: cannot read the configuration file: No such file or directory") ==
            0);
        conf_report_free(report);
        UNIT_ASSERT(conf_load(tempdir(), &conf, &report) == STATUS_INVALID);
        UNIT_ASSERT(report->count == 1 && strstr(report->problems[0].text, "Is a directory") != NULL);
        conf_report_free(report);
        UNIT_ASSERT(conf_load("no-such-file.ini", &conf, NULL) == STATUS_INVALID);
}

static void warns_about_open_passwords(void)
{
        const char *path = files_write("open.ini", "[pgsteer]\nauth_type=trust\n[databases]\n"
                                                   "a = host=h user=u password=p\n");
        struct conf_report *report;
        struct conf *conf;

        for (int open = 0; open < 2; open++) {
                unit_row("%d", open);
                UNIT_ASSERT(chmod(path, open ? 0644 : 0640) == 0);
                UNIT_ASSERT(conf_load(path, &conf, &report) == STATUS_OK);
                UNIT_ASSERT(report->count == (size_t)open);
                if (open)
                        UNIT_ASSERT(strstr(report->problems[0].text, "chmod o-r") != NULL);
                conf_report_free(report);
                conf_unref(conf);
        }
}

UNIT_SUITE(conf_load, UNIT_CASE(names_place_and_remedy), UNIT_CASE(takes_what_pgbouncer_takes),
           UNIT_CASE(takes_lines_that_pgbouncer_takes), UNIT_CASE(warns_and_goes_on),
           UNIT_CASE(says_nothing_about_defaults), UNIT_CASE(finds_all_mistakes_at_once),
           UNIT_CASE(includes_ten_deep), UNIT_CASE(bounds_the_number_of_findings),
           UNIT_CASE(says_why_a_file_cannot_be_read), UNIT_CASE(warns_about_open_passwords))

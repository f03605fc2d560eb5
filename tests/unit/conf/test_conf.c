#include "conf/conf.h"

#include "files.h"
#include "tempdir.h"
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PLAIN "[databases]\napp = host=h\n[pgsteer]\nauth_type = trust\n"

static void options_are_typed(void)
{
        struct conf *conf =
            files_load_good("[databases]\napp=host=h\n[pgbouncer]\nlisten_addr = 127.0.0.1, ::1\n"
                            "listen_port = 7000\npool_mode = transaction\nauth_type = trust\n"
                            "server_idle_timeout = 2.5\nlog_connections = 0\nmax_standby_lag = 2s\n"
                            "routing = off\nunix_socket_mode = 0700\nscan_limit = 8kB\n"
                            "admin_users = a,b\n[pgbouncer]\nlisten_port = 7001\n");

        if (conf == NULL)
                return;
        UNIT_ASSERT(strcmp(conf->opt.listen_addr, "127.0.0.1, ::1") == 0);
        UNIT_ASSERT(conf->opt.listen_port == 7001);
        UNIT_ASSERT(conf->opt.pool_mode == POOL_TRANSACTION && conf->opt.auth_type == AUTH_TRUST);
        UNIT_ASSERT(conf->opt.server_idle_timeout_us == 2500000);
        UNIT_ASSERT(!conf->opt.log_connections && conf->opt.log_disconnections);
        UNIT_ASSERT(conf->opt.max_standby_lag_us == 2000000 && !conf->opt.routing);
        UNIT_ASSERT(conf->opt.unix_socket_mode == 0700 && conf->opt.scan_limit == 8192);
        UNIT_ASSERT(strcmp(conf->opt.logfile, "") == 0 && strcmp(conf->opt.health_check_user, "") == 0);
        UNIT_ASSERT(!conf->pgsteer_defaults && conf->opt.workers == 1 && !conf->opt.session_state);
        UNIT_ASSERT(conf_is_set(conf, option_find("listen_port")));
        UNIT_ASSERT(!conf_is_set(conf, option_find("listen_backlog")));
        conf_unref(conf);
        conf = files_load_good(PLAIN);
        if (conf == NULL)
                return;
        UNIT_ASSERT(conf->pgsteer_defaults && conf->opt.workers == 0 && conf->opt.session_state);
        UNIT_ASSERT(conf->opt.pool_mode == POOL_TRANSACTION && conf->opt.consistency == CONSISTENCY_SESSION);
        UNIT_ASSERT(conf->opt.failover_timeout_us == 30000000 && conf->opt.max_standby_lag_us == 10000000);
        UNIT_ASSERT(conf->opt.failover_queue_size == 10000 && !conf->opt.reads_need_standby &&
                    conf->opt.routing);
        conf_unref(conf);
}

static void paths_are_made_absolute(void)
{
        struct conf_report *report;
        struct conf *conf;
        char old[1024], expected[2048];

        files_write("rel.ini", "%include rel2.ini\n[pgsteer]\nauth_file = rel-users.txt\n");
        files_write("rel2.ini", "[databases]\napp = host=h\n");
        files_write("rel-users.txt", "\"a\" \"b\"\n");
        UNIT_ASSERT(getcwd(old, sizeof(old)) != NULL && chdir(tempdir()) == 0);
        UNIT_ASSERT(conf_load("rel.ini", &conf, &report) == STATUS_OK);
        UNIT_ASSERT(getcwd(expected, sizeof(expected) / 2) != NULL && chdir(old) == 0);
        strcat(expected, "/rel.ini");
        UNIT_ASSERT(conf != NULL && strcmp(conf->path, expected) == 0);
        UNIT_ASSERT(conf != NULL && conf->database_count == 1 && conf->user_count == 1);
        conf_report_free(report);
        conf_unref(conf);
}

static void set_makes_a_copy(void)
{
        struct conf *conf = files_load_good(PLAIN "admin_users = a\n"), *copy;
        char message[256] = "x", value[256];

        if (conf == NULL)
                return;
        UNIT_ASSERT(conf_with(conf, "default_pool_size", "7", &copy, message, sizeof(message)) == STATUS_OK);
        UNIT_ASSERT(copy != NULL && copy != conf && message[0] == '\0');
        UNIT_ASSERT(conf->opt.default_pool_size == 20 && copy->opt.default_pool_size == 7);
        UNIT_ASSERT(conf_is_set(copy, option_find("default_pool_size")));
        conf_unref(conf);
        /* The copy outlives what it was made from, lines and users included. */
        UNIT_ASSERT(conf_find_database(copy, "app") != NULL && conf_find_user(copy, "a")->admin);
        UNIT_ASSERT(strcmp(copy->opt.admin_users, "a") == 0);
        UNIT_ASSERT(conf_with(copy, "admin_users", "b, c", &conf, message, sizeof(message)) == STATUS_OK);
        conf_unref(copy);
        UNIT_ASSERT(conf != NULL && conf_find_user(conf, "a") == NULL && conf_find_user(conf, "c")->admin);
        conf_value(conf, option_find("default_pool_size"), value, sizeof(value));
        UNIT_ASSERT(strcmp(value, "7") == 0);
        conf_default(conf, option_find("default_pool_size"), value, sizeof(value));
        UNIT_ASSERT(strcmp(value, "20") == 0);
        conf_unref(conf);
}

static void set_reads_another_auth_file(void)
{
        struct conf *conf, *copy;
        char message[512], path[512];

        files_write("one.txt", "\"a\" \"1\"\n");
        snprintf(path, sizeof(path), "%s", files_write("two.txt", "\"b\" \"2\"\n"));
        conf = files_load_good(PLAIN "auth_file = DIR/one.txt\n[users]\na = pool_size=3\n");
        if (conf == NULL)
                return;
        UNIT_ASSERT(conf_with(conf, "auth_file", path, &copy, message, sizeof(message)) == STATUS_OK);
        UNIT_ASSERT(copy != NULL && strcmp(conf_find_user(copy, "b")->secret, "2") == 0);
        UNIT_ASSERT(copy != NULL && conf_find_user(copy, "a")->secret == NULL);
        UNIT_ASSERT(copy != NULL && conf_find_user(copy, "a")->pool_size == 3);
        UNIT_ASSERT(strcmp(conf_find_user(conf, "a")->secret, "1") == 0 && conf_find_user(conf, "b") == NULL);
        conf_unref(copy);
        UNIT_ASSERT(conf_with(conf, "auth_file", "/nonexistent", &copy, message, sizeof(message)) ==
                    STATUS_INVALID);
        UNIT_ASSERT(copy == NULL &&
                    strstr(message, "/nonexistent: cannot read auth_file: No such file") != NULL);
        conf_unref(conf);
}

static void set_says_what_it_does_not_do(void)
{
        static const struct {
                const char *key, *value;
                enum status status;
                const char *message;
        } rows[] = {
            {"default_pool_sise", "7", STATUS_ABSENT,
             "default_pool_sise is no option, did you mean default_pool_size?"},
            {"listen_port", "7", STATUS_DENIED, "listen_port cannot be changed while we run"},
            {"workers", "7", STATUS_DENIED, "restart"},
            {"default_pool_size", "x", STATUS_INVALID, "default_pool_size: \"x\" is not a whole number"},
            {"pool_mode", "fast", STATUS_INVALID, "pool_mode: \"fast\" is not one of"},
            {"auth_dbname", "pgbouncer", STATUS_INVALID, "the reserved \"pgbouncer\" database"},
            {"auth_type", "hba", STATUS_INVALID, "auth_type=hba requires auth_hba_file"},
            {"auth_type", "cert", STATUS_INVALID,
             "auth_type=cert requires client_tls_sslmode=SSLMODE_VERIFY_FULL"},
            {"auth_user", "bob", STATUS_OK, ""},
            {"server_idle_timeout", "10min", STATUS_OK, ""},
        };
        struct conf *conf = files_load_good(PLAIN);

        for (size_t i = 0; conf != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct conf *copy;
                char message[512];

                unit_row("%s=%s", rows[i].key, rows[i].value);
                UNIT_ASSERT(conf_with(conf, rows[i].key, rows[i].value, &copy, message, sizeof(message)) ==
                            rows[i].status);
                UNIT_ASSERT(strstr(message, rows[i].message) != NULL);
                UNIT_ASSERT((copy != NULL) == (rows[i].status == STATUS_OK));
                UNIT_ASSERT(rows[i].message[0] != '\0' || message[0] == '\0');
                conf_unref(copy);
        }
        conf_unref(conf);
}

/* What SHOW CONFIG shows can be given to SET, for every option and in both manners. */
static void shown_values_can_be_set(void)
{
        static const char *const texts[] = {PLAIN,
                                            "[databases]\napp = host=h\n[pgbouncer]\nauth_type = trust\n"};

        for (size_t i = 0; i < 2; i++) {
                struct conf *conf = files_load_good(texts[i]);

                for (size_t j = 0; conf != NULL && j < OPTION_COUNT; j++) {
                        const struct option_info *info = option_at(j);
                        struct conf *copy = NULL;
                        char value[512], again[512], message[512];

                        unit_row("%s under %s", info->name, i == 0 ? "pgsteer" : "pgbouncer");
                        conf_value(conf, info, value, sizeof(value));
                        if (!info->reloadable)
                                continue;
                        UNIT_ASSERT(conf_with(conf, info->name, value, &copy, message, sizeof(message)) ==
                                    STATUS_OK);
                        if (copy == NULL)
                                continue;
                        conf_value(copy, info, again, sizeof(again));
                        UNIT_ASSERT(strcmp(value, again) == 0);
                        conf_unref(copy);
                }
                conf_unref(conf);
        }
}

static void secrets_are_not_shown(void)
{
        struct conf *conf = files_load_good(PLAIN "health_check_user = m\nhealth_check_password = hush\n");
        char value[64];

        if (conf == NULL)
                return;
        conf_value(conf, option_find("health_check_password"), value, sizeof(value));
        UNIT_ASSERT(strcmp(value, "********") == 0);
        UNIT_ASSERT(strcmp(conf->opt.health_check_password, "hush") == 0);
        conf_value(conf, option_find("auth_ldap_options"), value, sizeof(value));
        UNIT_ASSERT(strcmp(value, "") == 0);
        conf_unref(conf);
}

static void *take_and_give_back(void *arg)
{
        struct conf *conf = arg;

        for (int i = 0; i < 20000; i++)
                conf_unref(conf_ref(conf));
        return NULL;
}

static void counting_is_for_all_threads(void)
{
        struct conf *conf = files_load_good(PLAIN);
        pthread_t threads[4];

        if (conf == NULL)
                return;
        for (int i = 0; i < 4; i++)
                UNIT_ASSERT(pthread_create(&threads[i], NULL, take_and_give_back, conf) == 0);
        for (int i = 0; i < 4; i++)
                UNIT_ASSERT(pthread_join(threads[i], NULL) == 0);
        UNIT_ASSERT(conf_find_database(conf, "app") != NULL);
        conf_unref(conf);
        conf_unref(NULL);
        conf_report_free(NULL);
}

UNIT_SUITE(conf_conf, UNIT_CASE(options_are_typed), UNIT_CASE(paths_are_made_absolute),
           UNIT_CASE(set_makes_a_copy), UNIT_CASE(set_reads_another_auth_file),
           UNIT_CASE(set_says_what_it_does_not_do), UNIT_CASE(shown_values_can_be_set),
           UNIT_CASE(secrets_are_not_shown), UNIT_CASE(counting_is_for_all_threads))

#include "conf/conf.h"

#include "files.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define WITH_FILE "[databases]\napp = host=h\n[pgsteer]\nauth_file = DIR/users.txt\n"

/* A userlist's text, and its users as "name=secret;". */
static const struct {
        const char *name, *text, *users;
} goods[] = {
    {"empty", "", ""},
    {"one", "\"a\" \"b\"\n", "a=b;"},
    {"no newline", "\"a\" \"b\"", "a=b;"},
    {"sorted", "\"z\" \"1\"\n\"a\" \"2\"\n", "a=2;z=1;"},
    {"comments", "; \"x\" \"y\"\n# \"x\" \"y\"\n\"a\" \"b\"\n", "a=b;"},
    {"rest of the line", "\"a\" \"b\" \"c\" d ; e\n", "a=b;"},
    {"blanks", "  \"a\"\t  \"b\"\r\n\n", "a=b;"},
    {"no blank between", "\"a\"\"b\" \"c\"\n", "a\"b=c;"},
    {"doubled quotes", "\"a\"\"b\" \"c\"\"\"\n", "a\"b=c\";"},
    {"empty secret", "\"a\" \"\"\n", "a=;"},
    {"odd characters", "\"a b\" \"c;d#e'f\"\n", "a b=c;d#e'f;"},
    {"SCRAM", "\"a\" \"SCRAM-SHA-256$4096:c2FsdA==$eA==:eQ==\"\n",
     "a=SCRAM-SHA-256$4096:c2FsdA==$eA==:eQ==;"},
};

static void secrets_are_read(void)
{
        for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
                struct conf *conf;
                char text[512] = "";
                size_t used = 0;

                unit_row("%s", goods[i].name);
                files_write("users.txt", goods[i].text);
                conf = files_load_good(WITH_FILE);
                for (size_t j = 0; conf != NULL && j < conf->user_count; j++)
                        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s=%s;",
                                                 conf->users[j].name, conf->users[j].secret);
                UNIT_ASSERT(strcmp(text, goods[i].users) == 0);
                conf_unref(conf);
        }
}

static const struct {
        const char *name, *text;
        int line;
        const char *says;
        bool fatal;
} bads[] = {
    {"no quotes", "\"a\" \"b\"\nc d\n", 2, "not \"user\" \"secret\"", true},
    {"unclosed name", "\"a\n", 1, "not \"user\" \"secret\"", true},
    {"no secret", "\"a\"\n\"b\" \"c\"\n", 1, "user \"a\" has no secret", true},
    {"unclosed secret", "\"a\" \"b\n", 1, "user \"a\" has no secret", true},
    {"empty name", "\"\" \"b\"\n", 1, "name is empty", true},
    {"user twice", "\"a\" \"1\"\n\"b\" \"1\"\n\"a\" \"2\"\n", 3, "\"a\" is on line 1 already", false},
    {"md5 for SCRAM", "\"x\" \"p\"\n\"a\" \"md50123456789abcdef0123456789abcdef\"\n", 2,
     "1 user, \"a\" first, can't log in with auth_type=scram-sha-256", false},
};

static void mistakes_are_named(void)
{
        for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
                struct conf_report *report;
                struct conf *conf;

                unit_row("%s", bads[i].name);
                files_write("users.txt", bads[i].text);
                UNIT_ASSERT(files_load(WITH_FILE, &conf, &report) ==
                            (bads[i].fatal ? STATUS_INVALID : STATUS_OK));
                UNIT_ASSERT(report->count == 1 && report->fatal_count == (size_t)bads[i].fatal);
                if (report->count == 1) {
                        UNIT_ASSERT(report->problems[0].line == bads[i].line);
                        UNIT_ASSERT(strstr(report->problems[0].file, "users.txt") != NULL);
                        UNIT_ASSERT(strstr(report->problems[0].text, bads[i].says) != NULL);
                        UNIT_ASSERT(strncmp(report->problems[0].text, "auth_file: ", 11) == 0);
                }
                if (report->count != 1)
                        fputs(files_findings(report), stderr);
                conf_report_free(report);
                conf_unref(conf);
        }
}

static void too_long_is_refused(void)
{
        static char text[70000];
        static const struct {
                const char *name;
                size_t name_length, secret_length;
                bool good;
        } rows[] = {
            {"just right", 127, 65530, true},
            {"name", 128, 1, false},
            {"secret", 1, 65531, false},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct conf_report *report;
                struct conf *conf;
                char *p = text;

                unit_row("%s", rows[i].name);
                *p++ = '"';
                p = (char *)memset(p, 'n', rows[i].name_length) + rows[i].name_length;
                memcpy(p, "\" \"", 3);
                p = (char *)memset(p + 3, 's', rows[i].secret_length) + rows[i].secret_length;
                memcpy(p, "\"\n", 3);
                files_write("users.txt", text);
                UNIT_ASSERT(files_load(WITH_FILE, &conf, &report) ==
                            (rows[i].good ? STATUS_OK : STATUS_INVALID));
                UNIT_ASSERT(rows[i].good || (report->count == 1 && report->problems[0].line == 1 &&
                                             strstr(report->problems[0].text, "too long: at most") != NULL));
                conf_report_free(report);
                conf_unref(conf);
        }
}

static void open_files_are_warned_of(void)
{
        struct conf_report *report;
        struct conf *conf;

        UNIT_ASSERT(chmod(files_write("users.txt", "\"a\" \"b\"\n"), 0644) == 0);
        UNIT_ASSERT(files_load(WITH_FILE, &conf, &report) == STATUS_OK);
        UNIT_ASSERT(report->count == 1 && strstr(report->problems[0].text, "chmod o-r") != NULL);
        conf_report_free(report);
        conf_unref(conf);
}

static void a_missing_file_matters_when_it_is_needed(void)
{
        static const struct {
                const char *type, *section;
                bool fatal;
        } rows[] = {{"any", "pgsteer", false},
                    {"trust", "pgsteer", false},
                    {"plain", "pgsteer", true},
                    {"md5", "pgsteer", true},
                    {"scram-sha-256", "pgsteer", true},
                    /* PgBouncer starts, and nobody can log in. */
                    {"md5", "pgbouncer", false}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct conf_report *report;
                struct conf *conf;
                char text[256];

                unit_row("%s, [%s]", rows[i].type, rows[i].section);
                snprintf(text, sizeof(text),
                         "[databases]\na=host=h\n[%s]\nauth_type = %s\nauth_file = DIR/none.txt\n",
                         rows[i].section, rows[i].type);
                UNIT_ASSERT(files_load(text, &conf, &report) == (rows[i].fatal ? STATUS_INVALID : STATUS_OK));
                UNIT_ASSERT(report->count == 1 && strstr(report->problems[0].text, "No such file") != NULL);
                conf_report_free(report);
                conf_unref(conf);
        }
}

static void all_places_are_put_together(void)
{
        struct conf *conf;
        const struct conf_user *u;

        files_write("users.txt", "\"bob\" \"1\"\n\"alice\" \"2\"\n");
        conf = files_load_good(WITH_FILE
                               "admin_users = root, alice\nstats_users = mon,alice, root\n"
                               "[users]\nbob = pool_mode=session pool_size=7 client_idle_timeout=1.5 "
                               "idle_transaction_timeout=1min query_wait_timeout=3 consistency=strong\n"
                               "carl = pool_size=0 target_session_attrs=prefer-standby\n");
        UNIT_ASSERT(conf != NULL && conf->user_count == 5);
        if (conf == NULL)
                return;
        u = conf_find_user(conf, "bob");
        UNIT_ASSERT(u != NULL && strcmp(u->secret, "1") == 0 && !u->admin && !u->stats);
        UNIT_ASSERT(u != NULL && u->pool_mode == POOL_SESSION && u->pool_size == 7);
        UNIT_ASSERT(u != NULL && u->client_idle_timeout_us == 1500000);
        UNIT_ASSERT(u != NULL && u->idle_transaction_timeout_us == 60000000);
        UNIT_ASSERT(u != NULL && u->query_wait_timeout_us == 3000000 && u->query_timeout_us == -1);
        UNIT_ASSERT(u != NULL && u->transaction_timeout_us == -1 && u->max_user_connections == -1);
        UNIT_ASSERT(u != NULL && u->consistency == CONSISTENCY_STRONG);
        UNIT_ASSERT(u != NULL && u->target == -1);
        u = conf_find_user(conf, "alice");
        UNIT_ASSERT(u != NULL && u->consistency == -1);
        UNIT_ASSERT(u != NULL && strcmp(u->secret, "2") == 0 && u->admin && u->stats && u->pool_size == -1);
        u = conf_find_user(conf, "root");
        UNIT_ASSERT(u != NULL && u->secret == NULL && u->admin && u->stats);
        u = conf_find_user(conf, "mon");
        UNIT_ASSERT(u != NULL && u->secret == NULL && !u->admin && u->stats);
        u = conf_find_user(conf, "carl");
        UNIT_ASSERT(u != NULL && u->secret == NULL && u->pool_size == 0 && !u->stats);
        UNIT_ASSERT(u != NULL && u->target == TARGET_PREFER_STANDBY);
        UNIT_ASSERT(conf_find_user(conf, "dora") == NULL && conf_find_user(conf, "") == NULL);
        for (size_t i = 1; i < conf->user_count; i++)
                UNIT_ASSERT(strcmp(conf->users[i - 1].name, conf->users[i].name) < 0);
        conf_unref(conf);
}

static void the_last_of_two_counts(void)
{
        struct conf_report *report;
        struct conf *conf;
        const struct conf_user *u;

        files_write("users.txt", "\"a\" \"1\"\n\"a\" \"2\"\n");
        UNIT_ASSERT(files_load(WITH_FILE "[users]\na = pool_size=1 max_user_connections=5\na = pool_size=2\n",
                               &conf, &report) == STATUS_OK);
        u = conf != NULL ? conf_find_user(conf, "a") : NULL;
        UNIT_ASSERT(u != NULL && strcmp(u->secret, "2") == 0 && u->pool_size == 2 &&
                    u->max_user_connections == -1);
        conf_report_free(report);
        conf_unref(conf);
}

UNIT_SUITE(conf_users, UNIT_CASE(secrets_are_read), UNIT_CASE(mistakes_are_named),
           UNIT_CASE(too_long_is_refused), UNIT_CASE(open_files_are_warned_of),
           UNIT_CASE(a_missing_file_matters_when_it_is_needed), UNIT_CASE(all_places_are_put_together),
           UNIT_CASE(the_last_of_two_counts))

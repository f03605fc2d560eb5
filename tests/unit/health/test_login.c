#include "conf/conf.h"
#include "health/login.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define MD5   "md5d41d8cd98f00b204e9800998ecf8427e"
#define SCRAM "SCRAM-SHA-256$4096:c2FsdA==$a:b"

static bool same(const char *a, const char *b)
{
        return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void chooses_in_order(void)
{
        static const struct {
                const char *row;
                const char *opt_user, *opt_password, *opt_dbname, *opt_auth_user;
                struct conf_database line;
                const char *secret; /* of every user; passfile has "filed" for hu */
                const char *user, *password, *dbname;
        } rows[] = {
            {"nothing is said", "", "", "", "", {.name = "app"}, NULL, "postgres", NULL, "app"},
            {"the fallback line", "", "", "", "", {.name = "*"}, NULL, "postgres", NULL, "postgres"},
            {"the line's database",
             "",
             "",
             "",
             "",
             {.name = "app", .dbname = "real"},
             NULL,
             "postgres",
             NULL,
             "real"},
            {"the option's database",
             "",
             "",
             "db",
             "",
             {.name = "app", .dbname = "real"},
             NULL,
             "postgres",
             NULL,
             "db"},
            {"auth_user", "", "", "", "au", {.name = "app"}, NULL, "au", NULL, "app"},
            {"the line's auth_user",
             "",
             "",
             "",
             "au",
             {.name = "app", .auth_user = "lau"},
             NULL,
             "lau",
             NULL,
             "app"},
            {"the line's user",
             "",
             "",
             "",
             "au",
             {.name = "app", .user = "lu", .password = "lp", .auth_user = "lau"},
             NULL,
             "lu",
             "lp",
             "app"},
            {"health_check_user",
             "hu",
             "hp",
             "",
             "",
             {.name = "app", .user = "lu", .password = "lp"},
             NULL,
             "hu",
             "hp",
             "app"},
            {"not the password of another",
             "hu",
             "",
             "",
             "",
             {.name = "app", .user = "lu", .password = "lp"},
             NULL,
             "hu",
             "filed",
             "app"},
            {"a plain secret", "hu", "", "", "", {.name = "app"}, "plain", "hu", "plain", "app"},
            {"an md5 secret is no password", "hu", "", "", "", {.name = "app"}, MD5, "hu", "filed", "app"},
            {"a SCRAM secret is none", "hu", "", "", "", {.name = "app"}, SCRAM, "hu", "filed", "app"},
            {"passfile", "hu", "", "", "", {.name = "app"}, NULL, "hu", "filed", "app"},
            {"the line's password, for any user",
             "hu",
             "",
             "",
             "",
             {.name = "app", .password = "lp"},
             NULL,
             "hu",
             "lp",
             "app"},
            {"the line's password first",
             "",
             "",
             "",
             "",
             {.name = "app", .user = "lu", .password = "lp"},
             "plain",
             "lu",
             "lp",
             "app"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct conf_user users[] = {{.name = "hu"}, {.name = "lu"}};
                static const struct conf_passline filed[] = {
                    {"h:5432:other:hu:no", "no"},
                    {"other:5432:*:hu:no", "no"},
                    {"h:5432:*:hu:filed", "filed"},
                };
                struct conf conf = {.users = users,
                                    .user_count = rows[i].secret != NULL ? 2 : 0,
                                    .passlines = filed,
                                    .passline_count = 3};
                struct probe_target target = {.host = "h", .port = 5432};

                users[0].secret = users[1].secret = rows[i].secret;
                conf.opt.server_tls_protocols = "secure";
                conf.opt.server_tls_ca_file = conf.opt.server_tls_cert_file = "";
                conf.opt.server_tls_key_file = conf.opt.server_tls_crl_file = "";
                conf.opt.health_check_user = rows[i].opt_user;
                conf.opt.health_check_password = rows[i].opt_password;
                conf.opt.health_check_dbname = rows[i].opt_dbname;
                conf.opt.auth_user = rows[i].opt_auth_user;
                login_choose(&conf, &rows[i].line, &target);
                unit_row("%s", rows[i].row);
                UNIT_ASSERT(same(target.user, rows[i].user));
                UNIT_ASSERT(same(target.password, rows[i].password));
                UNIT_ASSERT(same(target.dbname, rows[i].dbname));
        }
}

static void the_environment_says_nothing(void)
{
        static const char *const names[] = {"PGPASSWORD", "PGSSLMODE", "PGREQUIREPEER", "PGSERVICE", "PGTZ"};
        const char *had = getenv("PGPASSFILE");

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                setenv(names[i], "x", 1);
        setenv("PGPASSFILE", "/f", 1);
        libpq_forget_environment();
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                unit_row("%s", names[i]);
                UNIT_ASSERT(getenv(names[i]) == NULL);
        }
        UNIT_ASSERT(same(getenv("PGPASSFILE"), "/f"));
        if (had == NULL)
                unsetenv("PGPASSFILE");
}

UNIT_SUITE(health_login, UNIT_CASE(chooses_in_order), UNIT_CASE(the_environment_says_nothing))

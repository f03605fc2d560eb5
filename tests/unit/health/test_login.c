#include "conf/conf.h"
#include "health/login.h"

#include "unit.h"

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
                const char *secret; /* of every user */
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
             NULL,
             "app"},
            {"a plain secret", "hu", "", "", "", {.name = "app"}, "plain", "hu", "plain", "app"},
            {"an md5 secret is no password", "hu", "", "", "", {.name = "app"}, MD5, "hu", NULL, "app"},
            {"a SCRAM secret is none", "hu", "", "", "", {.name = "app"}, SCRAM, "hu", NULL, "app"},
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
                struct conf conf = {.users = users, .user_count = rows[i].secret != NULL ? 2 : 0};
                struct probe_target target = {0};

                users[0].secret = users[1].secret = rows[i].secret;
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

UNIT_SUITE(health_login, UNIT_CASE(chooses_in_order))

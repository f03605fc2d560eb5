#include "health/login.h"

#include "conf/conf.h"

#include <string.h>

static bool is_set(const char *text)
{
        return text != NULL && *text != '\0';
}

static bool is_plain(const char *secret)
{
        bool md5 = strncmp(secret, "md5", 3) == 0 && strlen(secret) == 35;

        return !md5 && strncmp(secret, "SCRAM-SHA-256$", strlen("SCRAM-SHA-256$")) != 0;
}

static const char *choose_user(const struct conf *conf, const struct conf_database *line)
{
        const char *const wishes[] = {conf->opt.health_check_user, line->user, line->auth_user,
                                      conf->opt.auth_user};

        for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
                if (is_set(wishes[i]))
                        return wishes[i];
        return "postgres";
}

static const char *choose_password(const struct conf *conf, const struct conf_database *line,
                                   const char *user)
{
        const struct conf_user *known;

        if (is_set(conf->opt.health_check_password))
                return conf->opt.health_check_password;
        if (is_set(line->user) && is_set(line->password) && strcmp(user, line->user) == 0)
                return line->password;
        known = conf_find_user(conf, user);
        return known != NULL && is_set(known->secret) && is_plain(known->secret) ? known->secret : NULL;
}

void login_choose(const struct conf *conf, const struct conf_database *line, struct probe_target *target)
{
        target->user = choose_user(conf, line);
        target->password = choose_password(conf, line, target->user);
        if (is_set(conf->opt.health_check_dbname))
                target->dbname = conf->opt.health_check_dbname;
        else if (is_set(line->dbname))
                target->dbname = line->dbname;
        else
                target->dbname = strcmp(line->name, "*") == 0 ? "postgres" : line->name;
}

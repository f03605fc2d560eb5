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
                                   const struct probe_target *target)
{
        struct conf_host host = {.host = target->host, .port = target->port};
        const struct conf_user *known = conf_find_user(conf, target->user);

        if (is_set(conf->opt.health_check_password))
                return conf->opt.health_check_password;
        if (is_set(line->password) && (!is_set(line->user) || strcmp(target->user, line->user) == 0))
                return line->password;
        if (known != NULL && is_set(known->secret) && is_plain(known->secret))
                return known->secret;
        return conf_find_password(conf, &host, target->dbname, target->user);
}

static const char *choose_dbname(const struct conf *conf, const struct conf_database *line)
{
        if (is_set(conf->opt.health_check_dbname))
                return conf->opt.health_check_dbname;
        if (is_set(line->dbname))
                return line->dbname;
        return strcmp(line->name, "*") == 0 ? "postgres" : line->name;
}

void login_choose(const struct conf *conf, const struct conf_database *line, struct probe_target *target)
{
        target->user = choose_user(conf, line);
        if (target->dbname == NULL)
                target->dbname = choose_dbname(conf, line);
        target->password = choose_password(conf, line, target);
        trust_choose(conf, line, target->host, &target->trust);
}

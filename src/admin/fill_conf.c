#include "admin/fill.h"

#include "admin/version.h"
#include "conf/value.h"

#include <string.h>

/* auth_query and longer are no secrets, passwords are, to administrators too: a console answer is easily
 * copied. */
static bool is_secret(const struct option_info *info)
{
        size_t n = strlen(info->name);

        return info->kind == KIND_SECRET || (n >= 8 && strcmp(info->name + n - 8, "password") == 0);
}

/* Those that PgBouncer shows as null while they are not set. */
static bool is_null_when_unset(const char *name)
{
        static const char *const names[] = {"auth_dbname",
                                            "auth_file",
                                            "auth_ident_file",
                                            "auth_ldap_options",
                                            "auth_user",
                                            "client_tls13_ciphers",
                                            "conffile",
                                            "server_tls13_ciphers",
                                            "user"};

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (strcmp(name, names[i]) == 0)
                        return true;
        return false;
}

static void value_text(struct table *t, const struct conf *conf, const struct option_info *info)
{
        char text[4096];

        conf_value(conf, info, text, sizeof(text));
        if (text[0] == 0 && strcmp(info->name, "conffile") == 0)
                table_text(t, conf->path);
        else if (text[0] == 0 && is_null_when_unset(info->name))
                table_null(t);
        else if (info->type == OPTION_OCTAL &&
                 !conf->pgsteer_defaults) /* a number like others to PgBouncer */
                table_textf(t, "%lld", (long long)value_load(info, &conf->opt));
        else
                table_text(t, is_secret(info) && text[0] != 0 ? "********" : text);
}

void fill_config(struct table *t, const struct scene *s)
{
        char text[4096];

        for (size_t i = 0; i < OPTION_COUNT; i++) {
                const struct option_info *info = option_at(i);

                table_text(t, info->name);
                value_text(t, s->conf, info);
                conf_default(s->conf, info, text, sizeof(text));
                table_text(t, (is_null_when_unset(info->name) && text[0] == 0) ||
                                      strcmp(info->name, "verbose") == 0
                                  ? NULL
                                  : text);
                table_text(t, info->reloadable ? "yes" : "no");
        }
}

void fill_all(struct table *t, const struct scene *s)
{
        for (size_t i = 0; i < OPTION_COUNT; i++) {
                const struct option_info *info = option_at(i);

                table_text(t, info->name);
                value_text(t, s->conf, info);
                table_text(t, info->text);
        }
}

void fill_version(struct table *t, const struct scene *s)
{
        (void)s;
        table_text(t, CONSOLE_VERSION);
}

static void state_row(struct table *t, const char *key, bool value)
{
        table_text(t, key);
        table_text(t, value ? "yes" : "no");
}

void fill_state(struct table *t, const struct scene *s)
{
        state_row(t, "active", !s->paused->all && !s->paused->suspended);
        state_row(t, "paused", s->paused->all);
        state_row(t, "suspended", s->paused->suspended);
}

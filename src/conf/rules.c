#include "conf/rules.h"

#include "base/ip.h"
#include "conf/database.h"
#include "conf/listen.h"
#include "conf/report.h"
#include "conf/route_list.h"
#include "conf/suggest.h"

#include <arpa/inet.h>
#include <stdio.h>

static bool is_address(const char *text)
{
        struct in6_addr address;

        return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* One item of listen_addr. */
static bool check_listen_item(struct sv item, char *why, size_t size)
{
        char text[256], *colon, *slash;

        if (item.n >= sizeof(text)) {
                snprintf(why, size, "has an address of more than %zu bytes", sizeof(text) - 1);
                return false;
        }
        snprintf(text, sizeof(text), "%.*s", SV_ARG(item));
        if (is_address(text) || strcmp(text, "*") == 0)
                return true;
        slash = strchr(text, '/');
        colon = strrchr(text, ':');
        if (slash == text)
                snprintf(why, size, "\"%s\" is a directory: the Unix socket's goes into unix_socket_dir",
                         text);
        else if (slash != NULL)
                snprintf(why, size,
                         "\"%s\" is a network: write addresses that this machine has, or * for all; who may "
                         "connect "
                         "is said elsewhere",
                         text);
        else if (*text == '[')
                snprintf(why, size,
                         "\"%s\": an IPv6 address has no brackets here, and the port goes into listen_port",
                         text);
        else if (colon != NULL)
                snprintf(why, size, "\"%s\" has a port in it: write listen_addr = %.*s and listen_port = %s",
                         text, (int)(colon - text), text, colon + 1);
        else if (strpbrk(text, " \t") != NULL)
                snprintf(why, size, "\"%s\" has a blank in it: put commas between addresses", text);
        else
                return true;
        return false;
}

/* One item of proxy_protocol_from. */
static bool check_proxy_item(struct sv item, char *why, size_t size)
{
        struct ip_net net;

        if (sv_is(item, "unix"))
                return true;
        if (!ip_net_parse(item, &net))
                snprintf(why, size,
                         "\"%.*s\" is no address: write addresses, networks such as 10.0.0.0/8, or unix",
                         (int)(item.n < 100 ? item.n : 100), item.p);
        else if (ip_net_is_stray(&net))
                snprintf(why, size, "\"%.*s\" has bits outside its prefix, so that nobody is in it",
                         SV_ARG(item));
        else
                return true;
        return false;
}

bool rules_check_text(const struct option_info *info, const char *text, char *why, size_t size)
{
        struct sv item;

        if (option_id(info) == OPTION_ID_listen_addr) {
                while (option_list_next(&text, &item))
                        if (!check_listen_item(item, why, size))
                                return false;
        }
        if (option_id(info) == OPTION_ID_proxy_protocol_from) {
                while (option_list_next(&text, &item))
                        if (!check_proxy_item(item, why, size))
                                return false;
        }
        if (option_id(info) == OPTION_ID_http_listen) {
                struct listen_item parsed;

                while (option_list_next(&text, &item))
                        if (!listen_item_parse(item, &parsed, why, size))
                                return false;
        }
        if (option_id(info) == OPTION_ID_route_primary || option_id(info) == OPTION_ID_route_standby)
                return route_list_check(text, why, size);
        if (option_id(info) == OPTION_ID_auth_dbname && strcmp(text, "pgbouncer") == 0) {
                snprintf(why, size,
                         "cannot use the reserved \"pgbouncer\" database as an auth_dbname: it is the "
                         "console, which has "
                         "no users; name a database of a server");
                return false;
        }
        return true;
}

/* Other pools' names, and those of the wrong section. */
static const struct {
        const char *wrong, *right;
} known_mistakes[] = {
    {"pool_size", "default_pool_size"},
    {"reserve_pool", "reserve_pool_size"},
    {"service_name", "job_name"},
    {"max_connections", "max_client_conn"},
    {"max_clients", "max_client_conn"},
    {"port", "listen_port"},
    {"bind", "listen_addr"},
    {"workers_count", "workers"},
    {"threads", "workers"},
};

/* "host=... dbname=...": the beginning of a database line. */
static bool looks_like_line(const char *value)
{
        size_t n = strcspn(value, "= "), count;
        const struct option_info *keys = database_keys(&count);

        for (size_t i = 0; value[n] == '=' && i < count; i++)
                if (sv_is(sv_from(value, n), keys[i].name))
                        return true;
        return false;
}

void rules_unknown_option(const char *key, const char *value, char *why, size_t size)
{
        struct suggest near = {.word = sv_cstr(key)};
        const struct option_info *keys;
        size_t count;
        char meant[96];

        if (looks_like_line(value)) {
                snprintf(why, size, "is no option; it looks like a database: put the line under [databases]");
                return;
        }
        keys = database_keys(&count);
        for (size_t i = 0; i < sizeof(known_mistakes) / sizeof(known_mistakes[0]); i++)
                if (strcasecmp(key, known_mistakes[i].wrong) == 0) {
                        bool on_line = false;

                        for (size_t j = 0; j < count; j++)
                                on_line = on_line || strcmp(keys[j].name, key) == 0;
                        snprintf(why, size, "is no option%s, did you mean %s?",
                                 on_line ? " but a key for a line of [databases]" : "",
                                 known_mistakes[i].right);
                        return;
                }
        for (size_t i = 0; i < OPTION_COUNT; i++)
                suggest_offer(&near, sv_cstr(option_at(i)->name));
        if (near.best.n == 0) {
                for (size_t i = 0; i < count; i++)
                        if (strcmp(keys[i].name, key) == 0) {
                                snprintf(why, size,
                                         "is no option but a key for a line of [databases]: write NAME = ... "
                                         "%s=%s",
                                         key, value);
                                return;
                        }
        }
        snprintf(why, size, "is no option%s", suggest_text(&near, meant, sizeof(meant)));
}

bool rules_need_auth_file(const struct options *opt)
{
        switch ((enum auth_type)opt->auth_type) {
        case AUTH_PLAIN:
        case AUTH_MD5:
        case AUTH_SCRAM: return true;
        case AUTH_ANY:
        case AUTH_TRUST:
        case AUTH_CERT:
        case AUTH_HBA:
        case AUTH_LDAP:
        case AUTH_PAM: return false;
        }
        return false;
}

bool rules_auth_complete(const struct options *opt, char *why, size_t size)
{
        *why = '\0';
        if (opt->auth_type == AUTH_HBA && *opt->auth_hba_file == '\0')
                snprintf(why, size, "auth_type=hba requires auth_hba_file");
        else if (opt->auth_type == AUTH_CERT && opt->client_tls_sslmode != SSLMODE_VERIFY_FULL)
                snprintf(why, size, "auth_type=cert requires client_tls_sslmode=SSLMODE_VERIFY_FULL");
        else if (opt->auth_type == AUTH_CERT && *opt->client_tls_ca_file == '\0')
                snprintf(why, size, "auth_type=cert requires client_tls_ca_file");
        return *why == '\0';
}

static void check_auth(const struct conf *conf, const int *lines, struct report *report)
{
        const char *type = "auth_type";
        char word[32], why[128];

        if (!rules_auth_complete(&conf->opt, why, sizeof(why)))
                report_error(report, conf->path, lines[OPTION_ID_auth_type], "%s", why);
        if (conf->opt.auth_type == AUTH_LDAP && *conf->opt.auth_ldap_options == '\0')
                report_warn(report, conf->path, lines[OPTION_ID_auth_type],
                            "%s=ldap without auth_ldap_options: nobody can log in", type);
        if (!rules_need_auth_file(&conf->opt) || *conf->opt.auth_file != '\0')
                return;
        /* There was one, and what is wrong with it has been said. */
        if (lines[OPTION_ID_auth_file] != 0 && !conf->set[OPTION_ID_auth_file])
                return;
        conf_value(conf, option_at(OPTION_ID_auth_type), word, sizeof(word));
        if (conf->pgsteer_defaults)
                report_error(
                    report, conf->path, lines[OPTION_ID_auth_type],
                    "%s=%s needs auth_file, or nobody can log in: write auth_file = userlist.txt, with a "
                    "line \"user\" \"password\" for each user",
                    type, word);
        else
                report_warn(report, conf->path, lines[OPTION_ID_auth_type],
                            "%s=%s without auth_file: nobody can log in", type, word);
}

/* A secret that the method cannot use is only found out when its user logs in, unless it is said here. */
static void check_secrets(const struct conf *conf, const struct user_parts *secrets, struct report *report)
{
        const struct user_part *first = NULL;
        size_t count = 0;

        for (size_t i = 0; i < secrets->count; i++) {
                const char *secret = secrets->items[i].user.secret;
                bool md5 = strncmp(secret, "md5", 3) == 0 && strlen(secret) == 35 &&
                           strspn(secret + 3, "0123456789abcdefABCDEF") == 32;

                if (!md5 || conf->opt.auth_type != AUTH_SCRAM)
                        continue;
                if (count++ == 0 || secrets->items[i].line < first->line)
                        first = &secrets->items[i];
        }
        if (count > 0)
                report_warn(
                    report, first->file, first->line,
                    "auth_file: %zu user%s, \"%s\" first, can't log in with auth_type=scram-sha-256: their "
                    "secrets are md5; put SCRAM-SHA-256 secrets or passwords there, or use auth_type=md5",
                    count, count == 1 ? "" : "s", first->user.name);
}

/* What is shown there is no secret, but names of databases, users and clients. */
static void check_http(const struct conf *conf, const int lines[OPTION_COUNT], struct report *report)
{
        const char *rest = conf->opt.http_listen;
        struct listen_item parsed;
        struct sv item;
        char why[256];

        while (conf->opt.http_token[0] == '\0' && option_list_next(&rest, &item))
                if (listen_item_parse(item, &parsed, why, sizeof(why)) && !listen_item_is_local(&parsed))
                        report_warn(report, conf->path, lines[OPTION_ID_http_listen],
                                    "http_listen=%.*s without http_token: everybody who reaches it can read "
                                    "there what SHOW shows",
                                    SV_ARG(item));
}

void rules_check(const struct conf *conf, const struct user_parts *secrets, const int lines[OPTION_COUNT],
                 struct report *report)
{
        const struct options *opt = &conf->opt;

        check_auth(conf, lines, report);
        check_secrets(conf, secrets, report);
        check_http(conf, lines, report);
        if (opt->default_pool_size > 0 && opt->min_pool_size > opt->default_pool_size)
                report_warn(
                    report, conf->path, lines[OPTION_ID_min_pool_size],
                    "min_pool_size=%d is more than default_pool_size=%d, which is all that can be opened",
                    opt->min_pool_size, opt->default_pool_size);
        if (conf->database_count == 0)
                report_warn(report, conf->path, 0,
                            "there is no database: write [databases] and under it NAME = host=... port=...");
}

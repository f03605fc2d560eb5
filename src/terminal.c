#include "terminal.h"

#include "top/top.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char usage[] = "Usage: pgsteer top [--once] CONFIG_FILE | CONNECTION\n\n"
                            "Shows what a running pgsteer does, once a second. CONFIG_FILE: its own, to find "
                            "its console by; CONNECTION: as for\n"
                            "psql, for instance \"host=127.0.0.1 port=6432 user=admin dbname=pgbouncer\". "
                            "Passwords come from PGPASSFILE, as ever.\n\n"
                            "      --once   print everything, and exit\n";

/* The first word of a list, "" when there is none. */
static void first_word(const char *list, char *out, size_t size)
{
        struct sv word;

        snprintf(out, size, "%s", "");
        if (option_list_next(&list, &word))
                snprintf(out, size, "%.*s", SV_ARG(word));
}

/* How the console of that configuration is reached: by its Unix socket as who it runs as, else over TCP. */
static void console_of(const struct conf *conf, char *out, size_t size)
{
        const struct options *opt = &conf->opt;
        char host[256], user[256];

        first_word(opt->unix_socket_dir, host, sizeof(host));
        if (host[0] != '\0') {
                snprintf(out, size, "host='%s' port=%d user=pgbouncer dbname=pgbouncer", host,
                         opt->listen_port);
                return;
        }
        first_word(opt->listen_addr, host, sizeof(host));
        first_word(opt->admin_users, user, sizeof(user));
        if (user[0] == '\0')
                first_word(opt->stats_users, user, sizeof(user));
        snprintf(out, size, "host='%s' port=%d user='%s' dbname=pgbouncer",
                 host[0] == '\0' || strcmp(host, "*") == 0 ? "127.0.0.1" : host, opt->listen_port,
                 user[0] == '\0' ? "pgbouncer" : user);
}

int terminal(int argc, char **argv, struct conf *(*load)(const char *file))
{
        bool once = argc > 1 && strcmp(argv[1], "--once") == 0;
        const char *what = argc == 2 + once ? argv[1 + once] : NULL;
        char conninfo[1024];
        struct conf *conf;

        if (what == NULL || what[0] == '-') {
                bool asked = what != NULL && (strcmp(what, "-h") == 0 || strcmp(what, "--help") == 0);

                fputs(usage, asked ? stdout : stderr);
                return asked ? 0 : 1;
        }
        if (strchr(what, '=') != NULL || strstr(what, "://") != NULL)
                return top(what, once);
        conf = load(what);
        if (conf == NULL)
                return 1;
        console_of(conf, conninfo, sizeof(conninfo));
        conf_unref(conf);
        return top(conninfo, once);
}

#include "conf/conf.h"

#include "files.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char file[] = "# *:*:*:*:comment\n"
                           "db1:5432:app:joe:one\n"
                           "db1:*:app:joe:two\r\n"
                           "*:*:*:b\\:c\\\\d:colon \\: and \\\\ back\\slash:rest\n"
                           "localhost:*:*:joe:here\n"
                           "incomplete:5432:app\n"
                           "\n"
                           "::1:*:*:joe:never\n"
                           "\\:\\:1:*:*:joe:six\n"
                           "*:*:empty:joe:\n"
                           "*:*:*:last:end";

static const struct {
        const char *name, *host;
        int port;
        const char *database, *user, *password; /* NULL: none */
} rows[] = {
    {"every field", "db1", 5432, "app", "joe", "one"},
    {"any port", "db1", 5433, "app", "joe", "two"},
    {"a longer host", "db10", 5432, "app", "joe", NULL},
    {"a shorter host", "db", 5432, "app", "joe", NULL},
    {"another database", "db1", 5432, "apps", "joe", NULL},
    {"escapes", "db1", 1, "x", "b:c\\d", "colon : and \\ backslash"},
    {"the socket in the usual directory", "/var/run/postgresql", 5432, "x", "joe", "here"},
    {"a socket elsewhere", "/run/pg", 5432, "x", "joe", NULL},
    {"IPv6", "::1", 5432, "x", "joe", "six"},
    {"an empty one", "db1", 5432, "empty", "joe", ""},
    {"the last line, without a line feed", "h", 1, "d", "last", "end"},
};

static struct conf *load(mode_t mode, const char **findings)
{
        const char *path = files_write("pgpass", file);
        struct conf *conf;
        struct conf_report *report;

        chmod(path, mode);
        (void)!files_load(
            "[databases]\napp = host=db1\n[pgsteer]\nauth_type = trust\npassfile = DIR/pgpass\n", &conf,
            &report);
        *findings = files_findings(report);
        conf_report_free(report);
        return conf;
}

static void finds_what_libpq_finds(void)
{
        const char *findings;
        struct conf *conf = load(0600, &findings);

        UNIT_ASSERT(conf != NULL);
        for (size_t i = 0; conf != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct conf_host host = {.host = rows[i].host, .port = rows[i].port};
                const char *got = conf_find_password(conf, &host, rows[i].database, rows[i].user);

                unit_row("%s", rows[i].name);
                UNIT_ASSERT((got == NULL) == (rows[i].password == NULL));
                UNIT_ASSERT(got == NULL || rows[i].password == NULL || strcmp(got, rows[i].password) == 0);
        }
        conf_unref(conf);
}

static void wants_it_private(void)
{
        static const mode_t modes[] = {0640, 0604, 0610};

        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
                struct conf_host host = {.host = "db1", .port = 5432};
                const char *findings;
                struct conf *conf = load(modes[i], &findings);

                unit_row("mode %o", modes[i]);
                UNIT_ASSERT(strstr(findings, "password file has group or world access") != NULL);
                UNIT_ASSERT(conf != NULL && conf_find_password(conf, &host, "app", "joe") == NULL);
                conf_unref(conf);
        }
}

UNIT_SUITE(conf_passfile, UNIT_CASE(finds_what_libpq_finds), UNIT_CASE(wants_it_private))

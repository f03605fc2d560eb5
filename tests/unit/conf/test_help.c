#include "conf/conf.h"

#include "conf/ini.h"
#include "files.h"
#include "tempdir.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEGIN                                                                                                \
        "<!-- options: begin. Made by conf_help_markdown; UNIT_WRITE=1 build/unit conf_help writes it. "     \
        "-->\n"
#define END "<!-- options: end -->\n"

static char *written_by(void (*write)(FILE *out))
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        UNIT_ASSERT(f != NULL);
        if (f != NULL) {
                write(f);
                fclose(f);
        }
        return text;
}

static void help_has_every_option(void)
{
        char *text = written_by(conf_help), *markdown = written_by(conf_help_markdown);

        for (size_t i = 0; i < OPTION_COUNT; i++) {
                const struct option_info *info = option_at(i);
                char line[128];

                unit_row("%s", info->name);
                snprintf(line, sizeof(line), "\n%s (", info->name);
                UNIT_ASSERT(strstr(text, line) != NULL && strstr(text, info->text) != NULL);
                snprintf(line, sizeof(line), "\n| `%s` | ", info->name);
                UNIT_ASSERT(strstr(markdown, line) != NULL);
        }
        UNIT_ASSERT(strstr(text, "listen_port (number, 1 to 65535; default \"6432\"; restart)") != NULL);
        UNIT_ASSERT(strstr(text,
                           "pool_mode (session, transaction, statement; default \"session\", under [pgsteer] "
                           "\"transaction\"; reload)") != NULL);
        UNIT_ASSERT(strstr(text, "\ntarget_session_attrs (auto, any,") != NULL);
        free(text);
        free(markdown);
}

/* The manual's tables are what the program says. */
static void the_manual_is_up_to_date(void)
{
        const char *path = "docs/configuration.md";
        char *manual, *begin, *end, *tables = written_by(conf_help_markdown);
        size_t size;

        unit_row("%s, from the root of the tree", path);
        UNIT_ASSERT(file_read(path, &manual, &size, NULL) == STATUS_OK);
        if (manual == NULL)
                return;
        begin = strstr(manual, BEGIN);
        end = strstr(manual, END);
        UNIT_ASSERT(begin != NULL && end != NULL);
        if (begin != NULL && end != NULL) {
                char *inside = begin + strlen(BEGIN);
                bool same =
                    strlen(tables) == (size_t)(end - inside) && strncmp(tables, inside, strlen(tables)) == 0;
                FILE *f = !same && getenv("UNIT_WRITE") != NULL ? fopen(path, "w") : NULL;

                if (f != NULL) {
                        fprintf(f, "%.*s%s%s", (int)(inside - manual), manual, tables, end);
                        fclose(f);
                }
                UNIT_ASSERT(same || f != NULL);
        }
        file_release(manual, size);
        free(tables);
}

/* Whoever starts from the samples starts without a single finding. */
static void the_samples_are_good(void)
{
        static const char *const samples[] = {"config/pgsteer.ini", "config/pgbouncer.ini"};
        char old[1024];

        UNIT_ASSERT(getcwd(old, sizeof(old)) != NULL);
        for (size_t i = 0; i < 2; i++) {
                struct conf_report *report;
                struct conf *conf;
                char *text, *userlist;
                size_t size, list_size;

                unit_row("%s, from the root of the tree", samples[i]);
                UNIT_ASSERT(file_read(samples[i], &text, &size, NULL) == STATUS_OK);
                UNIT_ASSERT(file_read("config/userlist.txt", &userlist, &list_size, NULL) == STATUS_OK);
                if (text == NULL || userlist == NULL)
                        return;
                files_write("userlist.txt", userlist);
                files_write("sample.ini", text);
                UNIT_ASSERT(chdir(tempdir()) == 0);
                UNIT_ASSERT(conf_load("sample.ini", &conf, &report) == STATUS_OK);
                UNIT_ASSERT(chdir(old) == 0);
                UNIT_ASSERT(report->count == 0);
                if (report->count > 0)
                        fputs(files_findings(report), stderr);
                UNIT_ASSERT(conf != NULL && conf_find_user(conf, "admin")->admin);
                UNIT_ASSERT(conf != NULL && conf_find_user(conf, "app")->secret != NULL);
                UNIT_ASSERT(conf != NULL && conf_find_database(conf, "app")->cluster == (i == 0));
                conf_report_free(report);
                conf_unref(conf);
                file_release(text, size);
                file_release(userlist, list_size);
        }
}

UNIT_SUITE(conf_help, UNIT_CASE(help_has_every_option), UNIT_CASE(the_manual_is_up_to_date),
           UNIT_CASE(the_samples_are_good))

#include "files.h"

#include "base/check.h"
#include "tempdir.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *files_write(const char *name, const char *text)
{
        static char paths[8][512];
        static int next;
        char *path = paths[next++ % 8];
        FILE *f;

        snprintf(path, sizeof(paths[0]), "%s/%s", tempdir(), name);
        f = fopen(path, "w");
        CHECK(f != NULL);
        for (const char *p = text; *p != '\0'; p++) {
                if (strncmp(p, "DIR", 3) == 0) {
                        fputs(tempdir(), f);
                        p += 2;
                } else {
                        fputc(*p, f);
                }
        }
        CHECK(fclose(f) == 0);
        CHECK(chmod(path, 0600) == 0);
        return path;
}

enum status files_load(const char *text, struct conf **out, struct conf_report **report)
{
        return conf_load(files_write("test.ini", text), out, report);
}

struct conf *files_load_good(const char *text)
{
        struct conf_report *report;
        struct conf *conf;
        enum status status = files_load(text, &conf, &report);

        UNIT_ASSERT(status == STATUS_OK);
        if (status != STATUS_OK)
                fputs(files_findings(report), stderr);
        conf_report_free(report);
        return conf;
}

const char *files_findings(const struct conf_report *report)
{
        static char out[65536];
        size_t used = 0;

        out[0] = '\0';
        for (size_t i = 0; i < report->count && used < sizeof(out); i++) {
                const struct conf_problem *p = &report->problems[i];
                const char *file = strrchr(p->file, '/');

                used += (size_t)snprintf(out + used, sizeof(out) - used, "%s%s:%d: %s\n", p->fatal ? "" : "!",
                                         file != NULL ? file + 1 : p->file, p->line, p->text);
        }
        return out;
}

#include "conf/ini.h"

#include "conf/report.h"
#include "files.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* A file's text, and its entries as "line [section]" and "line key=value", each with ';' behind it. */
static const struct {
        const char *name, *text, *entries;
} rows[] = {
    {"empty", "", ""},
    {"blank lines", "\n  \n\t\n", ""},
    {"comments", "; a\n# b\n  ; c\n\t# d\n;[x]\n", ""},
    {"section and key", "[a]\nk = v\n", "1 [a];2 k=v;"},
    {"no newline at the end", "[a]\nk = v", "1 [a];2 k=v;"},
    {"no blanks", "[a]\nk=v\n", "1 [a];2 k=v;"},
    {"many blanks", "[a]\n \t k \t = \t v w \t \n", "1 [a];2 k=v w;"},
    {"carriage returns", "[a]\r\nk = v\r\n", "1 [a];2 k=v;"},
    {"indented section", "  [a]\n  k = v\n", "1 [a];2 k=v;"},
    {"no value", "[a]\nk =\nl = \n", "1 [a];2 k=;3 l=;"},
    {"a value has all of its line", "[a]\nk = v ; w # x = y\n", "1 [a];2 k=v ; w # x = y;"},
    {"quotes of a value stay", "[a]\nk = 'v'\n", "1 [a];2 k='v';"},
    {"all bare characters", "[a]\n*_.-Az09 = v\n", "1 [a];2 *_.-Az09=v;"},
    {"quoted key", "[a]\n'my db@x' = v\n", "1 [a];2 my db@x=v;"},
    {"quote in a quoted key", "[a]\n'it''s' = v\n", "1 [a];2 it's=v;"},
    {"double quotes", "[a]\n\"a \"\"b\"\"\" = v\n", "1 [a];2 a \"b\"=v;"},
    {"section opened twice", "[a]\nk = 1\n[b]\n[a]\nk = 2\n", "1 [a];2 k=1;3 [b];4 [a];5 k=2;"},
    {"comment behind a section", "[a] ; here\n[b]# there\n", "1 [a];2 [b];"},
    {"key behind a section", "[a] k = v\n", "1 [a];1 k=v;"},
    {"section names are exact", "[ a ]\nk = v\n", "1 [ a ];2 k=v;"},
    {"byte order mark", "\xef\xbb\xbf[a]\nk = v\n", "1 [a];2 k=v;"},
    {"include", "[a]\n%include DIR/inc.ini\nl = 2\n", "1 [a];1 i=1;2 [z];3 j=2;3 l=2;"},
    {"percent in a value", "[a]\nk = %include x\n", "1 [a];2 k=%include x;"},
};

static void lines_become_entries(void)
{
        files_write("inc.ini", "i = 1\n[z]\nj = 2\n");
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct report *report = report_new();
                struct arena arena = {0};
                struct ini ini = {0};
                char text[1024] = "";
                size_t used = 0;

                unit_row("%s", rows[i].name);
                ini_read(&ini, files_write("ini.ini", rows[i].text), &arena, report);
                for (size_t j = 0; j < ini.count; j++) {
                        const struct ini_entry *e = &ini.entries[j];

                        used += (size_t)(e->key == NULL ? snprintf(text + used, sizeof(text) - used,
                                                                   "%d [%s];", e->line, e->section)
                                                        : snprintf(text + used, sizeof(text) - used,
                                                                   "%d %s=%s;", e->line, e->key, e->value));
                }
                UNIT_ASSERT(report_errors(report) == 0);
                UNIT_ASSERT(strcmp(text, rows[i].entries) == 0);
                ini_release(&ini);
                arena_release(&arena);
                conf_report_free(report_finish(report));
        }
}

static void an_included_section_stays_open(void)
{
        struct report *report = report_new();
        struct arena arena = {0};
        struct ini ini = {0};

        files_write("inc.ini", "[z]\n");
        ini_read(&ini, files_write("ini.ini", "[a]\n%include DIR/inc.ini\nk = v\n"), &arena, report);
        UNIT_ASSERT(ini.count == 3 && strcmp(ini.entries[2].section, "z") == 0);
        UNIT_ASSERT(strstr(ini.entries[1].file, "inc.ini") != NULL);
        UNIT_ASSERT(strstr(ini.entries[2].file, "ini.ini") != NULL);
        ini_release(&ini);
        arena_release(&arena);
        conf_report_free(report_finish(report));
}

static void nul_bytes_are_no_text(void)
{
        const char *path = files_write("nul.ini", "");
        FILE *f = fopen(path, "w");
        size_t size = 9;
        char *text;

        UNIT_ASSERT(f != NULL && fwrite("[a]\n\0k=v", 1, 8, f) == 8 && fclose(f) == 0);
        UNIT_ASSERT(file_read(path, &text, &size, NULL) == STATUS_INVALID && text == NULL);
        UNIT_ASSERT(file_read("/nonexistent/x", &text, &size, NULL) == STATUS_IO && text == NULL);
}

static void long_files_are_read_whole(void)
{
        static char text[300000];
        size_t size;
        char *read;

        memset(text, 'x', sizeof(text) - 1);
        UNIT_ASSERT(file_read(files_write("long.ini", text), &read, &size, NULL) == STATUS_OK);
        UNIT_ASSERT(size == sizeof(text) - 1 && strcmp(read, text) == 0);
        file_release(read, size);
}

UNIT_SUITE(conf_ini, UNIT_CASE(lines_become_entries), UNIT_CASE(an_included_section_stays_open),
           UNIT_CASE(nul_bytes_are_no_text), UNIT_CASE(long_files_are_read_whole))

#include "admin/sql_functions.h"

#include "admin/version.h"
#include "base/check.h"
#include "base/clock.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *text_of(sqlite3_value *value)
{
        const char *text = (const char *)sqlite3_value_text(value);

        return text != NULL ? text : "";
}

static void fn_now(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        int64_t now_us = clock_wall_us();
        time_t seconds = (time_t)(now_us / US_PER_SEC);
        struct tm tm;
        char text[64];
        size_t n;

        (void)argc;
        (void)argv;
        gmtime_r(&seconds, &tm);
        n = strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
        snprintf(text + n, sizeof(text) - n, ".%06d+00", (int)(now_us % US_PER_SEC));
        sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void free_regex(void *arg)
{
        regfree(arg);
        free(arg);
}

/* text REGEXP pattern: SQLite calls regexp(pattern, text); the compiled pattern is kept for the next row. */
static void match(sqlite3_context *context, sqlite3_value **argv, int flags)
{
        regex_t *regex = sqlite3_get_auxdata(context, 0);

        if (sqlite3_value_type(argv[0]) == SQLITE_NULL || sqlite3_value_type(argv[1]) == SQLITE_NULL)
                return;
        if (regex != NULL) {
                sqlite3_result_int(context, regexec(regex, text_of(argv[1]), 0, NULL, 0) == 0);
                return;
        }
        regex = xmalloc(sizeof(*regex));
        if (regcomp(regex, text_of(argv[0]), REG_EXTENDED | REG_NOSUB | flags) != 0) {
                free(regex);
                sqlite3_result_error(context, "invalid regular expression", -1);
                return;
        }
        sqlite3_result_int(context, regexec(regex, text_of(argv[1]), 0, NULL, 0) == 0);
        sqlite3_set_auxdata(context, 0, regex, free_regex); /* it may be freed at once */
}

static void fn_regexp(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        (void)argc;
        match(context, argv, 0);
}

static void fn_match(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        (void)argc;
        match(context, argv, REG_ICASE);
}

/* text ILIKE pattern, which dialect.c turns into GLOB. */
static void fn_ilike(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        char *pattern, *text;

        (void)argc;
        if (sqlite3_value_type(argv[0]) == SQLITE_NULL || sqlite3_value_type(argv[1]) == SQLITE_NULL)
                return;
        pattern = sqlite3_mprintf("%s", text_of(argv[0]));
        text = sqlite3_mprintf("%s", text_of(argv[1]));
        if (pattern == NULL || text == NULL) {
                sqlite3_result_error_nomem(context);
        } else {
                for (char *p = pattern; *p != '\0'; p++)
                        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
                for (char *p = text; *p != '\0'; p++)
                        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
                sqlite3_result_int(context, sqlite3_strlike(pattern, text, '\\') == 0);
        }
        sqlite3_free(pattern);
        sqlite3_free(text);
}

/* Functions that say the same whatever they are asked. */
static void fn_constant(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        const char *text = sqlite3_user_data(context);

        (void)argc;
        (void)argv;
        if (text == NULL)
                sqlite3_result_null(context);
        else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
                sqlite3_result_int(context, *text == 't');
        else
                sqlite3_result_text(context, text, -1, SQLITE_STATIC);
}

/* format_type(type, modifier), of the types that pg_attribute.atttypid has here. */
static void fn_format_type(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        static const struct {
                int oid;
                const char *name;
        } names[] = {{16, "boolean"},           {20, "bigint"},   {23, "integer"}, {25, "text"},
                     {701, "double precision"}, {1700, "numeric"}};

        (void)argc;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (names[i].oid == sqlite3_value_int(argv[0]))
                        sqlite3_result_text(context, names[i].name, -1, SQLITE_STATIC);
}

int sql_functions_declare(sqlite3 *db)
{
        static const struct {
                const char *name;
                int arguments;
                void (*call)(sqlite3_context *context, int argc, sqlite3_value **argv);
                const char *constant;
        } list[] = {
            {"now", 0, fn_now, NULL},
            {"regexp", 2, fn_regexp, NULL},
            {"match", 2, fn_match, NULL},
            {"glob", 2, fn_ilike, NULL},
            {"version", 0, fn_constant, CONSOLE_VERSION},
            {"current_database", 0, fn_constant, "pgbouncer"},
            {"current_schema", 0, fn_constant, "pgbouncer"},
            {"current_user", 0, fn_constant, "pgbouncer"},
            {"pg_is_in_recovery", 0, fn_constant, "false"},
            {"pg_table_is_visible", 1, fn_constant, "true"},
            {"pg_get_userbyid", 1, fn_constant, "pgbouncer"},
            {"pg_get_expr", 2, fn_constant, NULL},
            {"pg_get_expr", 3, fn_constant, NULL},
            {"obj_description", 2, fn_constant, NULL},
            {"col_description", 2, fn_constant, NULL},
            {"format_type", 2, fn_format_type, NULL},
        };
        int status = SQLITE_OK;

        for (size_t i = 0; status == SQLITE_OK && i < sizeof(list) / sizeof(list[0]); i++)
                status =
                    sqlite3_create_function(db, list[i].name, list[i].arguments, SQLITE_UTF8,
                                            (void *)(uintptr_t)list[i].constant, list[i].call, NULL, NULL);
        return status;
}

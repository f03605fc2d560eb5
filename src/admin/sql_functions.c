#include "admin/sql_functions.h"

#include "admin/chatter.h"
#include "admin/version.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

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

/* "2026-11-21 10:00:00.5+00", "... UTC", "2026-11-21T10:00:00Z"; without a word about it, and in any other
 * zone, it is this machine's. False: it is no such text. */
static bool read_time(const char *text, struct tm *tm, double *fraction, time_t *seconds)
{
        const char *rest;

        *tm = (struct tm){.tm_isdst = -1};
        *fraction = 0;
        rest = strptime(text, "%Y-%m-%d", tm);
        if (rest != NULL && (*rest == ' ' || *rest == 'T'))
                rest = strptime(rest + 1, "%H:%M:%S", tm);
        if (rest == NULL)
                return false;
        if (*rest == '.')
                *fraction = strtod(rest, (char **)&rest);
        while (*rest == ' ')
                rest++;
        *seconds = strcmp(rest, "UTC") == 0 || strcmp(rest, "GMT") == 0 || strcmp(rest, "Z") == 0 ||
                           strncmp(rest, "+00", 3) == 0
                       ? timegm(tm)
                       : mktime(tm);
        return true;
}

/* EXTRACT(field FROM time), which dialect.c turns into a call. */
static void fn_date_part(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        const char *field = text_of(argv[0]);
        double fraction;
        time_t seconds;
        struct tm tm;

        (void)argc;
        if (sqlite3_value_type(argv[1]) == SQLITE_NULL)
                return;
        if (!read_time(text_of(argv[1]), &tm, &fraction, &seconds))
                sqlite3_result_error(context, "EXTRACT is of a time", -1);
        else if (strcasecmp(field, "epoch") == 0)
                sqlite3_result_double(context, (double)seconds + fraction);
        else if (strcasecmp(field, "year") == 0)
                sqlite3_result_int(context, tm.tm_year + 1900);
        else if (strcasecmp(field, "month") == 0)
                sqlite3_result_int(context, tm.tm_mon + 1);
        else if (strcasecmp(field, "day") == 0)
                sqlite3_result_int(context, tm.tm_mday);
        else if (strcasecmp(field, "hour") == 0)
                sqlite3_result_int(context, tm.tm_hour);
        else if (strcasecmp(field, "minute") == 0)
                sqlite3_result_int(context, tm.tm_min);
        else
                sqlite3_result_error(context, "EXTRACT knows epoch, year, month, day, hour and minute", -1);
}

static void fn_to_timestamp(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        time_t seconds = (time_t)sqlite3_value_int64(argv[0]);
        struct tm tm;
        char text[64];

        (void)argc;
        if (sqlite3_value_type(argv[0]) == SQLITE_NULL || gmtime_r(&seconds, &tm) == NULL)
                return;
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S+00", &tm);
        sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

/* What SHOW says of a parameter, and the little besides that tools look at. */
static void fn_current_setting(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        static const struct fake_param more[] = {{"search_path", "pgbouncer"},
                                                 {"server_version_num", CONSOLE_VERSION_NUM}};
        const char *name = text_of(argv[0]);
        const struct fake_param *found = fake_param_find(sv_cstr(name));

        for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
                if (strcasecmp(name, more[i].name) == 0)
                        found = &more[i];
        if (found != NULL)
                sqlite3_result_text(context, found->value, -1, SQLITE_STATIC);
        else if (argc == 1)
                sqlite3_result_error(context, "unrecognized configuration parameter", -1);
}

/* Names here need no quotes, but for what is not in lower case. */
static void fn_quote_ident(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        const char *name = text_of(argv[0]);
        char *text;

        (void)argc;
        if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
                return;
        text = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name)
                   ? sqlite3_mprintf("%s", name)
                   : sqlite3_mprintf("\"%w\"", name);
        sqlite3_result_text(context, text, -1, sqlite3_free);
}

/* An array is a text with dots: parse_ident('a.b') has two elements. */
static void fn_parse_ident(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        (void)argc;
        sqlite3_result_value(context, argv[0]);
}

static void fn_array_length(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        int n = 1;

        (void)argc;
        for (const char *p = text_of(argv[0]); (p = strchr(p, '.')) != NULL; p++)
                n++;
        sqlite3_result_int(context, n);
}

static void fn_subscript(sqlite3_context *context, int argc, sqlite3_value **argv)
{
        const char *p = text_of(argv[0]);
        int n = sqlite3_value_int(argv[1]);

        (void)argc;
        while (n > 1 && p != NULL) {
                p = strchr(p, '.');
                p = p == NULL ? NULL : p + 1;
                n--;
        }
        if (p != NULL && n == 1)
                sqlite3_result_text(context, p, (int)strcspn(p, "."), SQLITE_TRANSIENT);
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
            {"date_part", 2, fn_date_part, NULL},
            {"to_timestamp", 1, fn_to_timestamp, NULL},
            {"current_setting", 1, fn_current_setting, NULL},
            {"current_setting", 2, fn_current_setting, NULL},
            {"quote_ident", 1, fn_quote_ident, NULL},
            {"parse_ident", 1, fn_parse_ident, NULL},
            {"array_length", 2, fn_array_length, NULL},
            {"subscript", 2, fn_subscript, NULL},
        };
        int status = SQLITE_OK;

        for (size_t i = 0; status == SQLITE_OK && i < sizeof(list) / sizeof(list[0]); i++)
                status =
                    sqlite3_create_function(db, list[i].name, list[i].arguments, SQLITE_UTF8,
                                            (void *)(uintptr_t)list[i].constant, list[i].call, NULL, NULL);
        return status;
}

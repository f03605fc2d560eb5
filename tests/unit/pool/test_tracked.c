#include "pool/tracked.h"

#include "unit.h"

#include <stdio.h>

static struct settings_table table;

static struct options opt = {.track_extra_parameters = " IntervalStyle, search_path,\tmy.own ,"};

static void names_are_found_in_any_case(void)
{
        static const char *const rows[][2] = {
            {"DateStyle", "DateStyle"},
            {"datestyle", "DateStyle"},
            {"CLIENT_ENCODING", "client_encoding"},
            {"timezone", "TimeZone"},
            {"application_name", "application_name"},
            {"Standard_Conforming_Strings", "standard_conforming_strings"},
            {"intervalstyle", "IntervalStyle"},
            {"MY.OWN", "my.own"},
            {"search_path", "search_path"},
            {"search_pat", NULL},
            {"", NULL},
            {"search_path,", NULL},
            {"work_mem", NULL},
        };
        struct sv name;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i][0]);
                UNIT_ASSERT(tracked_name(&opt, sv_cstr(rows[i][0]), &name) == (rows[i][1] != NULL));
                if (rows[i][1] != NULL)
                        UNIT_ASSERT(sv_is(name, rows[i][1]));
        }
}

static void names_come_in_order(void)
{
        char all[256] = "";
        struct sv name;

        for (unsigned at = 0; tracked_next(&opt, &at, &name);)
                snprintf(all + strlen(all), sizeof(all) - strlen(all), "%.*s ", SV_ARG(name));
        UNIT_ASSERT(strcmp(all, "DateStyle client_encoding TimeZone standard_conforming_strings "
                                "application_name IntervalStyle search_path my.own ") == 0);
}

/* Of "name=value|...". */
static struct settings *make(const char *text)
{
        struct settings *set = NULL;

        while (*text != '\0') {
                size_t n = strcspn(text, "="), m = strcspn(text + n + 1, "|");

                UNIT_ASSERT(tracked_put(&table, &opt, &set, sv_from(text, n), sv_from(text + n + 1, m)) ==
                            STATUS_OK);
                text += n + 1 + m;
                text += *text == '|';
        }
        return set;
}

static void differences_become_statements(void)
{
        static const struct {
                const char *name, *from, *to, *sql;
        } rows[] = {
            {"equal", "DateStyle=ISO, MDY", "DateStyle=ISO, MDY", ""},
            {"equal but for case", "client_encoding=UTF8", "client_encoding=utf8", ""},
            {"another value", "DateStyle=ISO, MDY", "DateStyle=ISO", "SET DateStyle='ISO';"},
            {"only the differences, in order", "application_name=a|TimeZone=UTC|DateStyle=x",
             "application_name=b|timezone=UTC|datestyle=y", "SET DateStyle='y';SET application_name='b';"},
            {"one side has none", "DateStyle=ISO", "TimeZone=UTC", ""},
            {"not tracked", "work_mem=1|DateStyle=a", "work_mem=2|DateStyle=a", ""},
            {"nothing", "application_name=x", "application_name=", "SET application_name='';"},
            {"quotes", "application_name=", "application_name=it's", "SET application_name='it''s';"},
            {"a backslash", "application_name=", "application_name=a\\'",
             "SET application_name= E'a\\\\''';"},
            {"a list of names", "search_path=public", "search_path=\"$user\", b",
             "SELECT pg_catalog.set_config('search_path','\"$user\", b',false);"},
            {"a list with more in it", "search_path=public", "search_path=a; DROP TABLE x",
             "SELECT pg_catalog.set_config('search_path','a; DROP TABLE x',false);"},
            {"an empty list", "search_path=public", "search_path=\"\"",
             "SELECT pg_catalog.set_config('search_path','',false);"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct settings *from = make(rows[i].from), *to = make(rows[i].to);
                struct buf sql = {0};

                unit_row("%s", rows[i].name);
                UNIT_ASSERT(tracked_difference(&opt, from, to, &sql, 1000) == STATUS_OK);
                UNIT_ASSERT(sv_is(sv_from(buf_data(&sql), buf_len(&sql)), rows[i].sql));
                buf_release(&sql);
                settings_unref(&table, from);
                settings_unref(&table, to);
        }
        UNIT_ASSERT(table.sets == NULL);
}

static void limits_are_kept(void)
{
        struct settings *from = make("application_name="), *to = make("application_name=0123456789");
        static char large[SETTINGS_BYTES_MAX];
        struct buf sql = {0};

        UNIT_ASSERT(tracked_difference(&opt, from, to, &sql, 20) == STATUS_LIMIT);
        buf_release(&sql);
        memset(large, 'x', sizeof(large));
        UNIT_ASSERT(tracked_put(&table, &opt, &to, SV("DateStyle"), sv_from(large, sizeof(large))) ==
                    STATUS_LIMIT);
        settings_unref(&table, from);
        settings_unref(&table, to);
        UNIT_ASSERT(table.sets == NULL);
}

UNIT_SUITE(pool_tracked, UNIT_CASE(names_are_found_in_any_case), UNIT_CASE(names_come_in_order),
           UNIT_CASE(differences_become_statements), UNIT_CASE(limits_are_kept))

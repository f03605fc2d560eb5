#include "pool/settings.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct settings_table table;

/* Adds `n` (name, kind and value) to `set`, whose reference it takes. */
static struct settings *plus(struct settings *set, const char *name, char kind, const char *value)
{
        struct setting s = {sv_cstr(name), sv_cstr(value), (enum setting_kind)kind};
        struct settings *out = NULL;

        UNIT_ASSERT(settings_with(&table, set, &s, &out) == STATUS_OK);
        settings_unref(&table, set);
        return out;
}

/* Of "name=value|name'value|...": '=' for SQL, '\'' for a string. */
static struct settings *make(const char *text)
{
        struct settings *set = NULL;
        char copy[512], *save = NULL;

        snprintf(copy, sizeof(copy), "%s", text);
        for (char *word = strtok_r(copy, "|", &save); word != NULL; word = strtok_r(NULL, "|", &save)) {
                size_t n = strcspn(word, "=~");
                char kind = word[n] == '=' ? '=' : 's';

                word[n] = '\0';
                set = plus(set, word, kind, word + n + 1);
        }
        return set;
}

static void one_set_one_object(void)
{
        struct settings *a = make("b=2|a=1|c~x"), *b = make("c~x|a=1|b=2"), *c = make("a=1|b=2");
        struct settings *d;

        UNIT_ASSERT(a == b && a != c && a != NULL);
        d = plus(settings_ref(c), "c", 's', "x");
        UNIT_ASSERT(d == a);
        settings_unref(&table, d);
        d = plus(settings_ref(a), "b", '=', "2");
        UNIT_ASSERT(d == a);
        settings_unref(&table, d);
        d = settings_from_blob(&table, settings_blob(a));
        UNIT_ASSERT(d == a);
        settings_unref(&table, d);
        d = plus(settings_ref(a), "c", '=', "x"); /* the same text, given in another way */
        UNIT_ASSERT(d != a);
        settings_unref(&table, d);
        d = settings_without(&table, a, SV("c"));
        UNIT_ASSERT(d == c);
        settings_unref(&table, d);
        d = settings_without(&table, a, SV("unknown"));
        UNIT_ASSERT(d == a);
        settings_unref(&table, d);
        settings_unref(&table, a);
        settings_unref(&table, b);
        settings_unref(&table, c);
        UNIT_ASSERT(table.sets == NULL);
}

static void the_empty_set_is_null(void)
{
        struct settings *a = make("a=1"), *b;
        struct setting s;

        b = settings_without(&table, a, SV("a"));
        UNIT_ASSERT(b == NULL);
        UNIT_ASSERT(settings_without(&table, NULL, SV("a")) == NULL);
        UNIT_ASSERT(settings_blob(NULL).n == 0 && !settings_get(NULL, SV("a"), &s));
        UNIT_ASSERT(settings_from_blob(&table, (struct sv){"", 0}) == NULL);
        UNIT_ASSERT(settings_ref(NULL) == NULL);
        settings_unref(&table, NULL);
        settings_unref(&table, a);
        UNIT_ASSERT(table.sets == NULL);
}

static void walks_by_name(void)
{
        static const char *const order[] = {"a", "aa", "ab", "b"};
        struct settings *set = make("b=4|a=1|ab=3|aa~2");
        struct sv at = settings_blob(set);
        struct setting s;
        int i = 0;

        while (settings_next(&at, &s) && i < 4) {
                UNIT_ASSERT(sv_is(s.name, order[i]) && s.value.p[0] == '1' + i && s.value.n == 1);
                UNIT_ASSERT(s.name.p[s.name.n] == '\0' && s.value.p[s.value.n] == '\0');
                UNIT_ASSERT(s.kind == (i == 1 ? SETTING_KIND_STRING : SETTING_KIND_SQL));
                i++;
        }
        UNIT_ASSERT(i == 4);
        UNIT_ASSERT(settings_get(set, SV("aa"), &s) && sv_is(s.value, "2"));
        UNIT_ASSERT(!settings_get(set, SV("A"), &s) && !settings_get(set, SV("c"), &s));
        settings_unref(&table, set);
}

static void refuses_what_it_cannot_keep(void)
{
        static const struct {
                const char *name;
                struct sv key, value;
                enum status status;
        } rows[] = {
            {"an empty value", {"a", 1}, {"", 0}, STATUS_OK},
            {"an empty name", {"", 0}, {"x", 1}, STATUS_INVALID},
            {"a NUL in the name", {"a\0b", 3}, {"x", 1}, STATUS_INVALID},
            {"a NUL in the value", {"a", 1}, {"x\0y", 3}, STATUS_INVALID},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct setting s = {rows[i].key, rows[i].value, SETTING_KIND_SQL};
                struct settings *out = NULL;

                unit_row("%s", rows[i].name);
                UNIT_ASSERT(settings_with(&table, NULL, &s, &out) == rows[i].status);
                UNIT_ASSERT((out != NULL) == (rows[i].status == STATUS_OK));
                settings_unref(&table, out);
        }
}

static void keeps_within_its_limit(void)
{
        static char value[SETTINGS_BYTES_MAX + 1];
        struct settings *set, *out;
        struct setting s = {SV("a"), {value, 0}, SETTING_KIND_STRING};

        memset(value, 'v', sizeof(value) - 1);
        for (int over = 0; over < 2; over++) {
                unit_row("%d over", over);
                s.value.n = (size_t)(SETTINGS_BYTES_MAX - 1 - 3 + over); /* name, NUL, kind, value, NUL */
                UNIT_ASSERT(settings_with(&table, NULL, &s, &out) == (over ? STATUS_LIMIT : STATUS_OK));
                settings_unref(&table, out);
        }
        s.value.n = SETTINGS_BYTES_MAX - 8;
        UNIT_ASSERT(settings_with(&table, NULL, &s, &set) == STATUS_OK);
        s.name = SV("b");
        s.value.n = 10;
        UNIT_ASSERT(settings_with(&table, set, &s, &out) == STATUS_LIMIT && out == NULL);
        settings_unref(&table, set);
        UNIT_ASSERT(table.sets == NULL);
}

static void writes_the_difference(void)
{
        static const struct {
                const char *name, *from, *to, *sql;
        } rows[] = {
            {"nothing", "", "", ""},
            {"the same", "a=1|b=2", "a=1|b=2", ""},
            {"one more", "", "work_mem=64", "SET \"work_mem\" TO 64;"},
            {"one less", "work_mem=64", "", "RESET \"work_mem\";"},
            {"another value", "a=1|b=2", "a=1|b=3", "SET \"b\" TO 3;"},
            {"taken back first", "a=1", "b=2", "RESET \"a\";SET \"b\" TO 2;"},
            {"a list is SQL", "", "search_path=a, \"B\"", "SET \"search_path\" TO a, \"B\";"},
            {"a string", "", "search_path~a, b", "SELECT pg_catalog.set_config('search_path','a, b',false);"},
            {"a quote", "", "x~it's", "SELECT pg_catalog.set_config('x','it''s',false);"},
            {"an attack", "", "x~');DROP TABLE t;--",
             "SELECT pg_catalog.set_config('x',''');DROP TABLE t;--',false);"},
            {"a backslash", "", "x~a\\'b", "SELECT pg_catalog.set_config('x', E'a\\\\''b',false);"},
            {"an empty string", "", "x~", "SELECT pg_catalog.set_config('x','',false);"},
            {"given in another way", "x=on", "x~on", "SELECT pg_catalog.set_config('x','on',false);"},
            {"a parameter of an extension", "", "my.var=1", "SET \"my\".\"var\" TO 1;"},
            {"and taken back", "my.var=1", "", "RESET \"my\".\"var\";"},
            {"a quote in a name", "", "a\"b=1", "SET \"a\"\"b\" TO 1;"},
            {"a quote in a string's name", "", "a'b~1", "SELECT pg_catalog.set_config('a''b','1',false);"},
            {"time zone has a grammar of its own", "", "timezone=INTERVAL '1' HOUR",
             "SET TIME ZONE INTERVAL '1' HOUR;"},
            {"half a date style", "", "datestyle=dmy", "SET \"datestyle\" TO dmy;"},
            {"the other half is kept", "", "datestyle~Postgres, MDY|datestyle=dmy",
             "SELECT pg_catalog.set_config('datestyle','Postgres, dmy',false);"},
            {"in quotes as well", "", "datestyle='euro'|datestyle='SQL'",
             "SELECT pg_catalog.set_config('datestyle','SQL, euro',false);"},
            {"German has an order of its own", "", "datestyle=iso, ymd|datestyle=German|datestyle=SQL",
             "SELECT pg_catalog.set_config('datestyle','SQL, dmy',false);"},
            {"which may be said", "", "datestyle=ymd, German|datestyle=iso",
             "SELECT pg_catalog.set_config('datestyle','iso, ymd',false);"},
            {"a whole one", "", "datestyle=sql, dmy|datestyle=iso, ymd", "SET \"datestyle\" TO iso, ymd;"},
            {"one that is not understood", "", "datestyle=sql, dmy|datestyle='default'",
             "SET \"datestyle\" TO 'default';"},
            {"half a date style behind another one", "datestyle=sql, dmy", "datestyle=ymd",
             "RESET \"datestyle\";SET \"datestyle\" TO ymd;"},
            {"time zone taken back", "timezone=UTC", "", "RESET \"timezone\";"},
            {"authorization first, role last", "", "a=1|role=r|session_authorization=s|z=2",
             "SET \"session_authorization\" TO s;SET \"a\" TO 1;SET \"z\" TO 2;SET \"role\" TO r;"},
            {"the same when they go", "a=1|role=r|session_authorization=s|z=2", "",
             "RESET \"session_authorization\";RESET \"a\";RESET \"z\";RESET \"role\";"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct settings *from = make(rows[i].from), *to = make(rows[i].to);
                struct buf sql = {0};
                size_t n = strlen(rows[i].sql);

                unit_row("%s", rows[i].name);
                UNIT_ASSERT(settings_difference(from, to, &sql, 4096) == STATUS_OK);
                UNIT_ASSERT(buf_len(&sql) == n && (n == 0 || memcmp(buf_data(&sql), rows[i].sql, n) == 0));
                buf_release(&sql);
                UNIT_ASSERT(n == 0 || settings_difference(from, to, &sql, n - 1) == STATUS_LIMIT);
                buf_release(&sql);
                UNIT_ASSERT(settings_difference(from, to, &sql, n) == STATUS_OK);
                buf_release(&sql);
                settings_unref(&table, from);
                settings_unref(&table, to);
        }
        UNIT_ASSERT(table.sets == NULL);
}

UNIT_SUITE(pool_settings, UNIT_CASE(one_set_one_object), UNIT_CASE(the_empty_set_is_null),
           UNIT_CASE(walks_by_name), UNIT_CASE(refuses_what_it_cannot_keep),
           UNIT_CASE(keeps_within_its_limit), UNIT_CASE(writes_the_difference))

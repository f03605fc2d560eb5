#include "admin/dialect.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static void turns_into_sqlite(void)
{
        static const struct {
                const char *postgres, *sqlite;
        } rows[] = {
            {"SELECT 1", "SELECT 1 "},
            {"select a.b from pools -- x\n where c = 'it''s'",
             "select a . b AS b from pools where c = 'it''s' "},
            {"SELECT * FROM pgbouncer.pools", "SELECT * FROM pools "},
            {"SELECT * FROM \"pgsteer\".pools p WHERE p.user = 'a'",
             "SELECT * FROM pools p WHERE p . user = 'a' "},
            {"SELECT n.a, m.\"b\", f(n.c), n.d + 1, n.e FROM n, m.o ORDER BY a",
             "SELECT n . a AS a , m . \"b\" AS \"b\" , f ( n . c ) , n . d + 1 , n . e AS e FROM n , m . o "
             "ORDER BY a "},
            {"SELECT x::int", "SELECT CAST ( x  AS INTEGER ) "},
            {"SELECT a.x::pg_catalog.int4", "SELECT CAST ( a . x  AS INTEGER ) "},
            {"SELECT 1 + sum(x)::numeric(10,2) / 2", "SELECT 1 + CAST ( sum ( x )  AS REAL ) / 2 "},
            {"SELECT (a + b)::double precision", "SELECT CAST ( ( a + b )  AS REAL ) "},
            {"SELECT ((a))::text::int", "SELECT CAST ( CAST ( ( ( a ) )  AS TEXT )  AS INTEGER ) "},
            {"SELECT 'pools'::regclass, $1::text[]", "SELECT 'pools' , CAST ( $1  AS TEXT ) "},
            {"SELECT now() - '1 day'::interval", "SELECT now ( ) - '1 day' "},
            {"SELECT x::timestamp(3) with time zone, y", "SELECT x , y "},
            {"WHERE a ~ '^x' AND b !~ 'y' AND c ~* 'z' AND d !~~ 'w'",
             "WHERE a REGEXP '^x' AND b NOT REGEXP 'y' AND c MATCH 'z' AND d NOT LIKE 'w' "},
            {"WHERE a OPERATOR(pg_catalog.~) '^(x)$' COLLATE pg_catalog.default AND b",
             "WHERE a REGEXP '^(x)$' AND b "},
            {"WHERE a ILIKE '%x%' AND t.ilike = 1", "WHERE a GLOB '%x%' AND t . ilike = 1 "},
            {"SELECT extract(epoch from now())::int / 60",
             "SELECT CAST ( date_part ( 'epoch' , now ( ) )  AS INTEGER ) / 60 "},
            {"SELECT * FROM information_schema.tables t", "SELECT * FROM information_schema_tables t "},
            {"SELECT (parse_ident('a.b'))[2], x::int[]",
             "SELECT subscript ( ( parse_ident ( 'a.b' ) )  , 2 ) , CAST ( x  AS INTEGER ) "},
            {"WHERE a IN (SELECT CASE WHEN trim(s[i]) = 'x' THEN user ELSE f(s[i]) END FROM g(1) s) AND b",
             "WHERE a IN ( 'pgbouncer' ) AND b "},
            {"WHERE a IN (SELECT CASE WHEN trim(s.i) = 'x' THEN 1 END)",
             "WHERE a IN ( SELECT CASE WHEN trim ( s . i ) = 'x' THEN 1 END ) "},
            {"SELECT string_agg(a, ',') , E'x', current_user",
             "SELECT group_concat ( a , ',' ) , 'x' , current_user() "},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buf out = {0};

                unit_row("%s", rows[i].postgres);
                UNIT_ASSERT(dialect_to_sqlite(sv_cstr(rows[i].postgres), &out, 10000));
                UNIT_ASSERT(sv_is(sv_from(buf_data(&out), buf_len(&out)), rows[i].sqlite));
                buf_release(&out);
        }
}

static void refuses_what_does_not_lex(void)
{
        static const char *const rows[] = {"SELECT 'a",
                                           "SELECT \"a",
                                           "SELECT /* a",
                                           "SELECT x::",
                                           "SELECT x::'int'",
                                           "SELECT a OPERATOR(pg_catalog.",
                                           "SELECT $$a",
                                           "SELECT a[i]",
                                           "SELECT extract(epoch, a)",
                                           "SELECT * FROM information_schema."};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buf out = {0};

                unit_row("%s", rows[i]);
                UNIT_ASSERT(!dialect_to_sqlite(sv_cstr(rows[i]), &out, 10000));
                buf_release(&out);
        }
}

static void stays_below_its_limit(void)
{
        char text[4000];
        struct buf out = {0};
        size_t n = 0;

        n += (size_t)snprintf(text, sizeof(text), "SELECT a");
        while (n + 10 < sizeof(text))
                n += (size_t)snprintf(text + n, sizeof(text) - n, "::text");
        UNIT_ASSERT(!dialect_to_sqlite(sv_from(text, n), &out, 5000));
        UNIT_ASSERT(buf_len(&out) <= 5000);
        buf_release(&out);
}

UNIT_SUITE(admin_dialect, UNIT_CASE(turns_into_sqlite), UNIT_CASE(refuses_what_does_not_lex),
           UNIT_CASE(stays_below_its_limit))

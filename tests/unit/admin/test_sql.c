#include "admin/sql.h"

#include "admin/bench.h"
#include "admin/scene.h"
#include "base/clock.h"
#include "session/census.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

/* The answer as text: "name:type name:type; cell cell; ..."; or "SQLSTATE message". */
static void answer(struct bench *b, const char *text, const _Atomic bool *stop, char *out, size_t size)
{
        static const char *const types[] = {"text", "bool", "int4", "int8", "numeric", "float8"};
        struct refusal r = {0};
        struct sql *sql = sql_prepare(sv_cstr(text), &r);
        struct scene scene;
        struct table t;
        size_t n = 0;

        if (sql == NULL) {
                snprintf(out, size, "%s %s", r.sqlstate, r.text);
                return;
        }
        UNIT_ASSERT((sql_parts(sql) & CENSUS_CLIENTS) ==
                    (strstr(text, "clients") != NULL ? CENSUS_CLIENTS : 0));
        scene_make(&scene, b->admin, NULL);
        sql_bind_text(sql, 1, SV("paused"));
        sql_bind_int(sql, 2, 7);
        sql_fill(sql, &scene);
        scene_end(&scene);
        if (!sql_run(sql, stop, &t, &r)) {
                snprintf(out, size, "%s %s", r.sqlstate, r.text);
        } else {
                for (int c = 0; c < t.column_count; c++)
                        n += (size_t)snprintf(out + n, size - n, "%s%s:%s", c > 0 ? " " : "",
                                              t.columns[c].name, types[t.columns[c].type]);
                for (size_t i = 0; i < t.used && n < size; i++) {
                        const struct cell *cell = &t.cells[i];
                        enum cell_type type = t.columns[i % (size_t)t.column_count].type;

                        n += (size_t)snprintf(out + n, size - n, "%s",
                                              i % (size_t)t.column_count == 0 ? "; " : " ");
                        if (cell->null)
                                n += (size_t)snprintf(out + n, size - n, "null");
                        else if (type == CELL_TEXT)
                                n += (size_t)snprintf(out + n, size - n, "%s", cell->text);
                        else if (type == CELL_FLOAT)
                                n += (size_t)snprintf(out + n, size - n, "%g", cell->real);
                        else
                                n +=
                                    (size_t)snprintf(out + n, size - n, "%lld",
                                                     (long long)(type == CELL_NUMERIC ? (int64_t)cell->counter
                                                                                      : cell->number));
                }
                table_fini(&t);
        }
        sql_free(sql);
}

static void answers_over_the_tables(void)
{
        static const struct {
                const char *sql, *answer;
        } rows[] = {
            {"SELECT 1", "?column?:int8; 1"},
            {"SELECT key, value FROM state WHERE key = 'paused'", "key:text value:text; paused no"},
            {"SELECT count(*) FROM state", "count:int8; 3"},
            {"SELECT COUNT(*) AS n, 'x' FROM pgbouncer.state", "n:int8 ?column?:text; 3 x"},
            {"SELECT key FROM state ORDER BY key DESC LIMIT 2", "key:text; suspended; paused"},
            {"SELECT key FROM state WHERE key = $1", "key:text; paused"},
            {"SELECT $2 + 1 AS n", "n:int8; 8"},
            {"SELECT avg(length(key)) AS a FROM state", "a:float8; 7"},
            {"SELECT a.key FROM state a JOIN state b ON a.key > b.key WHERE b.key ~ '^pa' ORDER BY 1",
             "key:text; suspended"},
            {"SELECT key, row_number() OVER (ORDER BY key) AS n FROM state WHERE key ILIKE 'A%'",
             "key:text n:int8; active 1"},
            {"SELECT length(key)::text AS l FROM state WHERE key = 'active'", "l:text; 6"},
            {"SELECT max(peer_id) FROM peers", "max:text; null"},
            {"SELECT peer_id FROM peers", "peer_id:int4"},
            {"WITH t AS (SELECT 1 AS n) SELECT n FROM t", "n:int8; 1"},
            {"VALUES (1, 'a'), (2, 'b')", "column1:int8 column2:text; 1 a; 2 b"},
            {"SELECT relname FROM pg_catalog.pg_class WHERE relname LIKE 'stat_'",
             "relname:text; state; stats"},
            {"SELECT count(*) FROM pg_attribute a JOIN pg_class c ON a.attrelid = c.oid WHERE relname = "
             "'state'",
             "count:int8; 2"},
        };
        struct bench *b = bench_new(true);
        char got[2000];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].sql);
                answer(b, rows[i].sql, NULL, got, sizeof(got));
                UNIT_ASSERT(strcmp(got, rows[i].answer) == 0);
        }
        bench_free(b);
}

static void refuses_in_postgresqls_codes(void)
{
        static const struct {
                const char *sql, *sqlstate;
        } rows[] = {
            {"SELECT * FROM nowhere", "42P01"},
            {"SELECT nosuch FROM state", "42703"},
            {"SELECT nofunction(1)", "42883"},
            {"SELECT FROM state WHERE", "42601"},
            {"SELECT 'a", "42601"},
            {"SELECT \"active\" FROM state", "42703"},
            {"VALUES (load_extension('x'))", "25006"},
            {"WITH t AS (SELECT 1) DELETE FROM state", "25006"},
            {"WITH t AS (SELECT 1) INSERT INTO state VALUES (1, 2)", "25006"},
            {"SELECT key FROM state WHERE key ~ '('", "22000"},
        };
        struct bench *b = bench_new(true);
        char got[2000];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].sql);
                answer(b, rows[i].sql, NULL, got, sizeof(got));
                UNIT_ASSERT(strncmp(got, rows[i].sqlstate, 5) == 0);
        }
        bench_free(b);
}

static void is_bounded(void)
{
        struct bench *b = bench_new(true);
        static const _Atomic bool stop = true;
        char got[2000];

        answer(b, "SELECT a.attname FROM pg_attribute a, pg_attribute b, pg_attribute c", NULL, got,
               sizeof(got));
        UNIT_ASSERT(strncmp(got, "54000", 5) == 0);
        answer(b, "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t) SELECT sum(n) FROM t",
               &stop, got, sizeof(got));
        UNIT_ASSERT(strncmp(got, "57014 canceling statement due to user request", 40) == 0);
        answer(b, "SELECT replace(hex(zeroblob(100000000)), '0', 'aa')", NULL, got, sizeof(got));
        UNIT_ASSERT(strncmp(got, "53200 out of memory", 19) == 0);
        bench_free(b);
}

/* Through the whole console, by both protocols. */
static void waits_for(struct bench *b, const char *types)
{
        int64_t deadline_us = clock_us() + 20 * US_PER_SEC;

        while (strcmp(b->types, types) != 0 && clock_us() < deadline_us)
                bench_pump(b);
        UNIT_ASSERT(strcmp(b->types, types) == 0);
}

static void answers_a_query(void)
{
        struct bench *b = bench_new(true);

        bench_forget(b);
        bench_send_query(b, "SELECT key FROM state; SHOW VERSION; SELECT count(*) FROM mem");
        waits_for(b, "TDDDCTDCTDCZ");
        UNIT_ASSERT(bench_contains(b, 'C', "SELECT 3"));
        bench_forget(b);
        bench_send_query(b, "SELECT count(*) FROM clients");
        waits_for(b, "TDCZ");
        bench_free(b);
}

/* Nobody is left to hear the answer: no thread, letter or memory stays behind (the sanitizers look). */
static void ends_while_one_runs(void)
{
        struct bench *b = bench_new(true);

        bench_send_query(
            b, "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t) SELECT sum(n) FROM t");
        bench_pump(b);
        bench_free(b);
}

UNIT_SUITE(admin_sql, UNIT_CASE(answers_over_the_tables), UNIT_CASE(refuses_in_postgresqls_codes),
           UNIT_CASE(is_bounded), UNIT_CASE(answers_a_query), UNIT_CASE(ends_while_one_runs))

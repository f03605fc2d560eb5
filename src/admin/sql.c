#include "admin/sql.h"

#include "admin/dialect.h"
#include "admin/scene.h"
#include "admin/sql_catalog.h"
#include "admin/sql_functions.h"
#include "admin/sql_table.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum {
        TEXT_MAX = 1 << 20,         /* of a statement in SQLite's words */
        ANSWER_MAX = 32 << 20,      /* bytes of one answer's values */
        STEPS_BETWEEN_LOOKS = 1000, /* of SQLite's machine, between two looks at the clock */
        SOURCES_MAX = 96,
};

struct sql {
        sqlite3 *db;
        sqlite3_stmt *statement;
        struct source sources[SOURCES_MAX];
        size_t source_count;
        /* while it runs */
        const _Atomic bool *stop;
        int64_t deadline_us;
};

/* ---- making ready ---- */

static int look_at_clock(void *arg)
{
        const struct sql *sql = arg;

        return (sql->stop != NULL && atomic_load(sql->stop)) || clock_us() > sql->deadline_us;
}

static int declare_table(struct sql *sql, const struct show *show)
{
        CHECK(sql->source_count < SOURCES_MAX);
        sql->sources[sql->source_count].show = show;
        return sql_table_declare(sql->db, &sql->sources[sql->source_count++]);
}

static int open_database(struct sql *sql)
{
        int status = sqlite3_open_v2(":memory:", &sql->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL);

        sqlite3_hard_heap_limit64(SQL_MEMORY_MAX);
        if (status == SQLITE_OK)
                status = sqlite3_exec(sql->db, "PRAGMA case_sensitive_like = on", NULL, NULL, NULL);
        if (status == SQLITE_OK)
                status = sql_functions_declare(sql->db);
        for (size_t i = 0; status == SQLITE_OK && show_at(i) != NULL; i++)
                status = declare_table(sql, show_at(i));
        for (size_t i = 0; status == SQLITE_OK && sql_catalog_at(i) != NULL; i++)
                status = declare_table(sql, sql_catalog_at(i));
        if (status != SQLITE_OK)
                return status;
        /* "name" in double quotes is a name, never a text */
        sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
        sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_limit(sql->db, SQLITE_LIMIT_VARIABLE_NUMBER, SQL_PARAMETERS_MAX);
        sqlite3_limit(sql->db, SQLITE_LIMIT_ATTACHED, 0);
        sqlite3_progress_handler(sql->db, STEPS_BETWEEN_LOOKS, look_at_clock, sql);
        return sql_table_guard(sql->db);
}

static void fail(struct refusal *r, const char *sqlstate, const char *text)
{
        refusal_set(r, "ERROR", sqlstate, "%s", text);
        utf8_clean(r->text);
}

/* SQLite's word for what is wrong with a text, and PostgreSQL's code for it. */
static void fail_prepare(struct refusal *r, const char *said, int status)
{
        static const struct {
                const char *begin, *sqlstate;
        } known[] = {{"no such table", "42P01"},
                     {"no such column", "42703"},
                     {"no such function", "42883"},
                     {"ambiguous column", "42702"},
                     {"wrong number of arguments", "42883"},
                     {"misuse of aggregate", "42803"},
                     {"not authorized", "25006"},
                     {"table ", "25006"}}; /* ... may not be modified */
        const char *sqlstate = "42601";

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                if (strncmp(said, known[i].begin, strlen(known[i].begin)) == 0)
                        sqlstate = known[i].sqlstate;
        if (status == SQLITE_NOMEM)
                fail(r, "53200", "out of memory");
        else if (status == SQLITE_AUTH || strcmp(sqlstate, "25006") == 0)
                fail(r, "25006", "the admin console runs SELECT and its own commands, use SHOW HELP;");
        else
                fail(r, sqlstate, said);
        if (strcmp(sqlstate, "42P01") == 0)
                r->hint = "The tables are those of SHOW HELP, and of \\dt in psql.";
}

struct sql *sql_prepare(struct sv text, struct refusal *refusal)
{
        struct sql *sql = xcalloc(1, sizeof(*sql));
        struct buf words = {0};
        const char *rest = NULL;
        int status;

        if (!dialect_to_sqlite(text, &words, TEXT_MAX)) {
                fail(refusal, "42601",
                     "syntax error: a quote or a comment is not closed, or a sign is none of SQL's");
        } else if ((status = open_database(sql)) != SQLITE_OK) {
                fail(refusal, "53200", sqlite3_errstr(status));
        } else {
                sql->deadline_us = clock_us() + SQL_TIME_MAX_US;
                status = sqlite3_prepare_v2(sql->db, (const char *)buf_data(&words), (int)buf_len(&words),
                                            &sql->statement, &rest);
                if (status != SQLITE_OK)
                        fail_prepare(refusal, sqlite3_errmsg(sql->db), status);
                else if (sql->statement == NULL || sqlite3_column_count(sql->statement) == 0)
                        fail(refusal, "42601", "syntax error");
                else if (sqlite3_column_count(sql->statement) > TABLE_COLUMNS_MAX)
                        fail(refusal, "54011", "the answer has more than 64 columns: name those you need");
                else
                        status = SQLITE_DONE;
                if (status == SQLITE_DONE) {
                        buf_release(&words);
                        return sql;
                }
        }
        buf_release(&words);
        sql_free(sql);
        return NULL;
}

void sql_free(struct sql *sql)
{
        if (sql == NULL)
                return;
        sqlite3_finalize(sql->statement);
        sqlite3_close(sql->db);
        for (size_t i = 0; i < sql->source_count; i++)
                if (sql->sources[i].table.columns != NULL)
                        table_fini(&sql->sources[i].table);
        free(sql);
}

/* ---- parameters ---- */

int sql_parameter_count(const struct sql *sql)
{
        int highest = 0;

        for (int i = 1; i <= sqlite3_bind_parameter_count(sql->statement); i++) {
                const char *name = sqlite3_bind_parameter_name(sql->statement, i);
                int n = name != NULL && *name == '$' ? (int)strtol(name + 1, NULL, 10) : 0;

                if (n > highest)
                        highest = n;
        }
        return highest;
}

/* SQLite's own number of $n; 0: the statement has none. */
static int index_of(const struct sql *sql, int n)
{
        char name[16];

        snprintf(name, sizeof(name), "$%d", n);
        return sqlite3_bind_parameter_index(sql->statement, name);
}

void sql_bind_text(struct sql *sql, int n, struct sv value)
{
        int i = index_of(sql, n);

        if (i > 0)
                (void)sqlite3_bind_text(sql->statement, i, value.p, (int)value.n, SQLITE_TRANSIENT);
}

void sql_bind_int(struct sql *sql, int n, int64_t value)
{
        int i = index_of(sql, n);

        if (i > 0)
                (void)sqlite3_bind_int64(sql->statement, i, value);
}

/* ---- rows in ---- */

unsigned sql_parts(const struct sql *sql)
{
        unsigned parts = 0;

        for (size_t i = 0; i < sql->source_count; i++)
                if (sql->sources[i].used)
                        parts |= sql->sources[i].show->parts;
        return parts;
}

void sql_fill(struct sql *sql, const struct scene *scene)
{
        for (size_t i = 0; i < sql->source_count; i++) {
                struct source *source = &sql->sources[i];

                if (source->used)
                        show_fill(source->show, &source->table, scene);
        }
}

/* ---- rows out ---- */

struct value {
        int type; /* SQLITE_INTEGER, ... */
        int64_t number;
        double real;
        const char *text; /* in the answer's arena */
};

struct values {
        struct value *list;
        size_t count, cap, bytes;
};

static void take_row(struct sql *sql, struct values *values, struct arena *arena)
{
        int columns = sqlite3_column_count(sql->statement);

        for (int i = 0; i < columns; i++) {
                struct value v = {.type = sqlite3_column_type(sql->statement, i)};

                if (v.type == SQLITE_INTEGER) {
                        v.number = sqlite3_column_int64(sql->statement, i);
                } else if (v.type == SQLITE_FLOAT) {
                        v.real = sqlite3_column_double(sql->statement, i);
                } else if (v.type != SQLITE_NULL) {
                        v.text = arena_strndup(arena, (const char *)sqlite3_column_text(sql->statement, i),
                                               (size_t)sqlite3_column_bytes(sql->statement, i));
                        values->bytes += (size_t)sqlite3_column_bytes(sql->statement, i);
                }
                values->bytes += sizeof(v);
                if (values->count == values->cap) {
                        values->cap = values->cap * 2 + 64;
                        values->list = xrealloc(values->list, values->cap * sizeof(v));
                }
                values->list[values->count++] = v;
        }
}

/* Of an expression: by its values. */
static enum cell_type type_by_values(const struct values *values, int columns, int column)
{
        bool integer = false, real = false;

        for (size_t i = (size_t)column; i < values->count; i += (size_t)columns) {
                int type = values->list[i].type;

                if (type != SQLITE_NULL && type != SQLITE_INTEGER && type != SQLITE_FLOAT)
                        return CELL_TEXT;
                integer |= type == SQLITE_INTEGER;
                real |= type == SQLITE_FLOAT;
        }
        return real ? CELL_FLOAT : integer ? CELL_INT8 : CELL_TEXT;
}

static void put_value(struct table *out, const struct value *v, enum cell_type type)
{
        if (v->type == SQLITE_NULL)
                table_null(out);
        else if (type == CELL_TEXT && v->type == SQLITE_INTEGER)
                table_textf(out, "%lld", (long long)v->number);
        else if (type == CELL_TEXT && v->type == SQLITE_FLOAT)
                table_textf(out, "%.15g", v->real);
        else if (type == CELL_TEXT)
                table_text(out, v->text);
        else if (type == CELL_FLOAT)
                table_real(out, v->type == SQLITE_FLOAT ? v->real : (double)v->number);
        else if (type == CELL_NUMERIC)
                table_counter(out, (uint64_t)v->number);
        else
                table_int(out, v->number);
}

/* PostgreSQL's name of a column without AS: the function's, that of what is cast, or "?column?"; SQLite's is
 * the expression itself, as dialect.c has written it. */
static char *column_name(struct arena *arena, const char *said)
{
        size_t n = strcspn(said, " ");
        char *name;

        if (strpbrk(said, "()'+-*/<>=|%,") == NULL && !isdigit((unsigned char)*said))
                return arena_strdup(arena, said);
        while (strncmp(said, "CAST ( ", 7) == 0) {
                said += 7;
                n = strcspn(said, " ");
        }
        if (!isalpha((unsigned char)*said) ||
            (said[n] != '\0' && strncmp(said + n, " (", 2) != 0 && strncmp(said + n, " AS ", 4) != 0))
                return arena_strdup(arena, "?column?");
        name = arena_strndup(arena, said, n);
        for (char *p = name; *p != '\0'; p++)
                *p = (char)tolower((unsigned char)*p);
        return name;
}

static void make_table(struct sql *sql, struct table *out, const struct values *values)
{
        int columns = sqlite3_column_count(sql->statement);
        struct column *list = arena_alloc(&out->arena, sizeof(*list) * (size_t)columns);

        for (int i = 0; i < columns; i++) {
                const char *declared = sqlite3_column_decltype(sql->statement, i);

                list[i].name = column_name(&out->arena, sqlite3_column_name(sql->statement, i));
                list[i].type =
                    declared != NULL ? sql_table_type(declared) : type_by_values(values, columns, i);
        }
        out->columns = list;
        out->column_count = columns;
        for (size_t i = 0; i < values->count; i++)
                put_value(out, &values->list[i], list[i % (size_t)columns].type);
}

static void fail_run(struct sql *sql, int status, struct refusal *r)
{
        if (status == SQLITE_INTERRUPT && sql->stop != NULL && atomic_load(sql->stop))
                fail(r, "57014", "canceling statement due to user request");
        else if (status == SQLITE_INTERRUPT)
                fail(r, "57014", "canceling statement due to statement timeout");
        else if (status == SQLITE_NOMEM || status == SQLITE_TOOBIG)
                fail(r, "53200", "out of memory");
        else
                fail(r, "22000", sqlite3_errmsg(sql->db));
}

bool sql_run(struct sql *sql, const _Atomic bool *stop, struct table *out, struct refusal *refusal)
{
        struct values values = {0};
        size_t rows = 0;
        bool good = false;
        int status;

        sql->stop = stop;
        sql->deadline_us = clock_us() + SQL_TIME_MAX_US;
        *out = (struct table){0};
        while ((status = sqlite3_step(sql->statement)) == SQLITE_ROW && rows <= SQL_ROWS_MAX &&
               values.bytes <= ANSWER_MAX) {
                take_row(sql, &values, &out->arena);
                rows++;
        }
        if (status == SQLITE_ROW) {
                fail(refusal, "54000", "the answer is too large: narrow it with WHERE or LIMIT");
        } else if (status != SQLITE_DONE) {
                fail_run(sql, status, refusal);
        } else {
                make_table(sql, out, &values);
                good = true;
        }
        if (!good)
                table_fini(out);
        free(values.list);
        sqlite3_reset(sql->statement);
        return good;
}

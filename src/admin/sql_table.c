#include "admin/sql_table.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

struct show_table {
        sqlite3_vtab base; /* SQLite's; must come first */
        struct source *source;
};

struct row_cursor {
        sqlite3_vtab_cursor base; /* SQLite's; must come first */
        size_t row;
};

/* SQLite takes affinities from these names (sqlite.org, "Datatypes In SQLite", 3.1). */
static const char *const type_names[] = {
    [CELL_TEXT] = "text",       [CELL_BOOL] = "int_bool", [CELL_INT4] = "int4",  [CELL_INT8] = "int8",
    [CELL_NUMERIC] = "numeric", [CELL_FLOAT] = "float8",  [CELL_BYTEA] = "blob",
};

enum cell_type sql_table_type(const char *declared)
{
        for (size_t i = 0; declared != NULL && i < sizeof(type_names) / sizeof(type_names[0]); i++)
                if (strcmp(declared, type_names[i]) == 0)
                        return (enum cell_type)i;
        return CELL_TEXT;
}

static const struct table *rows_of(sqlite3_vtab *vtab)
{
        return &((struct show_table *)(void *)vtab)->source->table;
}

/* It reads, and calls functions; nothing else (sqlite.org, "Compile-Time Authorization Callbacks"). */
static int authorize(void *arg, int action, const char *a, const char *b, const char *schema,
                     const char *trigger)
{
        (void)arg;
        (void)a;
        (void)schema;
        (void)trigger;
        if (action == SQLITE_FUNCTION)
                return strcasecmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
        return action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE ? SQLITE_OK
                                                                                              : SQLITE_DENY;
}

int sql_table_guard(sqlite3 *db)
{
        return sqlite3_set_authorizer(db, authorize, NULL);
}

/* A statement names the table. Its own CREATE TABLE is not the statement's: the guard looks away. */
static int on_connect(sqlite3 *db, void *arg, int argc, const char *const *argv, sqlite3_vtab **out,
                      char **error)
{
        struct source *source = arg;
        struct show_table *made;
        struct arena arena = {0};
        const char *text = arena_strdup(&arena, "CREATE TABLE x(");
        int status;

        (void)argc;
        (void)argv;
        (void)error;
        for (int i = 0; i < source->show->column_count; i++)
                text = arena_printf(&arena, "%s%s\"%s\" %s", text, i > 0 ? ", " : "",
                                    source->show->columns[i].name, type_names[source->show->columns[i].type]);
        (void)sqlite3_set_authorizer(db, NULL, NULL);
        status = sqlite3_declare_vtab(db, arena_printf(&arena, "%s)", text));
        (void)sql_table_guard(db);
        arena_release(&arena);
        if (status != SQLITE_OK)
                return status;
        made = sqlite3_malloc(sizeof(*made));
        if (made == NULL)
                return SQLITE_NOMEM;
        *made = (struct show_table){.source = source};
        source->used = true;
        *out = &made->base;
        return SQLITE_OK;
}

static int on_disconnect(sqlite3_vtab *vtab)
{
        sqlite3_free(vtab);
        return SQLITE_OK;
}

/* There is one way: all rows, in their order. */
static int on_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
        (void)vtab;
        info->estimatedCost = 1000;
        return SQLITE_OK;
}

static int on_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
        struct row_cursor *cursor = sqlite3_malloc(sizeof(*cursor));

        (void)vtab;
        if (cursor == NULL)
                return SQLITE_NOMEM;
        *cursor = (struct row_cursor){0};
        *out = &cursor->base;
        return SQLITE_OK;
}

static int on_close(sqlite3_vtab_cursor *base)
{
        sqlite3_free(base);
        return SQLITE_OK;
}

static int on_filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc, sqlite3_value **argv)
{
        (void)number;
        (void)text;
        (void)argc;
        (void)argv;
        ((struct row_cursor *)(void *)base)->row = 0;
        return SQLITE_OK;
}

static int on_next(sqlite3_vtab_cursor *base)
{
        ((struct row_cursor *)(void *)base)->row++;
        return SQLITE_OK;
}

static int on_eof(sqlite3_vtab_cursor *base)
{
        return ((struct row_cursor *)(void *)base)->row >= table_rows(rows_of(base->pVtab));
}

static int on_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i)
{
        const struct table *t = rows_of(base->pVtab);
        const struct cell *cell = table_cell(t, ((struct row_cursor *)(void *)base)->row, i);

        if (cell->null) {
                sqlite3_result_null(context);
                return SQLITE_OK;
        }
        switch (t->columns[i].type) {
        case CELL_BYTEA:
        case CELL_TEXT: sqlite3_result_text(context, cell->text, -1, SQLITE_STATIC); break;
        case CELL_BOOL:
        case CELL_INT4:
        case CELL_INT8: sqlite3_result_int64(context, cell->number); break;
        case CELL_NUMERIC:
                sqlite3_result_int64(context, cell->counter > INT64_MAX ? INT64_MAX : (int64_t)cell->counter);
                break;
        case CELL_FLOAT: sqlite3_result_double(context, cell->real); break;
        }
        return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
        *out = (sqlite3_int64)((struct row_cursor *)(void *)base)->row;
        return SQLITE_OK;
}

/* Without xCreate: there under its name, and nobody can make others of it. */
static const sqlite3_module module = {
    .xConnect = on_connect,
    .xDisconnect = on_disconnect,
    .xBestIndex = on_best_index,
    .xOpen = on_open,
    .xClose = on_close,
    .xFilter = on_filter,
    .xNext = on_next,
    .xEof = on_eof,
    .xColumn = on_column,
    .xRowid = on_rowid,
};

int sql_table_declare(sqlite3 *db, struct source *source)
{
        return sqlite3_create_module(db, source->show->name, &module, source);
}

#include "admin/sql_catalog.h"

#include "admin/scene.h"

/* Object identifiers: PostgreSQL gives those from 16384 on to what users make. */
enum { OID_NAMESPACE = 2200, OID_DATABASE = 1, OID_OWNER = 10, OID_FIRST_TABLE = 16384 };

#define TEXT(name)                                                                                           \
        {                                                                                                    \
                name, CELL_TEXT                                                                              \
        }
#define INT(name)                                                                                            \
        {                                                                                                    \
                name, CELL_INT4                                                                              \
        }
#define BOOL(name)                                                                                           \
        {                                                                                                    \
                name, CELL_BOOL                                                                              \
        }

static const struct column pg_namespace[] = {INT("oid"), TEXT("nspname"), INT("nspowner")};

static const struct column pg_class[] = {INT("oid"),
                                         TEXT("relname"),
                                         INT("relnamespace"),
                                         INT("reltype"),
                                         INT("relowner"),
                                         INT("relam"),
                                         INT("reltablespace"),
                                         INT("reltoastrelid"),
                                         BOOL("relhasindex"),
                                         TEXT("relpersistence"),
                                         TEXT("relkind"),
                                         INT("relnatts"),
                                         INT("relchecks"),
                                         BOOL("relhasrules"),
                                         BOOL("relhastriggers"),
                                         BOOL("relrowsecurity"),
                                         BOOL("relispartition"),
                                         BOOL("relforcerowsecurity"),
                                         TEXT("relreplident"),
                                         TEXT("reloptions"),
                                         INT("reloftype"),
                                         BOOL("relhasoids")};

static const struct column pg_attribute[] = {
    INT("attrelid"),      TEXT("attname"),     INT("atttypid"),     INT("attlen"),       INT("attnum"),
    INT("atttypmod"),     BOOL("attnotnull"),  BOOL("atthasdef"),   TEXT("attidentity"), TEXT("attgenerated"),
    BOOL("attisdropped"), INT("attcollation"), INT("attstattarget")};

static const struct column pg_type[] = {
    INT("oid"),       TEXT("typname"),     INT("typnamespace"), INT("typlen"),      TEXT("typtype"),
    INT("typelem"),   INT("typcollation"), INT("typrelid"),     INT("typbasetype"), INT("typarray"),
    TEXT("typdelim"), TEXT("typcategory"), BOOL("typnotnull"),  INT("typtypmod")};

static const struct column pg_database[] = {INT("oid"),      TEXT("datname"),       INT("datdba"),
                                            INT("encoding"), BOOL("datistemplate"), BOOL("datallowconn")};

static const struct column columns_view[] = {
    TEXT("table_catalog"),   TEXT("table_schema"), TEXT("table_name"), TEXT("column_name"),
    INT("ordinal_position"), TEXT("is_nullable"),  TEXT("data_type")};
static const struct column tables_view[] = {TEXT("table_catalog"), TEXT("table_schema"), TEXT("table_name"),
                                            TEXT("table_type")};

/* pg_type.dat */
static const struct {
        int oid;
        const char *name, *long_name;
        int size;
        const char *category;
} types[] = {
    [CELL_TEXT] = {25, "text", "text", -1, "S"},
    [CELL_BOOL] = {16, "bool", "boolean", 1, "B"},
    [CELL_INT4] = {23, "int4", "integer", 4, "N"},
    [CELL_INT8] = {20, "int8", "bigint", 8, "N"},
    [CELL_NUMERIC] = {1700, "numeric", "numeric", -1, "N"},
    [CELL_FLOAT] = {701, "float8", "double precision", 8, "N"},
};

static void fill_namespace(struct table *t, const struct scene *s)
{
        (void)s;
        table_int(t, OID_NAMESPACE);
        table_text(t, "pgbouncer");
        table_int(t, OID_OWNER);
}

static void fill_class(struct table *t, const struct scene *s)
{
        const struct show *show;

        (void)s;
        for (size_t i = 0; (show = show_at(i)) != NULL; i++) {
                table_int(t, OID_FIRST_TABLE + (int64_t)i);
                table_text(t, show->name);
                table_int(t, OID_NAMESPACE);
                table_int(t, 0);
                table_int(t, OID_OWNER);
                table_int(t, 0);
                table_int(t, 0);
                table_int(t, 0);
                table_int(t, false);
                table_text(t, "p");
                table_text(t, "r");
                table_int(t, show->column_count);
                table_int(t, 0);
                table_int(t, false);
                table_int(t, false);
                table_int(t, false);
                table_int(t, false);
                table_int(t, false);
                table_text(t, "n");
                table_null(t);
                table_int(t, 0);
                table_int(t, false);
        }
}

static void fill_attribute(struct table *t, const struct scene *s)
{
        const struct show *show;

        (void)s;
        for (size_t i = 0; (show = show_at(i)) != NULL; i++) {
                for (int c = 0; c < show->column_count; c++) {
                        table_int(t, OID_FIRST_TABLE + (int64_t)i);
                        table_text(t, show->columns[c].name);
                        table_int(t, types[show->columns[c].type].oid);
                        table_int(t, types[show->columns[c].type].size);
                        table_int(t, c + 1);
                        table_int(t, -1);
                        table_int(t, false);
                        table_int(t, false);
                        table_text(t, "");
                        table_text(t, "");
                        table_int(t, false);
                        table_int(t, 0);
                        table_int(t, -1);
                }
        }
}

static void fill_type(struct table *t, const struct scene *s)
{
        (void)s;
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
                table_int(t, types[i].oid);
                table_text(t, types[i].name);
                table_int(t, OID_NAMESPACE);
                table_int(t, types[i].size);
                table_text(t, "b");
                table_int(t, 0);
                table_int(t, 0);
                table_int(t, 0);
                table_int(t, 0);
                table_int(t, 0);
                table_text(t, ",");
                table_text(t, types[i].category);
                table_int(t, false);
                table_int(t, -1);
        }
}

static void fill_database(struct table *t, const struct scene *s)
{
        (void)s;
        table_int(t, OID_DATABASE);
        table_text(t, "pgbouncer");
        table_int(t, OID_OWNER);
        table_int(t, 6); /* UTF8 */
        table_int(t, false);
        table_int(t, true);
}

static void fill_tables_view(struct table *t, const struct scene *s)
{
        const struct show *show;

        (void)s;
        for (size_t i = 0; (show = show_at(i)) != NULL; i++) {
                table_text(t, "pgbouncer");
                table_text(t, "pgbouncer");
                table_text(t, show->name);
                table_text(t, "BASE TABLE");
        }
}

static void fill_columns_view(struct table *t, const struct scene *s)
{
        const struct show *show;

        (void)s;
        for (size_t i = 0; (show = show_at(i)) != NULL; i++)
                for (int c = 0; c < show->column_count; c++) {
                        table_text(t, "pgbouncer");
                        table_text(t, "pgbouncer");
                        table_text(t, show->name);
                        table_text(t, show->columns[c].name);
                        table_int(t, c + 1);
                        table_text(t, "YES");
                        table_text(t, types[show->columns[c].type].long_name);
                }
}

static void fill_none(struct table *t, const struct scene *s)
{
        (void)t;
        (void)s;
}

#define RELATION(name, columns, fill)                                                                        \
        {                                                                                                    \
                name, columns, (int)(sizeof(columns) / sizeof(columns[0])), 0, fill, ""                      \
        }

static void fill_schemata_view(struct table *t, const struct scene *s)
{
        (void)s;
        table_text(t, "pgbouncer");
        table_text(t, "pgbouncer");
        table_text(t, "pgbouncer");
}

static const struct column schemata_view[] = {TEXT("catalog_name"), TEXT("schema_name"),
                                              TEXT("schema_owner")};
static const struct column pg_am[] = {INT("oid"), TEXT("amname")};
static const struct column pg_attrdef[] = {INT("oid"), INT("adrelid"), INT("adnum"), TEXT("adbin")};
static const struct column pg_collation[] = {INT("oid"), TEXT("collname")};
static const struct column pg_description[] = {INT("objoid"), INT("classoid"), INT("objsubid"),
                                               TEXT("description")};
static const struct column pg_extension[] = {INT("oid"), TEXT("extname"), INT("extowner"),
                                             INT("extnamespace"), TEXT("extversion")};
static const struct column pg_inherits[] = {INT("inhrelid"), INT("inhparent"), INT("inhseqno")};
static const struct column pg_index[] = {INT("indexrelid"), INT("indrelid"), BOOL("indisprimary"),
                                         TEXT("indkey")};
static const struct column pg_constraint[] = {INT("oid"), TEXT("conname"), INT("conrelid"), TEXT("contype")};
static const struct column pg_trigger[] = {INT("oid"), INT("tgrelid"), TEXT("tgname")};

static const struct show list[] = {
    RELATION("pg_namespace", pg_namespace, fill_namespace),
    RELATION("pg_class", pg_class, fill_class),
    RELATION("pg_attribute", pg_attribute, fill_attribute),
    RELATION("pg_type", pg_type, fill_type),
    RELATION("pg_database", pg_database, fill_database),
    RELATION("information_schema_tables", tables_view, fill_tables_view),
    RELATION("information_schema_columns", columns_view, fill_columns_view),
    RELATION("information_schema_schemata", schemata_view, fill_schemata_view),
    RELATION("pg_am", pg_am, fill_none),
    RELATION("pg_attrdef", pg_attrdef, fill_none),
    RELATION("pg_collation", pg_collation, fill_none),
    RELATION("pg_description", pg_description, fill_none),
    RELATION("pg_extension", pg_extension, fill_none),
    RELATION("pg_inherits", pg_inherits, fill_none),
    RELATION("pg_index", pg_index, fill_none),
    RELATION("pg_constraint", pg_constraint, fill_none),
    RELATION("pg_trigger", pg_trigger, fill_none),
};

const struct show *sql_catalog_at(size_t i)
{
        return i < sizeof(list) / sizeof(list[0]) ? &list[i] : NULL;
}

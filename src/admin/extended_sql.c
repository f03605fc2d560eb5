#include "admin/extended_sql.h"

#include "admin/sql.h"
#include "base/check.h"
#include "base/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* pg_type.dat */
enum {
        OID_BOOL = 16,
        OID_INT8 = 20,
        OID_INT2 = 21,
        OID_INT4 = 23,
        OID_TEXT = 25,
        OID_FLOAT4 = 700,
        OID_FLOAT8 = 701
};

/* ---- statements ---- */

void saved_text(struct saved *s)
{
        size_t n = s->command.sql.n;

        s->sql = memcpy(xmalloc(n + 1), s->command.sql.p, n);
        s->command.sql = sv_from(s->sql, n);
}

bool saved_sql(struct saved *s, const uint32_t *types, int count, struct refusal *r)
{
        struct sql *sql = sql_prepare(s->command.sql, r);

        if (sql == NULL)
                return false;
        s->parameters = sql_parameter_count(sql) > count ? sql_parameter_count(sql) : count;
        sql_free(sql);
        if (s->parameters > SQL_PARAMETERS_MAX) {
                refusal_set(r, "ERROR", "54023", "more than %d parameters", SQL_PARAMETERS_MAX);
                return false;
        }
        s->types = xcalloc((size_t)s->parameters + 1, sizeof(*s->types));
        for (int i = 0; i < count; i++)
                s->types[i] = types[i];
        return true;
}

static void forget_shape(struct saved *s)
{
        for (int i = 0; i < s->columns; i++)
                free((void *)(uintptr_t)s->shape[i].name);
        free(s->shape);
        s->shape = NULL;
        s->columns = 0;
}

void saved_sql_free(struct saved *s)
{
        forget_shape(s);
        free(s->sql);
        free(s->types);
}

void saved_shape(struct saved *s, const struct table *t)
{
        forget_shape(s);
        s->columns = t->column_count;
        s->shape = xcalloc((size_t)s->columns, sizeof(*s->shape));
        for (int i = 0; i < s->columns; i++)
                s->shape[i] = (struct column){xstrdup(t->columns[i].name), t->columns[i].type};
}

void write_parameters(struct writer *w, const struct saved *s)
{
        msg_begin(w, BE_PARAM_DESCRIPTION);
        put_i16(w, (uint16_t)s->parameters);
        for (int i = 0; i < s->parameters; i++)
                put_i32(w, s->types[i] == 0 ? OID_TEXT : s->types[i]);
        msg_end(w);
}

/* ---- parameters ---- */

static bool refuse_value(struct refusal *r, int n, const char *what)
{
        refusal_set(r, "ERROR", "22P02", "invalid input syntax for type %s in parameter $%d", what, n);
        return false;
}

static uint64_t big_endian(const uint8_t *p, size_t n)
{
        uint64_t v = 0;

        while (n-- > 0)
                v = v << 8 | *p++;
        return v;
}

static bool take_binary(struct portal *p, struct parameter *out, uint32_t type, const uint8_t *bytes,
                        size_t n)
{
        double real;
        float small;
        uint64_t bits = n <= 8 ? big_endian(bytes, n) : 0;
        uint32_t half = (uint32_t)bits;

        switch (type) {
        case OID_BOOL: out->number = bits != 0; return n == 1;
        case OID_INT2: out->number = (int16_t)bits; return n == 2;
        case OID_INT4: out->number = (int32_t)bits; return n == 4;
        case OID_INT8: out->number = (int64_t)bits; return n == 8;
        case OID_FLOAT4:
        case OID_FLOAT8:
                memcpy(&real, &bits, sizeof(real));
                memcpy(&small, &half, sizeof(small));
                out->is_number = false;
                out->text =
                    sv_cstr(arena_printf(&p->arena, "%.17g", type == OID_FLOAT4 ? (double)small : real));
                return n == (type == OID_FLOAT4 ? 4 : 8);
        default: return true;
        }
}

static bool is_integer(uint32_t type)
{
        return type == OID_BOOL || type == OID_INT2 || type == OID_INT4 || type == OID_INT8;
}

static bool take_text_integer(struct parameter *out)
{
        char *end;

        if (sv_is(out->text, "t") || sv_is(out->text, "true"))
                return out->number = 1, true;
        if (sv_is(out->text, "f") || sv_is(out->text, "false"))
                return true;
        errno = 0;
        out->number = strtoll(out->text.p, &end, 10);
        return errno == 0 && out->text.n > 0 && *end == '\0';
}

static bool take_value(struct portal *p, struct parameter *out, uint32_t type, bool binary,
                       struct reader *body)
{
        uint32_t n = take_u32(body);
        const uint8_t *bytes;

        out->null = n == UINT32_MAX;
        if (out->null || body->failed)
                return true;
        bytes = take_bytes(body, n);
        if (bytes == NULL)
                return true; /* the message is malformed, and says so */
        out->is_number = is_integer(type);
        out->text = sv_from(arena_strndup(&p->arena, (const char *)bytes, n), n);
        if (binary)
                return take_binary(p, out, type, bytes, n);
        return !out->is_number || take_text_integer(out);
}

static unsigned take_parameter_formats(struct reader *body, uint16_t formats[SQL_PARAMETERS_MAX])
{
        unsigned count = take_u16(body);

        for (unsigned i = 0; i < count && !body->failed; i++) {
                uint16_t format = take_u16(body);

                if (i < SQL_PARAMETERS_MAX)
                        formats[i] = format;
        }
        return count;
}

bool portal_parameters(struct portal *p, const struct saved *s, struct reader *body, struct refusal *r)
{
        uint16_t formats[SQL_PARAMETERS_MAX] = {0};
        unsigned format_count = take_parameter_formats(body, formats), count = take_u16(body);
        struct parameter *list;

        if (body->failed)
                return true;
        if (s->command.verb != VERB_SQL && count > 0) {
                refusal_set(r, "ERROR", "08P01",
                            "bind message supplies %u parameters, but this command takes none", count);
                return false;
        }
        if ((int)count != s->parameters || (format_count > 1 && format_count != count)) {
                refusal_set(r, "ERROR", "08P01",
                            "bind message supplies %u parameters, but prepared statement \"%s\" requires %d",
                            count, s->name, s->parameters);
                return false;
        }
        list = arena_alloc(&p->arena, (count + 1) * sizeof(*list));
        for (unsigned i = 0; i < count && !body->failed; i++)
                if (!take_value(p, &list[i], s->types[i], formats[format_count > 1 ? i : 0] == 1, body))
                        return refuse_value(r, (int)i + 1,
                                            is_integer(s->types[i]) ? "integer" : "double precision");
        p->command.parameters = list;
        p->command.parameter_count = (int)count;
        if (s->sql != NULL)
                p->command.sql = sv_cstr(arena_strndup(&p->arena, s->sql, s->command.sql.n));
        if (s->shape != NULL) {
                struct column *shape = arena_alloc(&p->arena, (size_t)s->columns * sizeof(*shape));

                for (int i = 0; i < s->columns; i++)
                        shape[i] =
                            (struct column){arena_strdup(&p->arena, s->shape[i].name), s->shape[i].type};
                p->shape = shape;
                p->columns = s->columns;
        }
        return true;
}

/* ---- columns described before ---- */

static bool to_type(struct arena *arena, struct cell *cell, enum cell_type from, enum cell_type to)
{
        if (from == to || cell->null)
                return true;
        if (to == CELL_TEXT && from == CELL_FLOAT)
                cell->text = arena_printf(arena, "%.15g", cell->real);
        else if (to == CELL_TEXT)
                cell->text = arena_printf(arena, "%" PRId64, cell->number);
        else if (to == CELL_FLOAT && from == CELL_INT8)
                cell->real = (double)cell->number;
        else
                return false;
        return true;
}

bool portal_shape(struct portal *p, struct table *t, struct refusal *r)
{
        if (p->shape == NULL)
                return true;
        for (size_t i = 0; i < t->used; i++) {
                int column = (int)(i % (size_t)t->column_count);

                if (!to_type(&t->arena, &t->cells[i], t->columns[column].type, p->shape[column].type)) {
                        refusal_set(r, "ERROR", "0A000", "cached plan must not change result type");
                        r->hint = "Column types of expressions come from their values; these are of another "
                                  "type than "
                                  "those that were described. Prepare the statement again, or use CAST.";
                        return false;
                }
        }
        t->columns = p->shape;
        return true;
}

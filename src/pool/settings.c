#include "pool/settings.h"

#include "base/check.h"
#include "base/hash_table.h"
#include "pool/date_style.h"

#include <stdlib.h>

struct settings {
        UT_hash_handle hh;
        int refs;
        uint32_t size;
        char blob[];
};

size_t settings_memory(const struct settings_table *table, size_t *count)
{
        size_t bytes = 0;

        *count = HASH_COUNT(table->sets);
        for (const struct settings *set = table->sets; set != NULL; set = set->hh.next)
                bytes += sizeof(*set) + set->size;
        return bytes;
}

struct sv settings_blob(const struct settings *set)
{
        return set == NULL ? (struct sv){"", 0} : sv_from(set->blob, set->size);
}

bool settings_next(struct sv *at, struct setting *out)
{
        size_t n;

        if (at->n == 0)
                return false;
        out->name = sv_cstr(at->p);
        n = out->name.n + 1;
        out->kind = at->p[n] == SETTING_KIND_STRING ? SETTING_KIND_STRING : SETTING_KIND_SQL;
        out->value = sv_cstr(at->p + n + 1);
        n += 1 + out->value.n + 1;
        at->p += n;
        at->n -= n;
        return true;
}

bool settings_get(const struct settings *set, struct sv name, struct setting *out)
{
        struct sv at = settings_blob(set);

        while (settings_next(&at, out))
                if (sv_eq(out->name, name))
                        return true;
        return false;
}

struct settings *settings_ref(struct settings *set)
{
        if (set != NULL)
                set->refs++;
        return set;
}

struct settings *settings_from_blob(struct settings_table *table, struct sv blob)
{
        struct settings *set;

        if (blob.n == 0)
                return NULL;
        HASH_FIND(hh, table->sets, blob.p, (unsigned)blob.n, set);
        if (set == NULL) {
                set = xcalloc(1, sizeof(*set) + blob.n);
                set->size = (uint32_t)blob.n;
                memcpy(set->blob, blob.p, blob.n);
                HASH_ADD_KEYPTR(hh, table->sets, set->blob, set->size, set);
        }
        return settings_ref(set);
}

void settings_unref(struct settings_table *table, struct settings *set)
{
        if (set == NULL)
                return;
        CHECK(set->refs > 0);
        if (--set->refs == 0) {
                HASH_DEL(table->sets, set);
                free(set);
        }
}

static size_t put_setting(char *out, const struct setting *s)
{
        size_t n = 0;

        memcpy(out, s->name.p, s->name.n);
        n = s->name.n;
        out[n++] = '\0';
        out[n++] = (char)s->kind;
        if (s->value.n > 0)
                memcpy(out + n, s->value.p, s->value.n);
        n += s->value.n;
        out[n++] = '\0';
        return n;
}

static int name_order(struct sv a, struct sv b)
{
        int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

        return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static bool is_date_style(struct sv name)
{
        return sv_is(name, "datestyle");
}

/* What `add` means to a session that has `base`; `text` may hold it. */
static struct setting meant(const struct settings *base, const struct setting *add,
                            char text[DATE_STYLE_BYTES])
{
        struct setting before;

        if (is_date_style(add->name) && settings_get(base, add->name, &before) &&
            date_style_join(before.value, add->value, text))
                return (struct setting){add->name, sv_cstr(text), SETTING_KIND_STRING};
        return *add;
}

enum status settings_with(struct settings_table *table, struct settings *base, const struct setting *given,
                          struct settings **out)
{
        char text[DATE_STYLE_BYTES];
        const struct setting meaning = meant(base, given, text), *add = &meaning;
        struct sv at = settings_blob(base);
        size_t need = at.n + add->name.n + add->value.n + 3, n = 0;
        struct setting s;
        bool placed = false;
        char *blob;

        *out = NULL;
        if (add->name.n == 0 || memchr(add->name.p, 0, add->name.n) != NULL ||
            (add->value.n > 0 && memchr(add->value.p, 0, add->value.n) != NULL))
                return STATUS_INVALID;
        if (need > SETTINGS_BYTES_MAX)
                return STATUS_LIMIT;
        blob = xmalloc(need);
        while (settings_next(&at, &s)) {
                int order = name_order(s.name, add->name);

                if (order >= 0 && !placed) {
                        n += put_setting(blob + n, add);
                        placed = true;
                }
                if (order != 0)
                        n += put_setting(blob + n, &s);
        }
        if (!placed)
                n += put_setting(blob + n, add);
        *out = settings_from_blob(table, sv_from(blob, n));
        free(blob);
        return STATUS_OK;
}

struct settings *settings_without(struct settings_table *table, struct settings *base, struct sv name)
{
        struct sv at = settings_blob(base);
        char *blob = xmalloc(at.n);
        struct settings *out;
        struct setting s;
        size_t n = 0;

        while (settings_next(&at, &s))
                if (!sv_eq(s.name, name))
                        n += put_setting(blob + n, &s);
        out = settings_from_blob(table, sv_from(blob, n));
        free(blob);
        return out;
}

struct sql {
        struct buf *out;
        size_t limit;
        bool failed;
};

static void put(struct sql *sql, const char *text, size_t n)
{
        if (!sql->failed && buf_append(sql->out, text, n, sql->limit) != STATUS_OK)
                sql->failed = true;
}

static void put_text(struct sql *sql, const char *text)
{
        put(sql, text, strlen(text));
}

/* Doubles the quote; a backslash makes it an E'' string, right whatever standard_conforming_strings says. */
static void put_quoted(struct sql *sql, struct sv text, char quote)
{
        if (quote == '\'' && text.n > 0 && memchr(text.p, '\\', text.n) != NULL)
                put_text(sql, " E");
        put(sql, &quote, 1);
        for (size_t i = 0; i < text.n; i++) {
                if (text.p[i] == quote || (quote == '\'' && text.p[i] == '\\'))
                        put(sql, text.p + i, 1);
                put(sql, text.p + i, 1);
        }
        put(sql, &quote, 1);
}

/* Custom parameters are written schema.name, each part an identifier. */
static void put_name(struct sql *sql, struct sv name)
{
        const char *dot = memchr(name.p, '.', name.n);

        if (dot != NULL) {
                put_quoted(sql, sv_from(name.p, (size_t)(dot - name.p)), '"');
                put_text(sql, ".");
                name = sv_from(dot + 1, name.n - (size_t)(dot - name.p) - 1);
        }
        put_quoted(sql, name, '"');
}

static void put_set(struct sql *sql, const struct setting *s)
{
        if (s->kind == SETTING_KIND_STRING) {
                put_text(sql, "SELECT pg_catalog.set_config(");
                put_quoted(sql, s->name, '\'');
                put_text(sql, ",");
                put_quoted(sql, s->value, '\'');
                put_text(sql, ",false);");
                return;
        }
        if (sv_is(s->name, "timezone")) { /* its own grammar: INTERVAL '...' is allowed only here */
                put_text(sql, "SET TIME ZONE ");
        } else {
                put_text(sql, "SET ");
                put_name(sql, s->name);
                put_text(sql, " TO ");
        }
        put(sql, s->value.p, s->value.n);
        put_text(sql, ";");
}

static void put_reset(struct sql *sql, struct sv name)
{
        put_text(sql, "RESET ");
        put_name(sql, name);
        put_text(sql, ";");
}

enum status setting_statement(const struct setting *s, struct buf *sql, size_t limit)
{
        struct sql w = {sql, limit, false};

        put_set(&w, s);
        return w.failed ? STATUS_LIMIT : STATUS_OK;
}

enum status setting_literal(struct sv text, struct buf *sql, size_t limit)
{
        struct sql w = {sql, limit, false};

        put_quoted(&w, text, '\'');
        return w.failed ? STATUS_LIMIT : STATUS_OK;
}

static int rank(struct sv name)
{
        if (sv_is(name, "session_authorization"))
                return 0;
        return sv_is(name, "role") ? 2 : 1;
}

static void put_rank(struct sql *sql, const struct settings *from, const struct settings *to, int wanted)
{
        struct sv at = settings_blob(from);
        struct setting s, other;

        while (settings_next(&at, &s))
                if (rank(s.name) == wanted && !settings_get(to, s.name, &other))
                        put_reset(sql, s.name);
        at = settings_blob(to);
        while (settings_next(&at, &s)) {
                if (rank(s.name) != wanted)
                        continue;
                if (!settings_get(from, s.name, &other)) {
                        put_set(sql, &s);
                } else if (other.kind != s.kind || !sv_eq(other.value, s.value)) {
                        if (is_date_style(s.name)) /* of which a half may be another session's */
                                put_reset(sql, s.name);
                        put_set(sql, &s);
                }
        }
}

enum status settings_difference(const struct settings *from, const struct settings *to, struct buf *sql,
                                size_t limit)
{
        struct sql w = {sql, limit, false};

        if (from == to)
                return STATUS_OK;
        for (int wanted = 0; wanted <= 2; wanted++)
                put_rank(&w, from, to, wanted);
        return w.failed ? STATUS_LIMIT : STATUS_OK;
}

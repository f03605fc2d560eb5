#include "conf/line.h"

#include "base/check.h"
#include "conf/report.h"
#include "conf/suggest.h"
#include "conf/value.h"

#include <stdarg.h>
#include <stdio.h>

void line_error(const struct line *line, const char *format, ...)
{
        char text[768];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        (line->lenient ? report_warn : report_error)(line->report, line->file, line->number, "[%s] %s: %s",
                                                     line->section, line->name, text);
}

void line_warn(const struct line *line, const char *format, ...)
{
        char text[768];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        report_warn(line->report, line->file, line->number, "[%s] %s: %s", line->section, line->name, text);
}

static const char *skip_blanks(const char *p)
{
        while (*p == ' ' || *p == '\t')
                p++;
        return p;
}

static bool at_end(const char *p)
{
        return *p == '\0' || *p == ' ' || *p == '\t';
}

static const struct option_info *find_key(const struct option_info *keys, size_t count, struct sv key)
{
        for (size_t i = 0; i < count; i++)
                if (sv_is(key, keys[i].name))
                        return &keys[i];
        return NULL;
}

/* Takes "key =" off *p. */
static bool take_key(const struct line *line, const char **p, struct sv *key)
{
        const char *start = *p, *q = start;

        while (!at_end(q) && *q != '=')
                q++;
        *key = sv_from(start, (size_t)(q - start));
        q = skip_blanks(q);
        if (*q == '=' && key->n > 0) {
                *p = q + 1;
                return true;
        }
        if (*start == '#' || *start == ';')
                line_error(line, "\"%s\" looks like a comment: a comment must stand on a line of its own",
                           start);
        else if (option_find(line->name) != NULL && start[strcspn(start, "=")] == '\0')
                line_error(line,
                           "\"%s\" is not key=value; %s is an option: put it under [pgsteer] or [pgbouncer]",
                           start, line->name);
        else if (key->n == 0)
                line_error(line, "\"%s\" has no key before the =", start);
        else
                line_error(
                    line,
                    "\"%.*s\" is not key=value; a value with blanks is written in single quotes, and a "
                    "list has no blanks after its commas",
                    SV_ARG(*key));
        return false;
}

/* Takes a quoted value off *p, which is at the opening quote. NULL: it does not end. */
static char *take_quoted(const struct line *line, const char **p)
{
        const char *q = *p + 1;
        char *value = arena_alloc(line->arena, strlen(q) + 1);
        size_t n = 0;

        for (;; q++) {
                if (*q == '\0')
                        return NULL;
                if (*q == '\'' && *++q != '\'')
                        break;
                value[n++] = *q;
        }
        *p = q;
        return value;
}

static void say_no_value(const struct line *line, struct sv key)
{
        line_error(line, "%.*s= has no value: write one, or leave the key out", SV_ARG(key));
}

/* "host= port=5432": PgBouncer would take "port=5432" for the host. */
static bool is_next_key(const char *p, const struct option_info *keys, size_t count)
{
        size_t n = strcspn(p, "= \t");

        return p[n] == '=' && find_key(keys, count, sv_from(p, n)) != NULL;
}

/* Takes the value of `key` off *p; NULL when there is a mistake. */
static char *take_value(const struct line *line, const char **p, struct sv key,
                        const struct option_info *keys, size_t count)
{
        const char *q = skip_blanks(*p);
        bool gap = q > *p;
        size_t n;
        char *value;

        if (*q == '\'') {
                value = take_quoted(line, &q);
                if (value == NULL) {
                        line_error(line,
                                   "%.*s= has a quote that does not end; a quote inside quotes is written ''",
                                   SV_ARG(key));
                        return NULL;
                }
                if (!at_end(q)) {
                        line_error(
                            line,
                            "%.*s= goes on after its closing quote; a quote inside quotes is written ''",
                            SV_ARG(key));
                        return NULL;
                }
        } else {
                n = strcspn(q, " \t");
                if (n == 0 || (gap && is_next_key(q, keys, count))) {
                        say_no_value(line, key);
                        return NULL;
                }
                if (*q == '"')
                        line_warn(line, "%.*s= is used with its double quotes: quote with single ones",
                                  SV_ARG(key));
                value = arena_strndup(line->arena, q, n);
                q += n;
        }
        if (*value == '\0') {
                say_no_value(line, key);
                return NULL;
        }
        *p = q;
        return value;
}

static void say_unknown(const struct line *line, struct sv key, const struct option_info *keys, size_t count)
{
        char meant[96], name[128];
        struct suggest near = {.word = key};

        snprintf(name, sizeof(name), "%.*s", SV_ARG(key));
        if (strncmp(name, "default_", 8) == 0 && find_key(keys, count, sv_cstr(name + 8)) != NULL) {
                line_error(line, "%s is an option; for one line it is %s", name, name + 8);
                return;
        }
        for (size_t i = 0; i < count; i++)
                suggest_offer(&near, sv_cstr(keys[i].name));
        if (near.best.n == 0 && option_find(name) != NULL) {
                line_error(line,
                           "%s is an option and cannot stand here: put it under [pgsteer] or [pgbouncer]",
                           name);
                return;
        }
        line_error(line, "%s is not a key that can stand here%s", name,
                   suggest_text(&near, meant, sizeof(meant)));
}

/* Checks and stores one value. */
static bool set_key(const struct line *line, const struct option_info *key, const char *value, void *base)
{
        int64_t number;
        char why[512];

        if (key->type == OPTION_STRING) {
                value_store_text(key, base, value);
        } else {
                enum status status =
                    value_parse(key, value, line->loose || key->own, &number, why, sizeof(why));

                if (status == STATUS_INVALID && !line->loose)
                        status = value_tolerate(key, value, true, &number, why, sizeof(why));
                if (status == STATUS_INVALID) {
                        line_error(line, "%s: %s", key->name, why);
                        return false;
                }
                if (status == STATUS_DENIED)
                        line_warn(line, "%s: %s", key->name, why);
                /* In PgBouncer a time of 0 on a line means that the line does not say. */
                if (key->type == OPTION_TIME && number == 0 && !line->loose && !key->own)
                        number = -1;
                value_store(key, base, number);
        }
        return true;
}

bool line_read(const struct line *line, const char *text, const struct option_info *keys, size_t count,
               void *base, uint64_t *said)
{
        const char *p = skip_blanks(text);
        bool good = true;

        CHECK(count <= 64);
        *said = 0;
        if (strncmp(p, "postgres://", 11) == 0 || strncmp(p, "postgresql://", 13) == 0) {
                line_error(line, "a URL cannot stand here: write host=... port=... dbname=...");
                return false;
        }
        while (*p != '\0') {
                const struct option_info *info;
                struct sv key;
                char *value;

                /* Past a mistake in the syntax there is no telling where the next key begins. */
                if (!take_key(line, &p, &key) || (value = take_value(line, &p, key, keys, count)) == NULL)
                        return false;
                p = skip_blanks(p);
                info = find_key(keys, count, key);
                if (info == NULL) {
                        say_unknown(line, key, keys, count);
                        good = false;
                        continue;
                }
                good = set_key(line, info, value, base) && good;
                *said |= UINT64_C(1) << (info - keys);
        }
        return good;
}

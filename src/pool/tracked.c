#include "pool/tracked.h"

#include <ctype.h>

enum { NAME_MAX_BYTES = 128 };

static const char *const always[] = {"DateStyle", "client_encoding", "TimeZone",
                                     "standard_conforming_strings", "application_name"};

enum { ALWAYS = sizeof(always) / sizeof(always[0]) };

/* Number `i` of a list separated by commas or white space; false behind its end. */
static bool list_word(const char *list, unsigned i, struct sv *word)
{
        static const char gaps[] = ", \t\r\n\f\v";

        for (;;) {
                list += strspn(list, gaps);
                *word = sv_from(list, strcspn(list, gaps));
                if (word->n == 0 || i-- == 0)
                        return word->n > 0;
                list += word->n;
        }
}

bool tracked_next(const struct options *opt, unsigned *at, struct sv *name)
{
        unsigned i = (*at)++;

        if (i < ALWAYS) {
                *name = sv_cstr(always[i]);
                return true;
        }
        return list_word(opt->track_extra_parameters, i - ALWAYS, name);
}

bool tracked_name(const struct options *opt, struct sv given, struct sv *name)
{
        for (unsigned at = 0; tracked_next(opt, &at, name);)
                if (sv_ieq(*name, given))
                        return name->n < NAME_MAX_BYTES;
        return false;
}

static struct sv lower(struct sv name, char out[NAME_MAX_BYTES])
{
        for (size_t i = 0; i < name.n; i++)
                out[i] = (char)tolower((unsigned char)name.p[i]);
        out[name.n] = '\0';
        return sv_from(out, name.n);
}

enum status tracked_put(struct settings_table *table, const struct options *opt, struct settings **set,
                        struct sv name, struct sv value)
{
        struct setting setting = {.value = value, .kind = SETTING_KIND_STRING};
        struct settings *next;
        char text[NAME_MAX_BYTES];
        enum status status;

        if (!tracked_name(opt, name, &name))
                return STATUS_OK;
        setting.name = lower(name, text);
        status = settings_with(table, *set, &setting, &next);
        if (status != STATUS_OK)
                return status;
        settings_unref(table, *set);
        *set = next;
        return STATUS_OK;
}

bool tracked_get(const struct settings *set, struct sv name, struct sv *value)
{
        struct setting found;
        char text[NAME_MAX_BYTES];

        if (name.n >= sizeof(text) || !settings_get(set, lower(name, text), &found))
                return false;
        *value = found.value;
        return true;
}

/* A list of names is reported with quotes where they need them, and must not get others around it: a string
 * that set_config() takes apart again. The empty list is reported as one empty name. */
static enum status put_list(struct buf *sql, size_t limit, struct sv name, struct sv value)
{
        struct setting list = {name, sv_is(value, "\"\"") ? SV("") : value, SETTING_KIND_STRING};

        return setting_statement(&list, sql, limit);
}

static enum status put_set(struct buf *sql, size_t limit, struct sv name, struct sv value)
{
        enum status status;

        if (sv_ieq(name, SV("search_path")))
                return put_list(sql, limit, name, value);
        status = buf_append(sql, "SET ", 4, limit);
        if (status == STATUS_OK)
                status = buf_append(sql, name.p, name.n, limit);
        if (status == STATUS_OK)
                status = buf_append(sql, "=", 1, limit);
        if (status == STATUS_OK)
                status = setting_literal(value, sql, limit);
        return status == STATUS_OK ? buf_append(sql, ";", 1, limit) : status;
}

enum status tracked_difference(const struct options *opt, const struct settings *from,
                               const struct settings *to, struct buf *sql, size_t limit)
{
        enum status status = STATUS_OK;
        struct sv name, have, want;

        for (unsigned at = 0; status == STATUS_OK && tracked_next(opt, &at, &name);)
                if (tracked_get(from, name, &have) && tracked_get(to, name, &want) && !sv_ieq(have, want))
                        status = put_set(sql, limit, name, want);
        return status;
}

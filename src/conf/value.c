#include "conf/value.h"

#include "base/check.h"
#include "base/clock.h"
#include "conf/suggest.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct unit {
        const char *name;
        int64_t factor; /* microseconds, or bytes */
};

static const struct unit time_units[] = {
    {"us", 1},
    {"ms", US_PER_MS},
    {"s", US_PER_SEC},
    {"min", 60 * US_PER_SEC},
    {"h", 3600 * US_PER_SEC},
    {"d", 86400 * US_PER_SEC},
};
static const struct unit size_units[] = {
    {"B", 1},
    {"kB", INT64_C(1) << 10},
    {"MB", INT64_C(1) << 20},
    {"GB", INT64_C(1) << 30},
};
enum {
        TIME_UNITS = sizeof(time_units) / sizeof(time_units[0]),
        SIZE_UNITS = sizeof(size_units) / sizeof(size_units[0])
};

static const char *const yes_words[] = {"yes", "on", "true"}, *const no_words[] = {"no", "off", "false"};

static int truth(const char *text)
{
        for (int i = 0; i < 3; i++) {
                if (strcasecmp(text, yes_words[i]) == 0)
                        return 1;
                if (strcasecmp(text, no_words[i]) == 0)
                        return 0;
        }
        return -1;
}

/* Where a comment begins that somebody appended to a value; NULL when there is none. */
static const char *comment_in(const char *text)
{
        for (const char *p = text; *p != '\0'; p++)
                if ((*p == '#' || *p == ';') && p > text && (p[-1] == ' ' || p[-1] == '\t'))
                        return p;
        return NULL;
}

static void say_comment(const char *text, const char *comment, const char *name, char *why, size_t size)
{
        struct sv value = sv_trim(sv_from(text, (size_t)(comment - text)));

        snprintf(why, size,
                 "\"%s\" has a comment in it: a comment must stand on a line of its own, so write %s = %.*s",
                 text, name, SV_ARG(value));
}

static enum status parse_bool(const struct option_info *info, const char *text, bool loose, int64_t *number,
                              char *why, size_t size)
{
        char *end;
        long v = strtol(text, &end, 0);
        int word = truth(text);

        if (end != text && *end == '\0' && (v == 0 || v == 1)) {
                *number = v;
                return STATUS_OK;
        }
        if (word >= 0 && loose) {
                *number = word;
                return STATUS_OK;
        }
        if (word >= 0)
                snprintf(why, size, "\"%s\" is neither 0 nor 1: under [pgbouncer] write %s = %d", text,
                         info->name, word);
        else if (loose)
                snprintf(why, size,
                         "\"%s\" is neither yes nor no: write yes, no, on, off, true, false, 1 or 0", text);
        else
                snprintf(why, size, "\"%s\" is neither 0 nor 1", text);
        return STATUS_INVALID;
}

/* A count of something, in PgBouncer's manner: decimal, 0x... or 0... (octal). */
static bool whole(const char *text, int base, int64_t *number)
{
        char *end;
        long long v;

        errno = 0;
        v = strtoll(text, &end, base);
        if (errno != 0 || end == text || *end != '\0')
                return false;
        *number = v;
        return true;
}

/* A decimal with a unit behind it. *bare: there was none, and the number is in `bare_factor`. */
static bool measure(const char *text, const struct unit *units, int unit_count, int64_t bare_factor,
                    struct sv *suffix, double *number)
{
        char *end;
        double v;

        errno = 0;
        v = strtod(text, &end);
        if (errno != 0 || end == text || !isfinite(v))
                return false;
        *suffix = sv_trim(sv_cstr(end));
        if (suffix->n == 0) {
                *number = v * (double)bare_factor;
                return true;
        }
        for (int i = 0; i < unit_count; i++) {
                if (sv_ieq(*suffix, sv_cstr(units[i].name))) {
                        *number = v * (double)units[i].factor;
                        return true;
                }
        }
        return false;
}

/* What bare numbers and the result are counted in. */
static int64_t bare_factor(const struct option_info *info)
{
        switch (info->unit) {
        case UNIT_SECONDS: return US_PER_SEC;
        case UNIT_MILLISECONDS: return US_PER_MS;
        case UNIT_NONE:
        case UNIT_BYTES: return 1;
        }
        return 1;
}

static const char *unit_word(const struct option_info *info)
{
        switch (info->unit) {
        case UNIT_SECONDS: return "seconds";
        case UNIT_MILLISECONDS: return "milliseconds";
        case UNIT_BYTES: return "bytes";
        case UNIT_NONE: return "";
        }
        return "";
}

static void say_no_measure(const struct option_info *info, const char *text, bool loose, char *why,
                           size_t size)
{
        bool bytes = info->unit == UNIT_BYTES;

        if (loose)
                snprintf(why, size,
                         "\"%s\" is not a %s: write a number with %s behind it; a bare number is %s", text,
                         bytes ? "size" : "time", bytes ? "B, kB, MB or GB" : "us, ms, s, min, h or d",
                         unit_word(info));
        else
                snprintf(why, size, "\"%s\" is not a plain number of %s", text, unit_word(info));
}

static enum status parse_measure(const struct option_info *info, const char *text, bool loose,
                                 int64_t *number, char *why, size_t size)
{
        bool bytes = info->unit == UNIT_BYTES;
        int64_t factor = bare_factor(info);
        struct sv suffix = {0};
        double v = 0;

        if (!measure(text, bytes ? size_units : time_units, bytes ? SIZE_UNITS : TIME_UNITS, factor, &suffix,
                     &v)) {
                if (loose && sv_is(suffix, "m"))
                        snprintf(why, size,
                                 "\"%s\": m could be minutes or months: write min, or s for seconds", text);
                else
                        say_no_measure(info, text, loose, why, size);
                return STATUS_INVALID;
        }
        if (suffix.n > 0 && !loose) {
                char right[64];

                value_format(info, info->type == OPTION_INT ? (int64_t)(v / (double)factor) : (int64_t)v,
                             right, sizeof(right));
                snprintf(
                    why, size,
                    "\"%s\" has a unit, and under [pgbouncer] this is a plain number of %s: write %s = %s",
                    text, unit_word(info), info->name, right);
                return STATUS_INVALID;
        }
        if (fabs(v) > 9e18) {
                snprintf(why, size, "\"%s\" is too large", text);
                return STATUS_INVALID;
        }
        *number = llround(v);
        if (info->type == OPTION_INT) {
                if (*number % factor != 0) {
                        snprintf(why, size, "\"%s\" is not a whole number of %s", text, unit_word(info));
                        return STATUS_INVALID;
                }
                *number /= factor;
        }
        return STATUS_OK;
}

void value_list_words(const struct option_info *info, char *out, size_t size)
{
        struct sv word;
        size_t used = 0;

        out[0] = '\0';
        for (int i = 0; (word = option_word(info, i)).n > 0 && used < size; i++)
                used +=
                    (size_t)snprintf(out + used, size - used, "%s%.*s", used > 0 ? ", " : "", SV_ARG(word));
}

static enum status parse_word(const struct option_info *info, const char *text, int64_t *number, char *why,
                              size_t size)
{
        struct suggest near = {.word = sv_cstr(text)};
        char meant[96], list[256];
        struct sv word;

        for (int i = 0; (word = option_word(info, i)).n > 0; i++) {
                suggest_offer(&near, word);
                if (sv_ieq(word, sv_cstr(text))) {
                        *number = i;
                        return STATUS_OK;
                }
        }
        value_list_words(info, list, sizeof(list));
        snprintf(why, size, "\"%s\" is not one of %s%s", text, list,
                 suggest_text(&near, meant, sizeof(meant)));
        return STATUS_INVALID;
}

static enum status parse_octal(const char *text, bool loose, int64_t *number, char *why, size_t size)
{
        if (!whole(text, 0, number)) {
                snprintf(why, size, "\"%s\" is not an octal number such as 0770", text);
                return STATUS_INVALID;
        }
        /* PgBouncer takes 770 for a decimal number, which nobody ever means. */
        if (*text != '0') {
                snprintf(why, size, "\"%s\" would be a decimal number: write 0%s", text, text);
                return loose || *number > 0777 ? STATUS_INVALID : STATUS_OK;
        }
        return STATUS_OK;
}

static enum status check_range(const struct option_info *info, const char *text, int64_t number, char *why,
                               size_t size)
{
        char low[32], high[32];

        if (number >= info->min && number <= info->max)
                return STATUS_OK;
        value_format(info, info->min, low, sizeof(low));
        value_format(info, info->max, high, sizeof(high));
        if (number < 0 && info->min == 0)
                snprintf(why, size, "\"%s\" is negative: write a number from 0", text);
        else
                snprintf(why, size, "\"%s\" is out of range: write a number from %s to %s%s%s", text, low,
                         high, info->unit == UNIT_NONE ? "" : " ", unit_word(info));
        return STATUS_INVALID;
}

static enum status parse_number(const struct option_info *info, const char *text, bool loose, int64_t *number,
                                char *why, size_t size)
{
        if (whole(text, 0, number) && info->type != OPTION_TIME)
                return STATUS_OK;
        if (info->unit != UNIT_NONE)
                return parse_measure(info, text, loose, number, why, size);
        snprintf(why, size, "\"%s\" is not a whole number", text);
        return STATUS_INVALID;
}

enum status value_parse(const struct option_info *info, const char *text, bool loose, int64_t *number,
                        char *why, size_t size)
{
        const char *comment = comment_in(text);
        enum status status = STATUS_INVALID;

        why[0] = '\0';
        if (*text == '\0') {
                snprintf(why, size, "has no value: write one, or take the line out to have the default");
                return STATUS_INVALID;
        }
        if (comment != NULL) {
                say_comment(text, comment, info->name, why, size);
                return STATUS_INVALID;
        }
        switch (info->type) {
        case OPTION_BOOL: return parse_bool(info, text, loose, number, why, size);
        case OPTION_ENUM: return parse_word(info, text, number, why, size);
        case OPTION_OCTAL: status = parse_octal(text, loose, number, why, size); break;
        case OPTION_INT:
        case OPTION_SIZE:
        case OPTION_TIME: status = parse_number(info, text, loose, number, why, size); break;
        case OPTION_STRING: CHECK(false);
        }
        return status == STATUS_OK ? check_range(info, text, *number, why, size) : status;
}

static bool quoted(const char *text)
{
        size_t n = strlen(text);

        return n >= 2 && (*text == '\'' || *text == '"') && text[n - 1] == *text;
}

/* A BOOL is any int: 0 is no, and SHOW CONFIG shows what was written. */
static int64_t within(const struct option_info *info, double v)
{
        int64_t min = info->type == OPTION_BOOL ? INT32_MIN : info->min;
        int64_t max = info->type == OPTION_BOOL ? INT32_MAX : info->max;

        return v <= (double)min ? min : v >= (double)max ? max : (int64_t)v;
}

/* What an option's number becomes, in units of its field. False: it is no number to PgBouncer either. */
static bool tolerate_option(const struct option_info *info, const char *text, int64_t *number)
{
        char *end;
        double v = info->type == OPTION_TIME ? strtod(text, &end) : (double)strtoll(text, &end, 0);

        if (end == text || *end != '\0' || isnan(v) || (info->type == OPTION_TIME && v < 0))
                return false;
        *number = within(info, info->type == OPTION_TIME ? v * (double)US_PER_SEC : v);
        return true;
}

enum status value_tolerate(const struct option_info *info, const char *text, bool on_line, int64_t *number,
                           char *why, size_t size)
{
        bool is_number = info->type != OPTION_ENUM && info->type != OPTION_STRING, taken = false;
        char shown[64];

        if (*text == '\0' || info->own || info == option_at(OPTION_ID_listen_port))
                return STATUS_INVALID;
        if (on_line && is_number) {
                long v = strtol(text, NULL, 10);

                /* A negative one is as if the line did not say. */
                *number =
                    v < 0 ? -1
                          : within(info, (double)v * (info->type == OPTION_TIME ? (double)US_PER_SEC : 1));
                taken = true;
        } else if (is_number) {
                taken = tolerate_option(info, text, number);
        } else if (info == option_at(OPTION_ID_syslog_facility)) {
                char ignored[256];

                taken = value_parse(info, info->pgbouncer_default, false, number, ignored, sizeof(ignored)) ==
                        STATUS_OK;
        }
        if (!taken)
                return STATUS_INVALID;
        if (on_line && *number < 0)
                snprintf(shown, sizeof(shown), "not said");
        else
                value_format(info, info->type == OPTION_BOOL ? *number != 0 : *number, shown, sizeof(shown));
        snprintf(why, size, "\"%s\" is taken for %s", text, shown);
        return STATUS_DENIED;
}

enum status value_check_text(const struct option_info *info, const char *text, char *why, size_t size)
{
        const char *comment = comment_in(text);

        switch (info->kind) {
        case KIND_FREE:
        case KIND_SECRET: return STATUS_OK;
        case KIND_QUERY:
                if (comment == NULL || *comment == ';')
                        return STATUS_OK;
                say_comment(text, comment, info->name, why, size);
                return STATUS_DENIED;
        case KIND_PLAIN:
        case KIND_LIST: break;
        }
        if (comment != NULL) {
                say_comment(text, comment, info->name, why, size);
                return STATUS_INVALID;
        }
        if (quoted(text)) {
                snprintf(why, size, "%s is used with its quotes: leave them out", text);
                return STATUS_DENIED;
        }
        return STATUS_OK;
}

static void *field(const struct option_info *info, void *base)
{
        return (char *)base + info->offset;
}

void value_store(const struct option_info *info, void *base, int64_t number)
{
        switch (info->type) {
        case OPTION_BOOL:
        case OPTION_INT:
        case OPTION_OCTAL:
        case OPTION_ENUM: *(int *)field(info, base) = (int)number; return;
        case OPTION_TIME:
        case OPTION_SIZE: *(int64_t *)field(info, base) = number; return;
        case OPTION_STRING: CHECK(false);
        }
}

void value_store_text(const struct option_info *info, void *base, const char *text)
{
        CHECK(info->type == OPTION_STRING);
        *(const char **)field(info, base) = text;
}

int64_t value_load(const struct option_info *info, const void *base)
{
        const void *p = (const char *)base + info->offset;

        switch (info->type) {
        case OPTION_BOOL:
        case OPTION_INT:
        case OPTION_OCTAL:
        case OPTION_ENUM: return *(const int *)p;
        case OPTION_TIME:
        case OPTION_SIZE: return *(const int64_t *)p;
        case OPTION_STRING: break;
        }
        CHECK(false);
        return 0;
}

const char *value_load_text(const struct option_info *info, const void *base)
{
        CHECK(info->type == OPTION_STRING);
        return *(const char *const *)(const void *)((const char *)base + info->offset);
}

void value_format(const struct option_info *info, int64_t number, char *out, size_t size)
{
        switch (info->type) {
        case OPTION_BOOL:
        case OPTION_INT:
        case OPTION_SIZE: snprintf(out, size, "%" PRId64, number); return;
        case OPTION_OCTAL: snprintf(out, size, "0%" PRIo64, number); return;
        case OPTION_ENUM: snprintf(out, size, "%.*s", SV_ARG(option_word(info, (int)number))); return;
        case OPTION_TIME: {
                int n =
                    snprintf(out, size, "%" PRId64 ".%06" PRId64, number / US_PER_SEC, number % US_PER_SEC);

                if (n <= 0 || (size_t)n >= size)
                        return;
                while (out[n - 1] == '0')
                        out[--n] = '\0';
                if (out[n - 1] == '.')
                        out[n - 1] = '\0';
                return;
        }
        case OPTION_STRING: CHECK(false);
        }
}

#include "base/clock.h"
#include "conf/conf.h"
#include "conf/database.h"
#include "conf/users.h"
#include "conf/value.h"

static void describe_number(const struct option_info *info, const char *what, char *out, size_t size)
{
        int64_t endless = info->type == OPTION_TIME ? INT32_MAX * US_PER_SEC : INT32_MAX;
        char low[32], high[32];

        value_format(info, info->min, low, sizeof(low));
        value_format(info, info->max, high, sizeof(high));
        if (info->max >= endless && info->min <= 0)
                snprintf(out, size, "%s", what);
        else if (info->max >= endless)
                snprintf(out, size, "%s, from %s", what, low);
        else
                snprintf(out, size, "%s, %s to %s", what, low, high);
}

/* What can be written. */
static void describe_value(const struct option_info *info, char *out, size_t size)
{
        const char *what = info->unit == UNIT_SECONDS        ? "seconds"
                           : info->unit == UNIT_MILLISECONDS ? "milliseconds"
                                                             : "number";

        switch (info->type) {
        case OPTION_BOOL: snprintf(out, size, "%s", info->own ? "yes or no" : "0 or 1"); return;
        case OPTION_OCTAL: snprintf(out, size, "octal number"); return;
        case OPTION_TIME: describe_number(info, "time", out, size); return;
        case OPTION_SIZE: describe_number(info, "bytes", out, size); return;
        case OPTION_INT: describe_number(info, what, out, size); return;
        case OPTION_STRING:
                snprintf(out, size, "%s",
                         info->kind == KIND_LIST     ? "list"
                         : info->kind == KIND_QUERY  ? "query"
                         : info->kind == KIND_SECRET ? "secret"
                                                     : "text");
                return;
        case OPTION_ENUM: value_list_words(info, out, size); return;
        }
}

static void print_option(FILE *out, const struct option_info *info)
{
        char value[256];
        const char *ours = option_default(info, true), *theirs = option_default(info, false);

        describe_value(info, value, sizeof(value));
        fprintf(out, "%s (%s; default \"%s\"", info->name, value, theirs);
        if (strcmp(ours, theirs) != 0)
                fprintf(out, ", under [pgsteer] \"%s\"", ours);
        fprintf(out, "; %s)\n    %s\n", info->reloadable ? "reload" : "restart", info->text);
}

static void print_keys(FILE *out, const struct option_info *keys, size_t count)
{
        char value[256];

        for (size_t i = 0; i < count; i++) {
                describe_value(&keys[i], value, sizeof(value));
                fprintf(out, "%s (%s)\n    %s\n", keys[i].name, value, keys[i].text);
        }
}

void conf_help(FILE *out)
{
        const struct option_info *keys;
        size_t count;

        fprintf(
            out,
            "Options, under [pgbouncer] or [pgsteer]. A bare time is in seconds; under [pgsteer], and for "
            "pgsteer's\nown options everywhere, it can have a unit: 500ms, 10s, 10min, 1h.\n\n");
        for (size_t i = 0; i < OPTION_COUNT; i++)
                print_option(out, option_at(i));
        fprintf(out, "\nKeys for a line of [databases]: NAME = key=value key='a value' ...\n\n");
        keys = database_keys(&count);
        print_keys(out, keys, count);
        fprintf(out, "\nKeys for a line of [users]: NAME = key=value ...\n\n");
        keys = user_keys(&count);
        print_keys(out, keys, count);
}

/* A cell of a table: '<' would begin a tag, '|' end the cell. */
static void print_cell(FILE *out, const char *text)
{
        for (; *text != '\0'; text++) {
                if (*text == '<')
                        fputs("&lt;", out);
                else if (*text == '|')
                        fputs("\\|", out);
                else
                        fputc(*text, out);
        }
}

static void print_default(FILE *out, const char *text)
{
        if (*text == '\0')
                fputs("(empty)", out);
        else
                fprintf(out, "`%s`", text);
}

static void markdown_options(FILE *out, bool own)
{
        char value[256];

        fputs("| option | value | default | changed by | meaning |\n|---|---|---|---|---|\n", out);
        for (size_t i = 0; i < OPTION_COUNT; i++) {
                const struct option_info *info = option_at(i);
                const char *ours = option_default(info, true), *theirs = option_default(info, false);

                if (info->own != own)
                        continue;
                describe_value(info, value, sizeof(value));
                fprintf(out, "| `%s` | ", info->name);
                print_cell(out, value);
                fputs(" | ", out);
                print_default(out, theirs);
                if (strcmp(ours, theirs) != 0) {
                        fputs("; `[pgsteer]`: ", out);
                        print_default(out, ours);
                }
                fprintf(out, " | %s | ", info->reloadable ? "reload" : "restart");
                print_cell(out, info->text);
                fputs(" |\n", out);
        }
}

static void markdown_keys(FILE *out, const struct option_info *keys, size_t count)
{
        char value[256];

        fputs("| key | value | meaning |\n|---|---|---|\n", out);
        for (size_t i = 0; i < count; i++) {
                describe_value(&keys[i], value, sizeof(value));
                fprintf(out, "| `%s` | ", keys[i].name);
                print_cell(out, value);
                fputs(" | ", out);
                print_cell(out, keys[i].text);
                fputs(" |\n", out);
        }
}

void conf_help_markdown(FILE *out)
{
        const struct option_info *keys;
        size_t count;

        fputs("### pgsteer's own options\n\n", out);
        markdown_options(out, true);
        fputs("\n### PgBouncer's options\n\n", out);
        markdown_options(out, false);
        fputs("\n### Keys for a line of `[databases]`\n\n", out);
        keys = database_keys(&count);
        markdown_keys(out, keys, count);
        fputs("\n### Keys for a line of `[users]`\n\n", out);
        keys = user_keys(&count);
        markdown_keys(out, keys, count);
}

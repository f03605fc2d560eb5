/* What asks when its transaction began (manual, "Current Date/Time"): now(), CURRENT_TIMESTAMP and their
 * like, and the words that date and time types take for it. */
#include "router/moment.h"

#include "router/scan.h"

#include <strings.h>

static const char *const names[] = {
    "now",          "transaction_timestamp", "age",       "current_date",
    "current_time", "current_timestamp",     "localtime", "localtimestamp",
};
static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};

static bool is_name(struct sv text)
{
        if (text.n > 2 && *text.p == '"')
                text = sv_from(text.p + 1, text.n - 2);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (sv_ieq(text, sv_cstr(names[i])))
                        return true;
        return false;
}

bool moment_in_value(struct sv value)
{
        for (size_t at = 0; at < value.n; at++)
                for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                        size_t n = strlen(words[i]);

                        if (value.n - at >= n && strncasecmp(value.p + at, words[i], n) == 0)
                                return true;
                }
        return false;
}

bool moment_in_text(struct sv text, unsigned options)
{
        struct scan scan;
        struct scan_token token;

        scan_init(&scan, text, options);
        do {
                scan_next(&scan, &token);
                if ((token.kind == SCAN_WORD || token.kind == SCAN_QUOTED) && is_name(token.text))
                        return true;
                if (token.kind == SCAN_STRING && moment_in_value(token.text))
                        return true;
        } while (token.kind != SCAN_END && token.kind != SCAN_ERROR);
        return token.kind == SCAN_ERROR;
}

#include "base/utf8.h"

#include "unit.h"

#include <string.h>

static void cleans_utf8(void)
{
        static const struct {
                const char *name, *in, *out;
        } rows[] = {
            {"ascii", "plain", "plain"},
            {"two bytes", "\xc3\xa9!", "\xc3\xa9!"},
            {"three bytes", "\xe2\x82\xac", "\xe2\x82\xac"},
            {"four bytes", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
            {"lone continuation", "a\x80z", "a?z"},
            {"cut at the end", "a\xe2\x82", "a??"},
            {"overlong slash", "\xc0\xaf", "??"},
            {"overlong three", "\xe0\x80\xaf", "???"},
            {"surrogate", "\xed\xa0\x80", "???"},
            {"beyond the last", "\xf4\x90\x80\x80", "????"},
            {"latin 1", "caf\xe9 x", "caf? x"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[32];

                unit_row("%s", rows[i].name);
                strcpy(text, rows[i].in);
                utf8_clean(text);
                UNIT_ASSERT(strcmp(text, rows[i].out) == 0);
        }
}

UNIT_SUITE(base_utf8, UNIT_CASE(cleans_utf8))

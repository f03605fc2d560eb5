#include "auth/saslprep.h"

#include "auth/secret.h"
#include "unit.h"

#include <string.h>

/* What PostgreSQL's pg_saslprep makes of these; NULL: it does not prepare them, and takes the bytes. */
static const struct {
        const char *name, *password, *prepared;
} rows[] = {
    {"empty", "", NULL},
    {"ASCII", "pencil", NULL},
    {"ASCII with blanks and control characters", " a\t\x01 b\x7f", NULL},
    {"a no-break space", "a\u00a0b", "a b"},
    {"every space that is not ASCII's", "\u1680\u2000\u200b\u202f\u205f\u3000", "      "},
    {"a soft hyphen", "I\u00adX", "IX"},
    {"joiners and variation selectors", "a\u200c\u200d\ufe0f\u2060b", "ab"},
    {"nothing left", "\u00ad\u200d", NULL},
    {"a feminine ordinal", "\u00aa", "a"},
    {"a Roman nine", "\u2168", "IX"},
    {"a ligature", "\ufb01sh", "fish"},
    {"a full-width digit", "\uff11\uff12", "12"},
    {"a letter and an accent of its own", "e\u0301", "\u00e9"},
    {"the same as one letter", "\u00e9", "\u00e9"},
    {"Hangul in pieces", "\u1112\u1161\u11ab", "\ud55c"},
    {"what becomes most characters", "\ufdfa",
     "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644"
     "\u064a\u0647 \u0648\u0633\u0644\u0645"},
    {"one that Unicode has corrected", "\U0002f868", "\u36fc"},
    {"beyond the basic plane", "\U0001d400", "A"},
    {"a control character among others", "\u00e9\x07", NULL},
    {"a C1 control character", "\u00e9\xc2\x85", NULL},
    {"private use", "\ue000", NULL},
    {"no character", "\ufffe", NULL},
    {"the replacement character", "\ufffd", NULL},
    {"an accent that is prohibited, though not what it becomes", "a\u0340", NULL},
    {"unassigned in Unicode 3.2", "\u0221", NULL},
    {"younger than Unicode 3.2", "\U0001f600", NULL},
    {"right to left", "\u05d0\u05d1", "\u05d0\u05d1"},
    {"right to left, and a digit between",
     "\u0627"
     "1\u0628",
     "\u0627"
     "1\u0628"},
    {"right to left, and a digit at the end",
     "\u0627"
     "1",
     NULL},
    {"both directions",
     "\u0627"
     "a\u0628",
     NULL},
    {"not UTF-8", "\xff\xfe", NULL},
    {"cut short", "caf\xc3", NULL},
    {"too long a form", "\xc0\xaf\u00ad", NULL},
    {"half of a pair", "\xed\xa0\x80\u00ad", NULL},
    {"beyond Unicode", "\xf4\x90\x80\x80\u00ad", NULL},
};

static void prepares_as_postgresql(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char *got = saslprep(rows[i].password);

                unit_row("%s", rows[i].name);
                UNIT_ASSERT(strcmp(got, rows[i].prepared != NULL ? rows[i].prepared : rows[i].password) == 0);
                secret_free(got);
        }
}

static void takes_long_ones(void)
{
        enum { COUNT = 20000 };
        static char text[3 * COUNT + 1];
        char *got;

        for (size_t i = 0; i < COUNT; i++)
                memcpy(text + 3 * i, "\ufdfa", 3);
        got = saslprep(text);
        UNIT_ASSERT(strlen(got) == COUNT * 33);
        secret_free(got);
}

UNIT_SUITE(auth_saslprep, UNIT_CASE(prepares_as_postgresql), UNIT_CASE(takes_long_ones))

#include "session/said.h"

#include "conf/options.h"

#include <stdio.h>
#include <string.h>

/* ---- words ---- */

static const struct said_words route = {
    "pgsteer.route", {"auto", "primary", "standby"}, "Available values: auto, primary, standby."};
static const enum hint hints[] = {HINT_AUTO, HINT_PRIMARY, HINT_STANDBY};

static const struct said_words consistency = {
    "pgsteer.consistency", {"eventual", "session", "strong"}, "Available values: eventual, session, strong."};
static const enum consistency levels[] = {CONSISTENCY_EVENTUAL, CONSISTENCY_SESSION, CONSISTENCY_STRONG};

const struct said_words *said_words_of(struct sv name)
{
        return sv_ieq(name, sv_cstr(route.name))         ? &route
               : sv_ieq(name, sv_cstr(consistency.name)) ? &consistency
                                                         : NULL;
}

struct sv said_plain(struct sv value, enum setting_kind kind)
{
        bool quoted = kind == SETTING_KIND_SQL && value.n >= 2 && (*value.p == '\'' || *value.p == '"') &&
                      value.p[value.n - 1] == *value.p;

        return quoted ? sv_from(value.p + 1, value.n - 2) : value;
}

int said_word(const struct said_words *words, struct sv value, enum setting_kind kind)
{
        value = said_plain(value, kind);
        for (int i = 0; i < (int)(sizeof(words->words) / sizeof(words->words[0])); i++)
                if (sv_ieq(value, sv_cstr(words->words[i])))
                        return i;
        return -1;
}

static int word_in(const struct settings *set, const struct said_words *words)
{
        struct setting s;

        return settings_get(set, sv_cstr(words->name), &s) ? said_word(words, s.value, s.kind) : -1;
}

/* ---- positions ---- */

bool said_position(struct sv value, enum setting_kind kind, struct position *out)
{
        if (!position_parse(said_plain(value, kind), out))
                return false;
        out->lsn = position_normalise(out->lsn, 0);
        return true;
}

static struct position min_in(const struct settings *set)
{
        struct position min = {0};
        struct setting s;

        if (settings_get(set, SV(SAID_MIN_LSN), &s) && !said_position(s.value, s.kind, &min))
                min = (struct position){.lsn = UINT64_MAX};
        return min;
}

/* ---- the server's own ---- */

static bool says_yes(const char *value)
{
        return strcasestr(value, "on") || strcasestr(value, "true") || strcasestr(value, "yes") ||
               strchr(value, '1');
}

void said_read(const struct settings *set, struct said *out)
{
        int word;
        struct setting s;

        *out = (struct said){.hint = HINT_NONE, .consistency = -1};
        if (set == NULL)
                return;
        if ((word = word_in(set, &route)) >= 0)
                out->hint = hints[word];
        if ((word = word_in(set, &consistency)) >= 0)
                out->consistency = (int)levels[word];
        out->min = min_in(set);
        if (settings_get(set, SV("default_transaction_read_only"), &s))
                out->access = says_yes(s.value.p) ? ACCESS_READ_ONLY : ACCESS_READ_WRITE;
        if (settings_get(set, SV("default_transaction_isolation"), &s))
                out->isolation = strcasestr(s.value.p, "serializable") ? ISOLATION_SERIALIZABLE
                                 : strcasestr(s.value.p, "repeatable") ? ISOLATION_REPEATABLE_READ
                                                                       : ISOLATION_READ_COMMITTED;
}

unsigned said_lexing(unsigned lexing, struct sv name, struct sv value)
{
        static const char *const unsafe[] = {"sjis",  "big5",    "gbk",    "gb18030", "uhc",    "johab",
                                             "shift", "mskanji", "win936", "win932",  "win949", "win950"};
        unsigned option;
        bool yes = false;
        char text[64];

        if (sv_ieq(name, SV("standard_conforming_strings")))
                option = CLASSIFY_ESCAPE_STRINGS;
        else if (sv_ieq(name, SV("client_encoding")))
                option = CLASSIFY_BACKSLASH_UNSAFE;
        else
                return lexing;
        snprintf(text, sizeof(text), "%.*s", (int)(value.n < sizeof(text) ? value.n : sizeof(text) - 1),
                 value.p);
        if (option == CLASSIFY_ESCAPE_STRINGS)
                yes = !says_yes(text);
        else
                for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
                        yes = yes || strcasestr(text, unsafe[i]) != NULL;
        return yes ? lexing | option : lexing & ~option;
}

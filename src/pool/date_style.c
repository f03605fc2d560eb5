#include "pool/date_style.h"

#include <ctype.h>
#include <stdio.h>

struct parts {
        struct sv style, order; /* empty: not said */
        bool other;             /* something else stands there: DEFAULT, a string with a prefix */
};

static bool starts(struct sv word, struct sv with)
{
        return word.n >= with.n && sv_ieq(sv_from(word.p, with.n), with);
}

/* With PostgreSQL's own synonyms. */
static void take_word(struct parts *parts, struct sv word)
{
        if (sv_ieq(word, SV("iso")) || sv_ieq(word, SV("sql")) || starts(word, SV("postgres")))
                parts->style = word;
        else if (starts(word, SV("german")))
                *parts = (struct parts){word, parts->order.n > 0 ? parts->order : SV("dmy"), parts->other};
        else if (sv_ieq(word, SV("mdy")) || sv_ieq(word, SV("us")) || starts(word, SV("noneuro")) ||
                 sv_ieq(word, SV("dmy")) || starts(word, SV("euro")) || sv_ieq(word, SV("ymd")))
                parts->order = word;
        else
                parts->other = true;
}

static struct parts read_parts(struct sv text)
{
        struct parts parts = {0};
        size_t i = 0, from;

        while (i < text.n) {
                for (from = i; i < text.n && isalpha((unsigned char)text.p[i]); i++)
                        ;
                if (i > from)
                        take_word(&parts, sv_from(text.p + from, i - from));
                else
                        i++;
        }
        return parts;
}

bool date_style_join(struct sv before, struct sv added, char out[DATE_STYLE_BYTES])
{
        struct parts old = read_parts(before), new = read_parts(added);
        struct sv style = new.style.n > 0 ? new.style : old.style;
        struct sv order = new.order.n > 0 ? new.order : old.order;
        int n;

        if (new.other || old.other || style.n == 0 || order.n == 0 || (new.style.n > 0 && new.order.n > 0))
                return false;
        n = snprintf(out, DATE_STYLE_BYTES, "%.*s, %.*s", SV_ARG(style), SV_ARG(order));
        return n > 0 && n < DATE_STYLE_BYTES;
}

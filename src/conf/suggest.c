#include "conf/suggest.h"

#include <ctype.h>
#include <stdio.h>

enum { WORD_MAX = 64, EDIT = 2 /* half an edit: '-' for '_' */ };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
        unsigned m = a < b ? a : b;

        return m < c ? m : c;
}

static unsigned substitution(char a, char b)
{
        if (tolower((unsigned char)a) == tolower((unsigned char)b))
                return 0;
        if ((a == '-' || a == '_') && (b == '-' || b == '_'))
                return 1;
        return EDIT;
}

/* Edit distance with swapped neighbours as one edit (optimal string alignment), in half edits. */
static unsigned distance(struct sv a, struct sv b)
{
        unsigned rows[3][WORD_MAX + 1];
        unsigned *before = rows[0], *last = rows[1], *now = rows[2];

        for (size_t j = 0; j <= b.n; j++)
                last[j] = (unsigned)j * EDIT;
        for (size_t i = 1; i <= a.n; i++) {
                unsigned *old = before;

                now[0] = (unsigned)i * EDIT;
                for (size_t j = 1; j <= b.n; j++) {
                        now[j] = min3(now[j - 1] + EDIT, last[j] + EDIT,
                                      last[j - 1] + substitution(a.p[i - 1], b.p[j - 1]));
                        if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
                            before[j - 2] + EDIT < now[j])
                                now[j] = before[j - 2] + EDIT;
                }
                before = last;
                last = now;
                now = old;
        }
        return last[b.n];
}

void suggest_offer(struct suggest *s, struct sv known)
{
        unsigned d, allowed;

        if (s->word.n == 0 || known.n == 0 || s->word.n > WORD_MAX || known.n > WORD_MAX)
                return;
        d = distance(s->word, known);
        allowed = (unsigned)(known.n > s->word.n ? known.n : s->word.n) * EDIT / 3;
        if (d > (allowed > EDIT ? allowed : EDIT) || d >= known.n * EDIT)
                return;
        if (s->best.n > 0 && s->distance <= d)
                return;
        s->best = known;
        s->distance = d;
}

const char *suggest_text(const struct suggest *s, char *out, size_t size)
{
        out[0] = '\0';
        if (s->best.n > 0)
                snprintf(out, size, ", did you mean %.*s?", SV_ARG(s->best));
        return out;
}

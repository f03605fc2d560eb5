#include "session/written.h"

#include <ctype.h>
#include <string.h>

struct name {
        char *out;
        size_t n, size;
};

static bool put(struct name *name, char c)
{
        if (name->n + 1 >= name->size)
                return false;
        name->out[name->n++] = (char)tolower((unsigned char)c);
        name->out[name->n] = '\0';
        return true;
}

static void skip_space(struct sv *rest)
{
        while (rest->n > 0 && isspace((unsigned char)*rest->p))
                *rest = sv_from(rest->p + 1, rest->n - 1);
}

/* A word or "a word" in front of *rest. No parameter has a quote in its name. */
static bool take_part(struct sv *rest, struct name *name)
{
        bool quoted = rest->n > 0 && *rest->p == '"';
        size_t from = quoted ? 1 : 0, to = from;

        while (to < rest->n && rest->p[to] != '"' &&
               (quoted || (rest->p[to] != '.' && !isspace((unsigned char)rest->p[to]))))
                if (!put(name, rest->p[to++]))
                        return false;
        if (to == from || (quoted && to == rest->n) || (!quoted && to < rest->n && rest->p[to] == '"'))
                return false;
        to += from;
        *rest = sv_from(rest->p + to, rest->n - to);
        skip_space(rest);
        return true;
}

bool written_name(struct sv written, char *out, size_t size, struct sv *name)
{
        struct name it = {out, 0, size};

        while (take_part(&written, &it)) {
                if (written.n == 0) {
                        *name = sv_from(out, it.n);
                        return true;
                }
                if (*written.p != '.' || !put(&it, '.'))
                        return false;
                written = sv_from(written.p + 1, written.n - 1);
                skip_space(&written);
        }
        return false;
}

bool written_literal(struct sv written, char *out, size_t size, struct sv *value)
{
        size_t n = 0;

        if (written.n < 2 || written.p[0] != '\'' || written.n >= size ||
            memchr(written.p, '\\', written.n) != NULL)
                return false;
        for (size_t i = 1; i + 1 < written.n; i++) {
                out[n++] = written.p[i];
                if (written.p[i] == '\'')
                        i++;
        }
        out[n] = '\0';
        *value = sv_from(out, n);
        return true;
}

#include "session/written.h"

#include <ctype.h>
#include <string.h>

bool written_name(struct sv written, char *out, size_t size, struct sv *name)
{
        if (written.n >= 2 && (written.p[0] == '"' || written.p[0] == '\'')) {
                written.p++;
                written.n -= 2;
        }
        if (written.n == 0 || written.n >= size)
                return false;
        for (size_t i = 0; i < written.n; i++)
                out[i] = (char)tolower((unsigned char)written.p[i]);
        out[written.n] = '\0';
        *name = sv_from(out, written.n);
        return true;
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

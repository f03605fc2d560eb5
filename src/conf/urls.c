#include "conf/urls.h"

#include <ctype.h>
#include <string.h>

static bool cut_front(struct sv *v, const char *front)
{
        size_t n = strlen(front);

        if (v->n < n || strncasecmp(v->p, front, n) != 0)
                return false;
        *v = sv_from(v->p + n, v->n - n);
        return true;
}

/* "host", "host:port", "[address]:port" */
static bool take_host(struct sv at, struct sv *host)
{
        const char *end;
        size_t digits = 0;

        if (at.n > 0 && *at.p == '[') {
                end = memchr(at.p, ']', at.n);
                if (end == NULL)
                        return false;
                *host = sv_from(at.p + 1, (size_t)(end - at.p) - 1);
                end++;
        } else {
                end = memchr(at.p, ':', at.n);
                end = end != NULL ? end : at.p + at.n;
                *host = sv_from(at.p, (size_t)(end - at.p));
        }
        for (size_t i = 0; i < host->n; i++)
                if (!isalnum((unsigned char)host->p[i]) && strchr(".-_:%", host->p[i]) == NULL)
                        return false;
        if (host->n == 0 || end == at.p + at.n)
                return host->n > 0;
        at = sv_from(end + 1, at.n - (size_t)(end + 1 - at.p));
        while (digits < at.n && isdigit((unsigned char)at.p[digits]))
                digits++;
        return *end == ':' && digits == at.n && digits > 0 && digits <= 5;
}

bool urls_next(const char **list, struct url *out, const char **why)
{
        const char *end;
        struct sv rest;

        *why = NULL;
        if (*list == NULL)
                return false;
        end = strchrnul(*list, ',');
        rest = sv_trim(sv_from(*list, (size_t)(end - *list)));
        *list = *end == ',' ? end + 1 : NULL;
        while (rest.n > 0 && rest.p[rest.n - 1] == '/')
                rest.n--;
        out->text = rest;
        if (!cut_front(&rest, "http://") && !cut_front(&rest, "https://"))
                *why = "it must begin with http:// or https://";
        else if (!take_host(rest, &out->host))
                *why = "behind that there must be a host, or host:port, and nothing else";
        return *why == NULL;
}

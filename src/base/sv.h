/* sv: a string view. Points into bytes that somebody else owns; need not end in NUL, may contain NUL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct sv {
        const char *p;
        size_t n;
};

#define SV(literal) ((struct sv){"" literal, sizeof(literal) - 1})

/* For printf's "%.*s". */
#define SV_ARG(view) (int)(view).n, (view).p

static inline struct sv sv_from(const void *p, size_t n)
{
        return (struct sv){p, n};
}

static inline struct sv sv_cstr(const char *text)
{
        return (struct sv){text, strlen(text)};
}

static inline bool sv_eq(struct sv a, struct sv b)
{
        return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII case is ignored, as in SQL key words. */
static inline bool sv_ieq(struct sv a, struct sv b)
{
        return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static inline bool sv_is(struct sv a, const char *text)
{
        return sv_eq(a, sv_cstr(text));
}

/* White space as C's isspace in the "C" locale is taken off both ends. */
static inline struct sv sv_trim(struct sv v)
{
        while (v.n > 0 && (*v.p == ' ' || (*v.p >= '\t' && *v.p <= '\r'))) {
                v.p++;
                v.n--;
        }
        while (v.n > 0 && (v.p[v.n - 1] == ' ' || (v.p[v.n - 1] >= '\t' && v.p[v.n - 1] <= '\r')))
                v.n--;
        return v;
}

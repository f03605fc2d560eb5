#include "auth/hba_inner.h"

#include <ctype.h>
#include <string.h>

/* A pattern on its way from PostgreSQL's escapes (manual, "Regular Expression Escapes") to those of regcomp.
 */
struct pattern {
        const char *from; /* what is still to be read */
        char *to;
};

enum { ESCAPE_SIZE_MAX = 10 /* that two characters become */ };

static void put(struct pattern *p, const char *text)
{
        while (*text != '\0')
                *p->to++ = *text++;
}

/* What stands for `\c`; NULL: nothing does. */
static const char *escape(char c, bool in_brackets)
{
        static const char *const outside[][2] = {{"d", "[0-9]"}, {"D", "[^0-9]"}, {"w", "\\w"}, {"W", "\\W"},
                                                 {"s", "\\s"},   {"S", "\\S"},    {"m", "\\<"}, {"M", "\\>"},
                                                 {"y", "\\b"},   {"Y", "\\B"},    {"A", "^"},   {"Z", "$"}};
        static const char *const inside[][2] = {{"d", "0-9"}, {"w", "[:alnum:]_"}, {"s", "[:space:]"}};
        size_t count =
            in_brackets ? sizeof(inside) / sizeof(inside[0]) : sizeof(outside) / sizeof(outside[0]);

        for (size_t i = 0; i < count; i++) {
                const char *const *row = in_brackets ? inside[i] : outside[i];

                if (row[0][0] == c)
                        return row[1];
        }
        return NULL;
}

/* The two characters of an escape. False: it is not known. */
static bool translate_escape(struct pattern *p, bool in_brackets)
{
        char c = p->from[1];
        const char *meaning = escape(c, in_brackets);

        if (meaning == NULL && (c == '\0' || c == '0' || isalpha((unsigned char)c) ||
                                (in_brackets && (isdigit((unsigned char)c) || strchr("]^-[", c) != NULL))))
                return false;
        p->from += 2;
        if (meaning != NULL) {
                put(p, meaning);
                return true;
        }
        /* Between brackets, and in front of these, a backslash would be more than a backslash. */
        if (!in_brackets && strchr("<>`'", c) == NULL)
                *p->to++ = '\\';
        *p->to++ = c;
        return true;
}

/* From [ to its ], or to the end where there is none. */
static bool translate_brackets(struct pattern *p)
{
        *p->to++ = *p->from++;
        if (*p->from == '^')
                *p->to++ = *p->from++;
        for (bool first = true; *p->from != '\0' && (first || *p->from != ']'); first = false) {
                const char *end;

                if (*p->from == '\\') {
                        if (!translate_escape(p, true))
                                return false;
                        continue;
                }
                end = p->from[0] == '[' && p->from[1] != '\0' && strchr(":.=", p->from[1]) != NULL
                          ? strstr(p->from + 2, (const char[]){p->from[1], ']', '\0'})
                          : NULL;
                for (end = end != NULL ? end + 2 : p->from + 1; p->from < end;)
                        *p->to++ = *p->from++;
        }
        return true;
}

/* False: p->from is at an escape that is not known. */
static bool translate(struct pattern *p)
{
        while (*p->from != '\0') {
                if (*p->from == '\\') {
                        if (!translate_escape(p, false))
                                return false;
                } else if (*p->from == '[') {
                        if (!translate_brackets(p))
                                return false;
                } else {
                        *p->to++ = *p->from++;
                }
        }
        *p->to = '\0';
        return true;
}

struct hba_pattern *hba_pattern_new(struct hba_maker *m, const struct hba_line *line, const char *pattern)
{
        struct hba_pattern *made = arena_alloc(&m->hba->arena, sizeof(*made));
        char *text = arena_alloc(&m->hba->arena, strlen(pattern) * ESCAPE_SIZE_MAX / 2 + 1);
        struct pattern p = {.from = pattern, .to = text};
        char why[256];
        int error;

        if (!translate(&p)) {
                hba_error(&m->text, line->file, line->number,
                          "/%s: \"%.2s\" is not known here: patterns are POSIX extended ones, with \\d \\s "
                          "\\w \\m \\M \\y \\A \\Z",
                          pattern, p.from);
                return NULL;
        }
        error = regcomp(&made->regex, text, REG_EXTENDED);
        if (error != 0) {
                regerror(error, &made->regex, why, sizeof(why));
                hba_error(&m->text, line->file, line->number, "/%s is no regular expression: %s", pattern,
                          why);
                return NULL;
        }
        made->all = m->hba->patterns;
        m->hba->patterns = made;
        return made;
}

#include "conf/route_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool separates(char c)
{
        return c == ',' || c == ' ' || c == '\t';
}

/* Behind the slash that ends the pattern at `p`, or the text's end. */
static const char *pattern_end(const char *p)
{
        while (*p != '\0' && *p != '/')
                p += *p == '\\' && p[1] != '\0' ? 2 : 1;
        return p;
}

bool route_list_next(const char **list, struct route_item *item)
{
        const char *p = *list, *end;

        while (separates(*p))
                p++;
        if (*p == '\0')
                return false;
        item->is_pattern = *p == '/';
        if (item->is_pattern) {
                end = pattern_end(++p);
                item->text = sv_from(p, (size_t)(end - p));
                item->is_whole = *end == '/' && (end[1] == '\0' || separates(end[1]));
                *list = *end == '/' ? end + 1 : end;
                return true;
        }
        end = p + strcspn(p, ", \t");
        *item = (struct route_item){.text = sv_from(p, (size_t)(end - p)), .is_whole = true};
        *list = end;
        return true;
}

/* ---- what a pattern may cost ---- */

/* A pattern under the eye of weigh(). */
struct weight {
        unsigned choices; /* places where a text may go on in more than one way, or with many characters */
        unsigned copies;  /* as many times does the library write it out, at most */
        int depth;        /* of open parentheses */
        bool bars;
        const char *wrong; /* NULL: nothing */
};

/* Behind a bracket expression, `p` being behind its "[". */
static const char *skip_bracket(const char *p)
{
        p += *p == '^';
        for (p += *p == ']'; *p != '\0' && *p != ']'; p++)
                if (*p == '[' && p[1] != '\0' && strchr(":.=", p[1]) != NULL) {
                        char close[3] = {p[1], ']', '\0'};
                        const char *end = strstr(p + 2, close);

                        if (end != NULL)
                                p = end + 1;
                }
        return *p == ']' ? p + 1 : p;
}

/* {m,n}: the larger of the two. */
static unsigned count_of(const char *p)
{
        unsigned long most = 1;

        for (p++; *p != '\0' && *p != '}'; p++)
                if (*p >= '0' && *p <= '9') {
                        char *end;
                        unsigned long n = strtoul(p, &end, 10);

                        most = n > most ? n : most;
                        p = end - 1;
                }
        return most > 1000 ? 1000 : (unsigned)most;
}

static const char *weigh_escape(struct weight *w, const char *p)
{
        if (p[1] >= '1' && p[1] <= '9')
                w->wrong = "has a back-reference, which can take for ever";
        else if (p[1] != '\0' && strchr("wWsS", p[1]) != NULL)
                w->choices++;
        return p + (p[1] != '\0' ? 2 : 1);
}

static const char *weigh_one(struct weight *w, const char *p)
{
        switch (*p) {
        case '\\': return weigh_escape(w, p);
        case '[':
                w->choices++;
                p = skip_bracket(p + 1);
                return p + (*p == '*' || *p == '+');
        case '.':
                if (p[1] == '*') /* once there, always there: no choice */
                        return p + 2;
                w->choices++;
                return p + 1 + (p[1] == '+');
        case '(': w->depth++; break;
        case ')':
                if (w->depth-- == 0)
                        w->wrong = "has a ) without its (";
                break;
        case '|': w->bars = true; break;
        case '*':
        case '+':
        case '?': w->choices++; break;
        case '{': w->copies = w->copies > 1000 ? w->copies : w->copies * count_of(p); break;
        default: break;
        }
        return p + 1;
}

/* An alternative of words is one choice, however many they are: in what they have in common they do not
 * differ. */
static unsigned groups_with_bars(const char *p)
{
        unsigned groups = 0;
        bool counted = false;

        for (; *p != '\0'; p++) {
                if (*p == '\\' && p[1] != '\0')
                        p++;
                else if (*p == '(' || *p == ')')
                        counted = false;
                else if (*p == '|' && !counted) {
                        counted = true;
                        groups++;
                }
        }
        return groups;
}

static struct weight weigh(const char *pattern)
{
        struct weight w = {.copies = 1};

        for (const char *p = pattern; *p != '\0' && w.wrong == NULL;)
                p = weigh_one(&w, p);
        w.choices += groups_with_bars(pattern);
        if (w.wrong == NULL && (w.copies > 1000 || w.choices * w.copies > ROUTE_PATTERN_CHOICES_MAX))
                w.wrong =
                    "is too ambiguous to be fast on every text: it may have 8 of . [...] (a|b) * + ?, where "
                    "{n} counts n times and .* not at all";
        return w;
}

/* ---- compiling ---- */

static bool compile(const char *text, regex_t *out, char *why, size_t size)
{
        char words[128];
        int error = regcomp(out, text, REG_EXTENDED | REG_NOSUB | REG_ICASE);

        if (error == 0)
                return true;
        regerror(error, out, words, sizeof(words));
        snprintf(why, size, "is no regular expression: %s", words);
        return false;
}

bool route_pattern_compile(struct sv pattern, regex_t *out, char *why, size_t size)
{
        char text[ROUTE_PATTERN_BYTES_MAX + 1], anchored[ROUTE_PATTERN_BYTES_MAX + 8];
        struct weight w;
        size_t n = 0;

        if (pattern.n == 0 || pattern.n > ROUTE_PATTERN_BYTES_MAX) {
                snprintf(why, size, "has %zu bytes; it may have 1 to %d", pattern.n, ROUTE_PATTERN_BYTES_MAX);
                return false;
        }
        for (size_t i = 0; i < pattern.n; i++)
                if (pattern.p[i] != '\\' || i + 1 == pattern.n || pattern.p[i + 1] != '/')
                        text[n++] = pattern.p[i];
        text[n] = '\0';
        w = weigh(text);
        if (w.wrong != NULL) {
                snprintf(why, size, "%s", w.wrong);
                return false;
        }
        if (!compile(text, out, why, size) || (*text == '^' && !w.bars))
                return why[0] == '\0';
        regfree(out);
        snprintf(anchored, sizeof(anchored), "^.*(%s)", text);
        return compile(anchored, out, why, size);
}

bool route_list_check(const char *list, char *why, size_t size)
{
        struct route_item item;
        int patterns = 0;

        while (route_list_next(&list, &item)) {
                char reason[384] = "";
                regex_t regex;

                if (!item.is_pattern)
                        continue;
                if (!item.is_whole)
                        snprintf(reason, sizeof(reason),
                                 "needs a / behind it and then a comma; a slash in it is written \\/");
                else if (++patterns > ROUTE_PATTERNS_MAX)
                        snprintf(reason, sizeof(reason), "is one too many: there may be %d",
                                 ROUTE_PATTERNS_MAX);
                else if (route_pattern_compile(item.text, &regex, reason, sizeof(reason)))
                        regfree(&regex);
                if (*reason != '\0') {
                        snprintf(why, size, "the pattern /%.*s%s %s",
                                 (int)(item.text.n < 80 ? item.text.n : 80), item.text.p,
                                 item.text.n > 80 ? "..."
                                 : item.is_whole  ? "/"
                                                  : "",
                                 reason);
                        return false;
                }
        }
        return true;
}

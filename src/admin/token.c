#include "admin/token.h"

#include <ctype.h>
#include <string.h>

/* Bytes of white space and comments at the front; comments nest, as in PostgreSQL. */
static size_t blank_length(struct sv v)
{
        size_t i = 0;

        while (i < v.n) {
                if (isspace((unsigned char)v.p[i])) {
                        i++;
                } else if (i + 1 < v.n && v.p[i] == '-' && v.p[i + 1] == '-') {
                        while (i < v.n && v.p[i] != '\n')
                                i++;
                } else if (i + 1 < v.n && v.p[i] == '/' && v.p[i + 1] == '*') {
                        int depth = 0;

                        do {
                                bool opens = i + 1 < v.n && v.p[i] == '/' && v.p[i + 1] == '*';
                                bool closes = i + 1 < v.n && v.p[i] == '*' && v.p[i + 1] == '/';

                                depth += opens - closes;
                                i += opens || closes ? 2 : 1;
                        } while (depth > 0 && i < v.n);
                } else {
                        break;
                }
        }
        return i;
}

/* Bytes of the quoted text at the front; a doubled quote stands for one. An unterminated one takes the rest.
 */
static size_t quoted_length(struct sv v)
{
        char quote = v.p[0];
        size_t i = 1;

        while (i < v.n) {
                if (v.p[i++] != quote)
                        continue;
                if (i == v.n || v.p[i] != quote)
                        return i;
                i++;
        }
        return v.n;
}

bool token_is(struct token token, const char *word)
{
        return token.kind == TOKEN_WORD && sv_ieq(token.text, sv_cstr(word));
}

static bool is_word_byte(char c)
{
        return isalnum((unsigned char)c) || (c != 0 && strchr("_.$*+-", c) != NULL) ||
               (unsigned char)c >= 0x80;
}

struct sv rest_after(struct sv v, size_t n)
{
        return sv_from(v.p + n, v.n - n);
}

struct token take_token(struct sv *text)
{
        struct token token = {TOKEN_END, {"", 0}};
        size_t n = 1;

        *text = rest_after(*text, blank_length(*text));
        if (text->n == 0)
                return token;
        if (text->p[0] == '"' || text->p[0] == '\'') {
                token.kind = text->p[0] == '"' ? TOKEN_QUOTED : TOKEN_STRING;
                n = quoted_length(*text);
        } else if (is_word_byte(text->p[0])) {
                token.kind = TOKEN_WORD;
                while (n < text->n && is_word_byte(text->p[n]) && blank_length(rest_after(*text, n)) == 0)
                        n++;
        } else {
                token.kind = TOKEN_SIGN;
        }
        token.text = sv_from(text->p, n);
        *text = rest_after(*text, n);
        return token;
}

bool token_copy(struct token token, char *out, size_t size)
{
        struct sv v = token.text;
        char quote = token.kind == TOKEN_WORD ? 0 : v.p[0];
        size_t n = 0;

        if (quote != 0) {
                if (v.n < 2 || v.p[v.n - 1] != quote)
                        return false;
                v = sv_from(v.p + 1, v.n - 2);
        }
        for (size_t i = 0; i < v.n; i++) {
                if (n + 1 >= size || v.p[i] == 0)
                        return false;
                out[n++] = v.p[i];
                if (quote != 0 && v.p[i] == quote)
                        i++;
        }
        out[n] = 0;
        return true;
}

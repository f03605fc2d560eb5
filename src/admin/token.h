/* token: the words of a command of the console: bare words, quoted names, strings, signs. Comments and white
 * space between them are skipped. Pure. */
#pragma once

#include "base/sv.h"

#include <stdbool.h>
#include <stddef.h>

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_STRING, TOKEN_SIGN };

struct token {
        enum token_kind kind;
        struct sv text; /* quotes included */
};

/* What is left of `v` behind its first n bytes. */
struct sv rest_after(struct sv v, size_t n);

/* Takes the first token off *text. */
struct token take_token(struct sv *text);

/* Whether it is this bare word, in any case. */
bool token_is(struct token token, const char *word);

/* A word or quoted text, without its quotes. False: unterminated, or too long for `size`. */
bool token_copy(struct token token, char *out, size_t size);

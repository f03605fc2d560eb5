#include "router/scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What a token that begins with this byte is. */
enum first_byte {
        FIRST_BAD = 0,
        FIRST_SPACE,
        FIRST_WORD,
        FIRST_PREFIX, /* a letter that may begin a string: b e n u x */
        FIRST_DIGIT,
        FIRST_QUOTE,
        FIRST_DOUBLE_QUOTE,
        FIRST_DOLLAR,
        FIRST_OPERATOR,
        FIRST_DOT,
        FIRST_COLON,
        FIRST_SINGLE, /* , ; ( ) [ ] */
};

#define LETTERS(what)                                                                                        \
        ['A'] = what, ['C'] = what, ['D'] = what, ['F' ... 'M'] = what, ['O' ... 'T'] = what, ['V'] = what,  \
        ['W'] = what, ['Y'] = what, ['Z'] = what, ['a'] = what, ['c'] = what, ['d'] = what,                  \
        ['f' ... 'm'] = what, ['o' ... 't'] = what, ['v'] = what, ['w'] = what, ['y'] = what, ['z'] = what

static const uint8_t first_bytes[256] = {
    ['\t' ... '\r'] = FIRST_SPACE,
    [' '] = FIRST_SPACE,
    LETTERS(FIRST_WORD),
    ['_'] = FIRST_WORD,
    [0x80 ... 0xff] = FIRST_WORD,
    ['B'] = FIRST_PREFIX,
    ['E'] = FIRST_PREFIX,
    ['N'] = FIRST_PREFIX,
    ['U'] = FIRST_PREFIX,
    ['X'] = FIRST_PREFIX,
    ['b'] = FIRST_PREFIX,
    ['e'] = FIRST_PREFIX,
    ['n'] = FIRST_PREFIX,
    ['u'] = FIRST_PREFIX,
    ['x'] = FIRST_PREFIX,
    ['0' ... '9'] = FIRST_DIGIT,
    ['\''] = FIRST_QUOTE,
    ['"'] = FIRST_DOUBLE_QUOTE,
    ['$'] = FIRST_DOLLAR,
    ['~'] = FIRST_OPERATOR,
    ['!'] = FIRST_OPERATOR,
    ['@'] = FIRST_OPERATOR,
    ['#'] = FIRST_OPERATOR,
    ['^'] = FIRST_OPERATOR,
    ['&'] = FIRST_OPERATOR,
    ['|'] = FIRST_OPERATOR,
    ['`'] = FIRST_OPERATOR,
    ['?'] = FIRST_OPERATOR,
    ['+'] = FIRST_OPERATOR,
    ['-'] = FIRST_OPERATOR,
    ['*'] = FIRST_OPERATOR,
    ['/'] = FIRST_OPERATOR,
    ['%'] = FIRST_OPERATOR,
    ['<'] = FIRST_OPERATOR,
    ['>'] = FIRST_OPERATOR,
    ['='] = FIRST_OPERATOR,
    ['.'] = FIRST_DOT,
    [':'] = FIRST_COLON,
    [','] = FIRST_SINGLE,
    [';'] = FIRST_SINGLE,
    ['('] = FIRST_SINGLE,
    [')'] = FIRST_SINGLE,
    ['['] = FIRST_SINGLE,
    [']'] = FIRST_SINGLE,
};

static inline enum first_byte first_of(char c)
{
        return (enum first_byte)first_bytes[(unsigned char)c];
}

static inline bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* Letters, '_' and bytes of other characters: what a word or a dollar quote's tag may begin with. */
static inline bool is_word_start(char c)
{
        enum first_byte first = first_of(c);

        return first == FIRST_WORD || first == FIRST_PREFIX;
}

static inline bool is_word(char c)
{
        return is_word_start(c) || is_digit(c) || c == '$';
}

/* The first byte at or after `p` that cannot be part of a word. */
static inline const char *word_end(const char *p, const char *end)
{
#ifdef __SSE2__
        while (end - p >= 16) {
                __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
                __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
                __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(folded, _mm_set1_epi8('a' - 1)),
                                               _mm_cmplt_epi8(folded, _mm_set1_epi8('z' + 1)));
                __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)),
                                              _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));
                __m128i sign = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')),
                                            _mm_cmpeq_epi8(bytes, _mm_set1_epi8('$')));
                /* bytes from 0x80 on count as well: their own top bit is what movemask takes */
                __m128i word = _mm_or_si128(_mm_or_si128(letter, digit), _mm_or_si128(sign, bytes));
                unsigned others = ~(unsigned)_mm_movemask_epi8(word) & 0xffff;

                if (others != 0)
                        return p + __builtin_ctz(others);
                p += 16;
        }
#endif
        while (p < end && is_word(*p))
                p++;
        return p;
}

static void fail(struct scan *scan, struct scan_token *token, const char *start)
{
        scan->failed = true;
        scan->p = scan->end;
        *token = (struct scan_token){.kind = SCAN_ERROR, .text = {start, (size_t)(scan->end - start)}};
}

static inline void give(struct scan *scan, struct scan_token *token, enum scan_kind kind, const char *start,
                        const char *stop)
{
        token->kind = kind;
        token->keyword = KW_NOT_ONE;
        token->category = CATEGORY_NONE;
        token->text = (struct sv){start, (size_t)(stop - start)};
        scan->p = stop;
}

/* The byte after the quote that closes what begins at `p`; two quotes stand for one. NULL: there is none. */
static const char *quoted_end(const char *p, const char *end, char quote)
{
        while ((p = memchr(p, quote, (size_t)(end - p))) != NULL) {
                p++;
                if (p == end || *p != quote)
                        return p;
                p++;
        }
        return NULL;
}

/* After a string: where the quote stands that continues it, or NULL. White space and "--" comments may be in
 * between. (They must hold a line feed; without it the text is no SQL at all.) */
static const char *continuation(const char *p, const char *end)
{
        for (;;) {
                while (p < end && first_of(*p) == FIRST_SPACE)
                        p++;
                if (p == end)
                        return NULL;
                if (*p == '\'')
                        return p;
                if (*p != '-' || p + 1 == end || p[1] != '-')
                        return NULL;
                while (p < end && *p != '\n' && *p != '\r')
                        p++;
        }
}

/* As quoted_end, for a string in which a backslash takes away the meaning of the next byte. The continuation
 * belongs to the token, or its backslashes would be taken for plain ones. */
static const char *escaped_end(const struct scan *scan, const char *p)
{
        const char *end = scan->end, *next;

        for (;;) {
                while (p < end && *p != '\'' && *p != '\\')
                        p++;
                if (p == end)
                        return NULL;
                if (*p == '\\') {
                        if (p + 1 == end || (scan->options & SCAN_BACKSLASH_UNSAFE) != 0)
                                return NULL;
                        p += 2;
                        continue;
                }
                p++;
                if (p < end && *p == '\'') {
                        p++;
                        continue;
                }
                next = continuation(p, end);
                if (next == NULL)
                        return p;
                p = next + 1;
        }
}

/* A string whose opening quote is at `quote`; `start` is where its prefix begins. */
static void read_string(struct scan *scan, struct scan_token *token, const char *start, const char *quote)
{
        bool escapes = (*start | 0x20) == 'e' || ((scan->options & SCAN_ESCAPE_STRINGS) != 0 &&
                                                  (*start == '\'' || (*start | 0x20) == 'n'));
        const char *stop = escapes ? escaped_end(scan, quote + 1) : quoted_end(quote + 1, scan->end, '\'');

        if (stop == NULL)
                fail(scan, token, start);
        else
                give(scan, token, SCAN_STRING, start, stop);
}

/* In the encodings of SCAN_BACKSLASH_UNSAFE a word's last character may have an ASCII byte as its second
 * half, which would look like an operator or a bracket to us, and not to the server. */
static bool cut_in_half(const struct scan *scan, const char *stop)
{
        return (scan->options & SCAN_BACKSLASH_UNSAFE) != 0 && ((unsigned char)stop[-1] & 0x80) != 0 &&
               stop < scan->end && *stop >= 0x40;
}

static inline void read_word(struct scan *scan, struct scan_token *token, const char *start)
{
        const char *stop = word_end(start, scan->end);
        const struct keyword_entry *entry;

        if (__builtin_expect(scan->options != 0, 0) && cut_in_half(scan, stop)) {
                fail(scan, token, start);
                return;
        }
        give(scan, token, SCAN_WORD, start, stop);
        entry = keyword_find(start, token->text.n, (size_t)(scan->end - start));
        token->keyword = entry->keyword;
        token->category = entry->category;
}

/* A word, unless its first letter is the prefix of a string. */
static void read_prefixed(struct scan *scan, struct scan_token *token, const char *start)
{
        size_t left = (size_t)(scan->end - start);
        char letter = (char)(*start | 0x20);

        if (left >= 2 && start[1] == '\'' && letter != 'u')
                read_string(scan, token, start, start + 1);
        else if (left >= 3 && letter == 'u' && start[1] == '&' && start[2] == '\'' &&
                 (scan->options & SCAN_ESCAPE_STRINGS) == 0)
                read_string(scan, token, start, start + 2);
        else if (left >= 3 && letter == 'u' && start[1] == '&' && (start[2] == '"' || start[2] == '\''))
                fail(scan, token, start); /* an identifier in escapes: its name is not in the text */
        else
                read_word(scan, token, start);
}

/* 12, 1.5, .5, 1e9. What newer versions add (0x1F, 1_000) comes as a number and a word behind it, which is
 * how the older ones read it; neither can change what a statement is. */
static void read_number(struct scan *scan, struct scan_token *token, const char *start)
{
        const char *p = start, *end = scan->end, *exponent;

        while (p < end && is_digit(*p))
                p++;
        if (p < end && *p == '.' && (p + 1 == end || p[1] != '.')) {
                p++;
                while (p < end && is_digit(*p))
                        p++;
        }
        if (p < end && (*p | 0x20) == 'e') {
                exponent = p + 1;
                if (exponent < end && (*exponent == '+' || *exponent == '-'))
                        exponent++;
                if (exponent < end && is_digit(*exponent))
                        for (p = exponent; p < end && is_digit(*p);)
                                p++;
        }
        give(scan, token, SCAN_NUMBER, start, p);
}

/* $1, $$...$$, $tag$...$tag$. A tag holds no '$', so each byte is compared with it at most once. */
static void read_dollar(struct scan *scan, struct scan_token *token, const char *start)
{
        const char *end = scan->end, *p = start + 1, *close;
        size_t n;

        if (p < end && is_digit(*p)) {
                while (p < end && is_digit(*p))
                        p++;
                give(scan, token, SCAN_PARAM, start, p);
                return;
        }
        if (p < end && is_word_start(*p))
                while (p < end && (is_word_start(*p) || is_digit(*p)))
                        p++;
        if (p == end || *p != '$') {
                fail(scan, token, start);
                return;
        }
        n = (size_t)(++p - start);
        close = p;
        while ((close = memchr(close, '$', (size_t)(end - close))) != NULL && (size_t)(end - close) >= n) {
                if (memcmp(close, start, n) == 0) {
                        give(scan, token, SCAN_STRING, start, close + n);
                        return;
                }
                close++;
        }
        fail(scan, token, start);
}

/* An operator ends in front of a comment, and drops the signs at its end unless it has one of ~!@#%^&|`? in
 * it. (Dropped signs can only be prefix operators: they are left out, or a long run of them would be read
 * again and again.) */
static void read_operator(struct scan *scan, struct scan_token *token, const char *start)
{
        const char *p = start, *end = scan->end, *stop;
        bool keeps_signs = false;

        for (; p < end && first_of(*p) == FIRST_OPERATOR; p++) {
                if (p + 1 < end && ((*p == '-' && p[1] == '-') || (*p == '/' && p[1] == '*')))
                        break;
                keeps_signs |= strchr("+-*/<>=", *p) == NULL;
        }
        for (stop = p; !keeps_signs && stop > start + 1 && (stop[-1] == '+' || stop[-1] == '-');)
                stop--;
        give(scan, token, SCAN_OPERATOR, start, stop);
        scan->p = p;
        if (token->text.n == 2 && start[0] == '=' && start[1] == '>')
                token->kind = SCAN_NAMED;
}

static void read_single(struct scan *scan, struct scan_token *token, const char *start)
{
        enum scan_kind kind = SCAN_ERROR;

        switch (*start) {
        case ',': kind = SCAN_COMMA; break;
        case ';': kind = SCAN_SEMICOLON; break;
        case '(': kind = SCAN_OPEN; break;
        case ')': kind = SCAN_CLOSE; break;
        case '[': kind = SCAN_OPEN_SQUARE; break;
        case ']': kind = SCAN_CLOSE_SQUARE; break;
        }
        give(scan, token, kind, start, start + 1);
}

static void read_colon(struct scan *scan, struct scan_token *token, const char *start)
{
        char next = start + 1 < scan->end ? start[1] : '\0';

        if (next == ':')
                give(scan, token, SCAN_CAST, start, start + 2);
        else if (next == '=')
                give(scan, token, SCAN_NAMED, start, start + 2);
        else
                give(scan, token, SCAN_COLON, start, start + 1);
}

/* The byte after the comment at `p`, `end` for an unclosed line comment, NULL for an unclosed block. Blocks
 * nest. */
static const char *comment_end(const char *p, const char *end)
{
        unsigned depth = 1;

        if (*p == '-') {
                while (p < end && *p != '\n' && *p != '\r')
                        p++;
                return p;
        }
        for (p += 2; end - p >= 2; p++) {
                if (p[0] == '*' && p[1] == '/') {
                        p++;
                        if (--depth == 0)
                                return p + 1;
                } else if (p[0] == '/' && p[1] == '*') {
                        p++;
                        depth++;
                }
        }
        return NULL;
}

static inline bool comment_begins(const char *p, const char *end)
{
        return end - p >= 2 && ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*'));
}

static inline const char *skip_space(const char *p, const char *end)
{
        while (p < end && first_of(*p) == FIRST_SPACE)
                p++;
        return p;
}

bool scan_comment(struct scan *scan, struct sv *inside)
{
        const char *start = skip_space(scan->p, scan->end), *stop;

        if (scan->failed || !comment_begins(start, scan->end) ||
            (stop = comment_end(start, scan->end)) == NULL)
                return false;
        scan->p = stop;
        *inside = (struct sv){start + 2, (size_t)(stop - start) - 2};
        if (*start == '/')
                inside->n -= 2;
        return true;
}

char scan_skip_list(struct scan *scan)
{
        const char *p = scan->p;

#ifdef __SSE2__
        while (scan->end - p >= 16) {
                __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
                __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('0' - 1)),
                                              _mm_cmplt_epi8(bytes, _mm_set1_epi8('9' + 1)));
                __m128i between = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(',')),
                                               _mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')));
                unsigned others = ~(unsigned)_mm_movemask_epi8(_mm_or_si128(digit, between)) & 0xffff;

                if (others != 0) {
                        p += __builtin_ctz(others);
                        break;
                }
                p += 16;
        }
#endif
        while (p < scan->end && (is_digit(*p) || *p == ',' || *p == ' '))
                p++;
        for (const char *last = p; last > scan->p; last--)
                if (last[-1] != ' ') {
                        scan->p = p;
                        return last[-1];
                }
        return '\0';
}

void scan_next(struct scan *scan, struct scan_token *token)
{
        const char *p = scan->p, *end = scan->end;

        for (;;) {
                p = skip_space(p, end);
                if (p == end) {
                        give(scan, token, scan->failed ? SCAN_ERROR : SCAN_END, p, p);
                        return;
                }
                if (!comment_begins(p, end))
                        break;
                const char *stop = comment_end(p, end);
                if (stop == NULL) {
                        fail(scan, token, p);
                        return;
                }
                p = stop;
        }
        switch (first_of(*p)) {
        case FIRST_WORD: read_word(scan, token, p); return;
        case FIRST_PREFIX: read_prefixed(scan, token, p); return;
        case FIRST_DIGIT: read_number(scan, token, p); return;
        case FIRST_QUOTE: read_string(scan, token, p, p); return;
        case FIRST_DOUBLE_QUOTE: {
                const char *stop = quoted_end(p + 1, end, '"');

                if (stop == NULL)
                        fail(scan, token, p);
                else
                        give(scan, token, SCAN_QUOTED, p, stop);
                return;
        }
        case FIRST_DOLLAR: read_dollar(scan, token, p); return;
        case FIRST_OPERATOR: read_operator(scan, token, p); return;
        case FIRST_DOT:
                if (p + 1 < end && is_digit(p[1]))
                        read_number(scan, token, p);
                else
                        give(scan, token, SCAN_DOT, p, p + 1);
                return;
        case FIRST_COLON: read_colon(scan, token, p); return;
        case FIRST_SINGLE: read_single(scan, token, p); return;
        case FIRST_SPACE:
        case FIRST_BAD: break;
        }
        fail(scan, token, p);
}

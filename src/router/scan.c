#include "router/scan_hot.h"

const uint8_t scan_first_bytes[256] = {
    ['\t' ... '\r'] = FIRST_SPACE,
    [' '] = FIRST_SPACE,
    ['A' ... 'Z'] = FIRST_WORD,
    ['a' ... 'z'] = FIRST_WORD,
    ['_'] = FIRST_WORD,
    [0x80 ... 0xff] = FIRST_WORD,
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
    ['.'] = FIRST_SINGLE + SCAN_DOT,
    [':'] = FIRST_COLON,
    [','] = FIRST_SINGLE + SCAN_COMMA,
    [';'] = FIRST_SINGLE + SCAN_SEMICOLON,
    ['('] = FIRST_SINGLE + SCAN_OPEN,
    [')'] = FIRST_SINGLE + SCAN_CLOSE,
    ['['] = FIRST_SINGLE + SCAN_OPEN_SQUARE,
    [']'] = FIRST_SINGLE + SCAN_CLOSE_SQUARE,
};

static struct scan_piece piece(enum scan_kind kind, const char *stop)
{
        return (struct scan_piece){stop, kind};
}

/* What is no token: it takes all the rest with it. */
static struct scan_piece error(const struct scan *scan)
{
        return piece(SCAN_ERROR, scan->end);
}

void scan_init(struct scan *scan, struct sv text, unsigned options)
{
        *scan = (struct scan){.p = text.p, .end = text.p + text.n, .options = options};
        if (text.n >= SCAN_TAIL)
                memcpy(scan->tail, scan->end - SCAN_TAIL, SCAN_TAIL); /* of a known size: no call */
        else if (text.n > 0)
                memcpy(scan->tail + SCAN_TAIL - text.n, text.p, text.n);
}

/* ---- strings and words ---- */

/* The first byte at or after `p` that cannot be part of a word. */
static const char *word_end(const struct scan *scan, const char *p)
{
        unsigned n;

        do {
                n = (unsigned)__builtin_ctz(~scan_words(scan_window(scan, p)));
                p += n;
        } while (n == 16);
        return p;
}

/* The first `c` at or after `p`, or NULL. Most are near. */
static const char *find(const struct scan *scan, const char *p, char c)
{
        for (int steps = 0; steps < 4 && scan->end - p >= 16; steps++, p += 16) {
                unsigned mask = scan_mask(p, c);

                if (mask != 0)
                        return p + __builtin_ctz(mask);
        }
        return p < scan->end ? memchr(p, c, (size_t)(scan->end - p)) : NULL;
}

/* The byte after the quote that closes what begins at `p`; two quotes stand for one. NULL: there is none. */
static const char *quoted_end(const struct scan *scan, const char *p, char quote)
{
        while ((p = find(scan, p, quote)) != NULL) {
                p++;
                if (p == scan->end || *p != quote)
                        return p;
                p++;
        }
        return NULL;
}

/* The first byte at or after `p` that is no digit. */
static const char *digits_end(const struct scan *scan, const char *p)
{
        while (p < scan->end && scan_is_digit(*p))
                p++;
        return p;
}

/* After a string: where the quote stands that continues it, or NULL. White space and "--" comments may be in
 * between. (They must hold a line feed; without it the text is no SQL at all.) */
static const char *continuation(const char *p, const char *end)
{
        for (;;) {
                while (p < end && scan_first_of(*p) == FIRST_SPACE)
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

/* As quoted_end, for a string in which a backslash takes away the meaning of the next byte. The
 * continuation belongs to the token, or its backslashes would be taken for plain ones. */
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
static struct scan_piece read_string(const struct scan *scan, const char *start, const char *quote)
{
        char prefix = (char)(*start | 0x20);
        bool plain = start == quote || prefix == 'n';
        bool escapes = prefix == 'e' || ((scan->options & SCAN_ESCAPE_STRINGS) != 0 && plain);
        const char *stop = escapes ? escaped_end(scan, quote + 1) : quoted_end(scan, quote + 1, '\'');

        return stop == NULL ? error(scan) : piece(SCAN_STRING, stop);
}

static struct scan_piece read_quoted(const struct scan *scan, const char *start)
{
        const char *stop = quoted_end(scan, start + 1, '"');

        return stop == NULL ? error(scan) : piece(SCAN_QUOTED, stop);
}

/* In the encodings of SCAN_BACKSLASH_UNSAFE a word's last character may have an ASCII byte as its second
 * half, which would look like an operator or a bracket to us, and not to the server. */
static bool is_cut_in_half(const struct scan *scan, const char *stop)
{
        return (scan->options & SCAN_BACKSLASH_UNSAFE) != 0 && ((unsigned char)stop[-1] & 0x80) != 0 &&
               stop < scan->end && *stop >= 0x40;
}

/* A word, or what a letter with a quote or "&" behind it begins: a string, or U&"...". */
static struct scan_piece read_word(const struct scan *scan, const char *start)
{
        const char *stop = word_end(scan, start);
        size_t left = (size_t)(scan->end - start);
        char letter = (char)(*start | 0x20);

        if (is_cut_in_half(scan, stop))
                return error(scan);
        if (stop - start > 1 || left < 3)
                return piece(SCAN_WORD, stop);
        if (letter == 'u' && start[1] == '&' && start[2] == '\'' &&
            (scan->options & SCAN_ESCAPE_STRINGS) == 0)
                return read_string(scan, start, start + 2);
        if (letter == 'u' && start[1] == '&' && (start[2] == '\'' || start[2] == '"'))
                return error(scan); /* an identifier in escapes: its name is not in the text */
        if (start[1] == '\'' && (letter == 'b' || letter == 'e' || letter == 'n' || letter == 'x'))
                return read_string(scan, start, start + 1);
        return piece(SCAN_WORD, stop);
}

/* $1, $$...$$, $tag$...$tag$. A tag holds no '$', so each byte is compared with it at most once. */
static struct scan_piece read_dollar(const struct scan *scan, const char *start)
{
        const char *end = scan->end, *p = start + 1;
        size_t n;

        if (p < end && scan_is_digit(*p))
                return piece(SCAN_PARAM, digits_end(scan, p));
        if (p < end && scan_is_word_start(*p))
                while (p < end && (scan_is_word_start(*p) || scan_is_digit(*p)))
                        p++;
        if (p == end || *p != '$')
                return error(scan);
        n = (size_t)(++p - start);
        for (; (p = memchr(p, '$', (size_t)(end - p))) != NULL && (size_t)(end - p) >= n; p++)
                if (memcmp(p, start, n) == 0)
                        return piece(SCAN_STRING, p + n);
        return error(scan);
}

/* ---- numbers and signs ---- */

/* 12, 1.5, 1e9. What newer versions add (0x1F, 1_000) comes as a number and a word behind it, which is how
 * the older ones read it, and .5 as a dot and a number; none of it can change what a statement is. */
static struct scan_piece read_number(const struct scan *scan, const char *start)
{
        const char *p = digits_end(scan, start), *end = scan->end, *exponent;

        if (p < end && *p == '.' && (p + 1 == end || p[1] != '.'))
                p = digits_end(scan, p + 1);
        if (p < end && (*p | 0x20) == 'e') {
                exponent = p + 1;
                if (exponent < end && (*exponent == '+' || *exponent == '-'))
                        exponent++;
                if (exponent < end && scan_is_digit(*exponent))
                        p = digits_end(scan, exponent);
        }
        return piece(SCAN_NUMBER, p);
}

static bool comment_begins(const char *p, const char *end)
{
        return end - p >= 2 && ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*'));
}

/* The byte after the comment at `p`, `end` for an unclosed line comment, NULL for an unclosed block. Blocks
 * nest; both their ends have a slash, which is looked for. */
static const char *comment_end(const struct scan *scan, const char *p)
{
        const char *end = scan->end, *inside = p + 2;
        unsigned depth = 1;

        if (*p == '-') {
                while (p < end && *p != '\n' && *p != '\r')
                        p++;
                return p;
        }
        for (p = inside; (p = find(scan, p, '/')) != NULL;) {
                if (p > inside && p[-1] == '*') {
                        inside = ++p;
                        if (--depth == 0)
                                return p;
                } else if (++p < end && *p == '*') {
                        inside = ++p;
                        depth++;
                }
        }
        return NULL;
}

/* An operator, up to a comment, or a comment. The signs that PostgreSQL cuts off an operator's end stay with
 * it: they can only be prefix operators, and a long run of them would be read again and again. */
static struct scan_piece read_operator(const struct scan *scan, const char *start)
{
        const char *p = start, *end = scan->end;

        if (comment_begins(start, end)) {
                p = comment_end(scan, start);
                return p == NULL ? error(scan) : piece(SCAN_COMMENT, p);
        }
        while (p < end && scan_first_of(*p) == FIRST_OPERATOR && !comment_begins(p, end))
                p++;
        if (p - start >= 2 && start[0] == '=' && start[1] == '>' &&
            (p - start == 2 || start[2] == '-' || start[2] == '+'))
                return piece(SCAN_NAMED, p);
        return piece(SCAN_OPERATOR, p);
}

static struct scan_piece read_colon(const struct scan *scan, const char *start)
{
        char next = start + 1 < scan->end ? start[1] : '\0';

        if (next == ':')
                return piece(SCAN_CAST, start + 2);
        if (next == '=')
                return piece(SCAN_NAMED, start + 2);
        return piece(SCAN_COLON, start + 1);
}

/* ---- the doors ---- */

struct scan_piece scan_piece_at(const struct scan *scan, const char *start)
{
        enum scan_first first = scan_first_of(*start);

        switch ((int)first) {
        case FIRST_WORD: return read_word(scan, start);
        case FIRST_DIGIT: return read_number(scan, start);
        case FIRST_QUOTE: return read_string(scan, start, start);
        case FIRST_DOUBLE_QUOTE: return read_quoted(scan, start);
        case FIRST_DOLLAR: return read_dollar(scan, start);
        case FIRST_COLON: return read_colon(scan, start);
        case FIRST_OPERATOR: return read_operator(scan, start);
        case FIRST_BAD: return error(scan);
        }
        return piece((enum scan_kind)(first - FIRST_SINGLE), start + 1);
}

/* As scan_piece_at. Most are words. */
static inline struct scan_piece piece_at(const struct scan *scan, const char *start)
{
        unsigned n = scan->options == 0 && scan_is_word_start(*start)
                         ? scan_short_word(scan_window(scan, start), 0)
                         : 0;

        return n > 0 ? piece(SCAN_WORD, start + n) : scan_piece_at(scan, start);
}

void scan_next(struct scan *scan, struct scan_token *token)
{
        const char *p = scan->p;
        struct scan_piece found = piece(SCAN_END, p);

        for (; p < scan->end; p = found.stop) {
                found = piece(SCAN_COMMENT, p + 1);
                if (scan_first_of(*p) != FIRST_SPACE)
                        found = piece_at(scan, p);
                if (found.kind != SCAN_COMMENT)
                        break;
        }
        if (p == scan->end)
                found = piece(SCAN_END, p);
        *token = (struct scan_token){found.kind, KW_NOT_ONE, CATEGORY_NONE, {p, (size_t)(found.stop - p)}};
        if (found.kind == SCAN_WORD && token->text.n <= KEYWORD_LENGTH_MAX) {
                const struct keyword_entry *entry = keyword_find(scan_window(scan, p), token->text.n);

                token->keyword = entry->keyword;
                token->category = entry->category;
        }
        scan->p = found.stop;
}

bool scan_comment(struct scan *scan, struct sv *inside)
{
        const char *start = scan->p, *stop;

        while (start < scan->end && scan_first_of(*start) == FIRST_SPACE)
                start++;
        if (!comment_begins(start, scan->end) || (stop = comment_end(scan, start)) == NULL)
                return false;
        scan->p = stop;
        *inside = (struct sv){start + 2, (size_t)(stop - start) - 2};
        if (*start == '/')
                inside->n -= 2;
        return true;
}

/* As far as it goes in steps of 16 bytes: the first byte that is not of the list, or near the text's end. */
static const char *list_steps(const struct scan *scan, const char *p)
{
#ifdef __SSE2__
        while (scan->end - p >= 16) {
                __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
                __m128i digit = _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8((char)(0x80 - '0'))),
                                               _mm_set1_epi8((char)(0x80 + 10)));
                __m128i between = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(',')),
                                               _mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')));
                unsigned digits = (unsigned)_mm_movemask_epi8(digit);
                unsigned dollars = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('$')));
                /* a '$' counts when a digit is behind it in this step; else it is looked at again */
                unsigned listed = digits | (unsigned)_mm_movemask_epi8(between) | (dollars & digits >> 1);
                int n;

                if (listed == 0xffff) {
                        p += 16;
                        continue;
                }
                n = __builtin_ctz(~listed);
                if (n == 0 || (dollars >> n & 1) == 0)
                        return p + n;
                p += n;
        }
#else
        (void)scan;
#endif
        return p;
}

const char *scan_list_end(const struct scan *scan, const char *p, char *last)
{
        const char *start = p, *end = scan->end;

        for (p = list_steps(scan, p); p < end; p++)
                if (!scan_is_digit(*p) && *p != ',' && *p != ' ' &&
                    !(*p == '$' && p + 1 < end && scan_is_digit(p[1])))
                        break;
        *last = '\0';
        for (const char *q = p; q > start; q--)
                if (q[-1] != ' ') {
                        *last = q[-1];
                        return p;
                }
        return start;
}

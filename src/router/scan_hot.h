/* scan_hot: the half of the scanner that every statement runs through many times, to be inlined where each
 * nanosecond counts (router/query.c); scan.h is the contract, scan.c the other half and the meaning.
 *
 * What it gains over plain loops: words and quoted names are measured 16 bytes at a step, without a branch
 * for each byte, and near the text's end from the 16 bytes in front of it. */
#pragma once

#include "router/scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What a token that begins with this byte is. From FIRST_SINGLE on it is that byte alone, of the kind
 * (enum scan_kind) that is added. */
enum scan_first {
        FIRST_BAD = 0,
        FIRST_SPACE,
        FIRST_WORD,
        FIRST_DIGIT,
        FIRST_QUOTE,
        FIRST_DOUBLE_QUOTE,
        FIRST_DOLLAR,
        FIRST_OPERATOR, /* or a comment */
        FIRST_COLON,
        FIRST_SINGLE = 32,
};

extern const uint8_t scan_first_bytes[256];

static inline enum scan_first scan_first_of(char c)
{
        return (enum scan_first)scan_first_bytes[(unsigned char)c];
}

static inline bool scan_is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* Letters, '_' and bytes of other characters: what a word or a dollar quote's tag may begin with. */
static inline bool scan_is_word_start(char c)
{
        return scan_first_of(c) == FIRST_WORD;
}

static inline bool scan_is_word(char c)
{
        return scan_is_word_start(c) || scan_is_digit(c) || c == '$';
}

#ifdef __SSE2__
/* The 16 bytes at `p`, or the text's last 16 where there are less. *shift: how far they begin in front of it.
 */
static inline __m128i scan_window(const struct scan *scan, const char *p, unsigned *shift)
{
        const char *from = p < scan->last16 ? p : scan->last16;

        *shift = (unsigned)(p - from);
        return _mm_loadu_si128((const __m128i *)(const void *)from);
}

/* Top bits set where a byte is a letter, a digit, '_', '$' or of another character. */
static inline __m128i scan_word_bytes(__m128i bytes)
{
        __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        /* moved to the low end of the signed range, a range is one comparison */
        __m128i letter = _mm_cmplt_epi8(_mm_add_epi8(folded, _mm_set1_epi8((char)(0x80 - 'a'))),
                                        _mm_set1_epi8((char)(0x80 + 26)));
        __m128i digit = _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8((char)(0x80 - '0'))),
                                       _mm_set1_epi8((char)(0x80 + 10)));
        __m128i sign = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')),
                                    _mm_cmpeq_epi8(bytes, _mm_set1_epi8('$')));

        return _mm_or_si128(_mm_or_si128(letter, digit), _mm_or_si128(sign, bytes));
}
#endif

/* The first byte at or after `p` that cannot be part of a word. */
static inline const char *scan_word_end(const struct scan *scan, const char *p)
{
#ifdef __SSE2__
        while (__builtin_expect(scan->last16 != NULL, 1)) {
                unsigned shift;
                __m128i bytes = scan_window(scan, p, &shift);
                unsigned word = (unsigned)_mm_movemask_epi8(scan_word_bytes(bytes)) >> shift;
                int n = __builtin_ctz(~word);

                p += n;
                if (__builtin_expect(n < 16, 1) || p == scan->end)
                        return p;
        }
#endif
        while (p < scan->end && scan_is_word(*p))
                p++;
        return p;
}

/* The first `c` at or after `p`, or NULL. */
static inline const char *scan_find(const struct scan *scan, const char *p, char c)
{
#ifdef __SSE2__
        if (scan->last16 != NULL)
                for (int steps = 0; steps < 4 && p < scan->end; steps++, p += 16) {
                        unsigned shift;
                        __m128i bytes = scan_window(scan, p, &shift);
                        unsigned mask =
                            (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c))) >> shift;

                        if (mask != 0)
                                return p + __builtin_ctz(mask);
                }
#endif
        return p < scan->end ? memchr(p, c, (size_t)(scan->end - p)) : NULL;
}

/* The byte after the quote that closes what begins at `p`; two quotes stand for one. NULL: there is none. */
static inline const char *scan_quoted_end(const struct scan *scan, const char *p, char quote)
{
        while ((p = scan_find(scan, p, quote)) != NULL) {
                p++;
                if (p == scan->end || *p != quote)
                        return p;
                p++;
        }
        return NULL;
}

/* What begins at a place of the text: it ends in front of `stop`. Small enough to be returned in registers.
 */
struct scan_piece {
        const char *stop;
        enum scan_kind kind;
};

/* The pieces that are not found here. `start` is the first byte of one. A comment is SCAN_COMMENT. */
struct scan_piece scan_other(const struct scan *scan, const char *start);

/* What a word is that may be none: one letter with a quote or "&" behind it begins a string or U&"..."; under
 * SCAN_BACKSLASH_UNSAFE its last character may go on behind it. */
struct scan_piece scan_check_word(const struct scan *scan, const char *start, const char *stop);

/* Where what is quoted ends when that is near and there are no two quotes in it; else NULL. */
static inline const char *scan_short_quoted_end(const struct scan *scan, const char *start)
{
#ifdef __SSE2__
        if (__builtin_expect(scan->last16 != NULL && start + 1 < scan->end, 1)) {
                unsigned shift;
                __m128i bytes = scan_window(scan, start + 1, &shift);
                unsigned mask =
                    (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(*start))) >> shift;
                const char *stop = start + 2 + __builtin_ctz(mask | 1u << 16);

                if (mask != 0 && (stop == scan->end || *stop != *start))
                        return stop;
        }
#else
        (void)scan;
        (void)start;
#endif
        return NULL;
}

/* The end of an operator of one byte, with neither another one nor a comment behind it; else NULL. */
static inline const char *scan_short_operator_end(const struct scan *scan, const char *start)
{
        const char *stop = start + 1;

        return stop < scan->end && scan_first_of(*stop) != FIRST_OPERATOR ? stop : NULL;
}

/* The first byte at or after `p` that is no digit. */
static inline const char *scan_digits_end(const struct scan *scan, const char *p)
{
        while (p < scan->end && scan_is_digit(*p))
                p++;
        return p;
}

/* What begins at `start`, which is no white space, if it is one of the frequent pieces and short; else its
 * stop is NULL. */
static inline struct scan_piece scan_frequent(const struct scan *scan, const char *start,
                                              enum scan_first first)
{
        const char *stop;

        switch ((int)first) {
        case FIRST_WORD: return (struct scan_piece){scan_word_end(scan, start), SCAN_WORD};
        case FIRST_DOUBLE_QUOTE: return (struct scan_piece){scan_short_quoted_end(scan, start), SCAN_QUOTED};
        case FIRST_QUOTE:
                if (scan->options != 0)
                        break;
                return (struct scan_piece){scan_short_quoted_end(scan, start), SCAN_STRING};
        case FIRST_OPERATOR: return (struct scan_piece){scan_short_operator_end(scan, start), SCAN_OPERATOR};
        case FIRST_DOLLAR:
                stop = scan_digits_end(scan, start + 1);
                return (struct scan_piece){stop > start + 1 ? stop : NULL, SCAN_PARAM};
        case FIRST_DIGIT:
                stop = scan_digits_end(scan, start);
                if (stop < scan->end && (*stop == '.' || (*stop | 0x20) == 'e'))
                        break;
                return (struct scan_piece){stop, SCAN_NUMBER};
        case FIRST_COLON:
        case FIRST_BAD:
        case FIRST_SPACE: break;
        default: return (struct scan_piece){start + 1, (enum scan_kind)(first - FIRST_SINGLE)};
        }
        return (struct scan_piece){NULL, SCAN_ERROR};
}

/* The eight bytes at `p` for keyword_find, without reading behind the end. */
static inline uint64_t scan_head(const struct scan *scan, const char *p)
{
        uint64_t head = 0;

        if (__builtin_expect(scan->last16 != NULL, 1)) {
                const char *last8 = scan->last16 + 8, *from = p < last8 ? p : last8;

                return keyword_load(from) >> (8 * (p - from));
        }
        for (const char *q = scan->end - p < 8 ? scan->end : p + 8; q > p;)
                head = head << 8 | (unsigned char)*--q;
        return head;
}

/* The next token behind `p`, into *token; returns where it ends. `scan` is only read (its `p` is not): a
 * caller's token, whose address goes nowhere, can live in registers. */
static inline const char *scan_next_hot(const struct scan *scan, const char *p, struct scan_token *token)
{
        struct scan_piece piece = {p, SCAN_END};

        token->keyword = KW_NOT_ONE;
        token->category = CATEGORY_NONE;
        for (; p < scan->end; p = piece.stop) {
                enum scan_first first = scan_first_of(*p);

                if (first == FIRST_SPACE) {
                        piece.stop = p + 1;
                        continue;
                }
                piece = scan_frequent(scan, p, first);
                if (piece.stop == NULL)
                        piece = scan_other(scan, p);
                else if (first == FIRST_WORD && (piece.stop - p == 1 || scan->options != 0))
                        piece = scan_check_word(scan, p, piece.stop);
                if (piece.kind != SCAN_COMMENT)
                        break;
        }
        if (p == scan->end)
                piece = (struct scan_piece){p, SCAN_END};
        token->kind = piece.kind;
        token->text = (struct sv){p, (size_t)(piece.stop - p)};
        if (piece.kind == SCAN_WORD) {
                const struct keyword_entry *entry = keyword_find(p, token->text.n, scan_head(scan, p));

                token->keyword = entry->keyword;
                token->category = entry->category;
        }
        return piece.stop;
}

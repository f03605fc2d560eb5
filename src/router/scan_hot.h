/* scan_hot: short ways through the scanner, to be inlined where each nanosecond counts (router/query.c);
 * scan.h is the contract, scan.c the whole of it and the meaning.
 *
 * What they gain over plain loops: a token is measured in the 16 bytes that stand at its beginning, which are
 * always there (scan_window), so neither each byte nor the text's end costs a branch. What does not fit
 * there, or is not what it seems at first sight, is scan_piece_at's. */
#pragma once

#include "router/scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SCAN_HOT __attribute__((always_inline)) inline

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

/* The SCAN_TAIL + 1 bytes at `p`, with zeros in place of what would be behind the text's end: enough for 16
 * bytes, a blank in front of them, and one behind. */
static inline const char *scan_window(const struct scan *scan, const char *p)
{
        size_t left = (size_t)(scan->end - p);

        return left > SCAN_TAIL ? p : scan->tail + SCAN_TAIL - left;
}

#ifdef __SSE2__
static inline __m128i scan_load(const char *window)
{
        return _mm_loadu_si128((const __m128i *)(const void *)window);
}
#endif

/* Bit i: the i-th of the 16 bytes at `window` is a word's: a letter, a digit, '_', '$' or of another
 * character. */
static inline unsigned scan_words(const char *window)
{
#ifdef __SSE2__
        __m128i bytes = scan_load(window), folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        /* moved to the low end of the signed range, a range is one comparison */
        __m128i letter = _mm_cmplt_epi8(_mm_add_epi8(folded, _mm_set1_epi8((char)(0x80 - 'a'))),
                                        _mm_set1_epi8((char)(0x80 + 26)));
        __m128i digit = _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8((char)(0x80 - '0'))),
                                       _mm_set1_epi8((char)(0x80 + 10)));
        __m128i sign = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')),
                                    _mm_cmpeq_epi8(bytes, _mm_set1_epi8('$')));
        __m128i word = _mm_or_si128(_mm_or_si128(letter, digit), _mm_or_si128(sign, bytes));

        return (unsigned)_mm_movemask_epi8(word);
#else
        unsigned mask = 0;

        for (unsigned i = 0; i < 16; i++)
                mask |= (unsigned)scan_is_word(window[i]) << i;
        return mask;
#endif
}

/* Bit i: the i-th of the 16 bytes at `window` is `c`. */
static inline unsigned scan_mask(const char *window, char c)
{
#ifdef __SSE2__
        return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(scan_load(window), _mm_set1_epi8(c)));
#else
        unsigned mask = 0;

        for (unsigned i = 0; i < 16; i++)
                mask |= (unsigned)(window[i] == c) << i;
        return mask;
#endif
}

/* What begins at a place of the text: it ends in front of `stop`. Small enough to be returned in registers.
 */
struct scan_piece {
        const char *stop;
        enum scan_kind kind;
};

/* The piece that begins at `start`, which is no white space, whatever it is. A comment is SCAN_COMMENT. */
struct scan_piece scan_piece_at(const struct scan *scan, const char *start);

/* The short ways begin behind a blank, when there is one (`blank`: 0 or 1), in a scan without options. All 16
 * bytes are looked at before it is known whether there is one: so nothing waits for that. */

/* The word that stands there: its length, when it ends in the window and is a word for certain, and not the
 * letter in front of a string; else 0. */
static inline unsigned scan_short_word(const char *window, unsigned blank)
{
        unsigned n = (unsigned)__builtin_ctz(~(scan_words(window) >> blank));

        window += blank;
        if (__builtin_expect(n > 1 && n + blank < 16, 1))
                return n;
        if (n == 1)
                return window[1] == '\'' || window[1] == '&' ? 0 : n;
        n = (unsigned)__builtin_ctz(~scan_words(window)); /* the one byte more may be the last */
        return n < 16 || !scan_is_word(window[16]) ? n : 0;
}

/* The same for what is quoted by `quote`, the quotes included: 0 also when there are two quotes in it. */
static inline unsigned scan_short_quoted(const char *window, unsigned blank, char quote)
{
        unsigned quotes = scan_mask(window, quote) >> blank >> 1;
        unsigned inside = (unsigned)__builtin_ctz(quotes | 1u << 14);

        return inside + blank < 14 && (quotes >> inside & 2) == 0 ? inside + 2 : 0;
}

/* The same for digits behind the first byte, whatever it is. */
static inline unsigned scan_short_digits(const char *window, unsigned blank)
{
        unsigned n = 1;

        window += blank;
        while (n < 16 && scan_is_digit(window[n]))
                n++;
        return n < 16 ? n : 0;
}

/* scan: PostgreSQL's lexical structure (manual, "Lexical Structure"; its rules are those of scan.l), token by
 * token, over a text that somebody else owns.
 *
 * Allocates nothing, looks at each byte a bounded number of times whatever the text is, reads nothing outside
 * of it. It gives up with SCAN_ERROR rather than guess: that token is all the rest. Any thread. */
#pragma once

#include "router/keyword.h"

enum scan_kind {
        SCAN_END,
        SCAN_ERROR,  /* unterminated or unsupported: U&"...", a stray byte, what the options make unsafe */
        SCAN_WORD,   /* key word or identifier without quotes */
        SCAN_QUOTED, /* "identifier" */
        SCAN_STRING, /* '...', E'...', B'...', X'...', N'...', U&'...', $tag$...$tag$ */
        SCAN_NUMBER,
        SCAN_PARAM,    /* $1 */
        SCAN_OPERATOR, /* with the signs behind it that belong to its operand: "=-" */
        SCAN_CAST,     /* :: */
        SCAN_OPEN,
        SCAN_CLOSE,
        SCAN_OPEN_SQUARE,
        SCAN_CLOSE_SQUARE,
        SCAN_COMMA,
        SCAN_DOT,
        SCAN_COLON,
        SCAN_SEMICOLON,
        SCAN_NAMED,   /* := and =>, between an argument's name and its value */
        SCAN_COMMENT, /* never given to a caller of scan_next */
};

struct scan_token {
        enum scan_kind kind;
        uint16_t keyword; /* enum keyword, of a SCAN_WORD */
        uint8_t category; /* enum keyword_category, of a SCAN_WORD */
        struct sv text;   /* as written, with quotes */
};

enum scan_options {
        SCAN_BACKSLASH_UNSAFE = 1 << 0, /* the encoding may have '\\' and other ASCII as second bytes */
        SCAN_ESCAPE_STRINGS = 1 << 1,   /* standard_conforming_strings is off */
};

enum { SCAN_TAIL = 17 };

struct scan {
        const char *p, *end;
        unsigned options; /* enum scan_options bits */
        /* the text's last bytes, up to SCAN_TAIL, and zeros: see scan_window */
        char tail[2 * SCAN_TAIL + 1];
};

void scan_init(struct scan *scan, struct sv text, unsigned options);

/* Lets the text end at `end`, which is in what is left of it. */
static inline void scan_end_at(struct scan *scan, const char *end)
{
        scan_init(scan, sv_from(scan->p, (size_t)(end - scan->p)), scan->options);
}

/* Reads the next token into *token, over white space and comments. */
void scan_next(struct scan *scan, struct scan_token *token);

/* When a comment comes next (over white space), goes past it and gives its inside. An unterminated one is
 * left to scan_next. */
bool scan_comment(struct scan *scan, struct sv *inside);

/* Where the list of numbers, parameters, commas and blanks ends that begins at `p`, found in large steps;
 * `p`, when there is none. *last is its last byte that is no blank, '\0' where there is none. */
const char *scan_list_end(const struct scan *scan, const char *p, char *last);

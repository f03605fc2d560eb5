#include "router/fingerprint.h"

#include "base/hash.h"
#include "router/scan_hot.h"

/* The text that is left, as it comes. */
struct remains {
        uint64_t hash; /* of its tokens */
        char *out;     /* the text; NULL: the hash is wanted */
        size_t n, size;
        enum scan_kind last; /* SCAN_END: nothing has come yet */
        enum scan_kind
            withheld; /* a comma behind a constant, or semicolons, until it is known what follows */
};

static void put(struct remains *r, char byte)
{
        if (r->n + 1 < r->size)
                r->out[r->n++] = byte;
}

static bool wants_blank(enum scan_kind before, enum scan_kind kind)
{
        switch ((int)kind) {
        case SCAN_OPEN: return before != SCAN_WORD && before != SCAN_QUOTED && before != SCAN_OPEN;
        case SCAN_CLOSE:
        case SCAN_OPEN_SQUARE:
        case SCAN_CLOSE_SQUARE:
        case SCAN_COMMA:
        case SCAN_DOT:
        case SCAN_CAST:
        case SCAN_SEMICOLON: return false;
        }
        return before != SCAN_END && before != SCAN_OPEN && before != SCAN_OPEN_SQUARE &&
               before != SCAN_DOT && before != SCAN_CAST;
}

static bool is_upper(char byte)
{
        return byte >= 'A' && byte <= 'Z';
}

static void write_token(struct remains *r, enum scan_kind kind, struct sv text)
{
        if (wants_blank(r->last, kind))
                put(r, ' ');
        for (size_t i = 0; i < text.n; i++)
                put(r, kind == SCAN_WORD && is_upper(text.p[i]) ? (char)(text.p[i] | 0x20) : text.p[i]);
}

/* Eight bytes of a word with the case bit set in those of ASCII, which is exact: see keyword.h. */
static uint64_t fold(uint64_t bytes)
{
        return bytes | (~bytes & UINT64_C(0x8080808080808080)) >> 2;
}

/* Whether tokens of the kind differ in their texts. Constants are the same here. */
static bool is_various(enum scan_kind kind)
{
        return kind == SCAN_WORD || kind == SCAN_QUOTED || kind == SCAN_OPERATOR || kind == SCAN_NAMED;
}

/* `text` is of the scan's where its bytes matter. */
static SCAN_HOT void hash_token(struct remains *r, const struct scan *scan, enum scan_kind kind,
                                struct sv text)
{
        uint64_t hash = hash_mix(r->hash, text.n << 8 | (uint64_t)kind);

        for (size_t i = 0; is_various(kind) && i < text.n; i += 8) {
                uint64_t bytes = keyword_load(scan_window(scan, text.p + i));

                bytes = kind == SCAN_WORD ? fold(bytes) : bytes;
                if (text.n - i < 8)
                        bytes &= (UINT64_C(1) << 8 * (text.n - i)) - 1;
                hash = hash_mix(hash, bytes);
        }
        r->hash = hash;
}

static SCAN_HOT void put_token(struct remains *r, const struct scan *scan, enum scan_kind kind,
                               struct sv text)
{
        if (r->out != NULL)
                write_token(r, kind, text);
        else
                hash_token(r, scan, kind, text);
        r->last = kind;
}

static bool is_constant(enum scan_kind kind)
{
        return kind == SCAN_STRING || kind == SCAN_NUMBER || kind == SCAN_PARAM;
}

static SCAN_HOT void add(struct remains *r, const struct scan *scan, enum scan_kind kind, struct sv text)
{
        bool constant = is_constant(kind), in_list = r->withheld == SCAN_COMMA && constant;

        if (kind == SCAN_SEMICOLON || (kind == SCAN_COMMA && r->last == SCAN_NUMBER)) {
                r->withheld = kind;
                return;
        }
        if (r->withheld != SCAN_END && !in_list && r->last != SCAN_END)
                put_token(r, scan, r->withheld, r->withheld == SCAN_COMMA ? SV(",") : SV(";"));
        r->withheld = SCAN_END;
        if (in_list)
                return;
        if (constant)
                put_token(r, scan, SCAN_NUMBER, SV("?"));
        else
                put_token(r, scan, kind, text);
}

/* What stands at `p`, or behind it where a blank is. */
static SCAN_HOT struct scan_piece see(const struct scan *scan, const char *p, const char **start)
{
        const char *window = scan_window(scan, p);
        unsigned blank = *window == ' ', n = 0;
        enum scan_first first = scan_first_of(window[blank]);

        *start = p += blank;
        if (first == FIRST_SPACE)
                return (struct scan_piece){p + 1, SCAN_COMMENT};
        if (p == scan->end)
                return (struct scan_piece){p, SCAN_END};
        if (first >= FIRST_SINGLE)
                return (struct scan_piece){p + 1, (enum scan_kind)(first - FIRST_SINGLE)};
        if (scan->options != 0)
                return scan_piece_at(scan, p);
        if (first == FIRST_WORD && (n = scan_short_word(window, blank)) > 0)
                return (struct scan_piece){p + n, SCAN_WORD};
        if (first == FIRST_QUOTE && (n = scan_short_quoted(window, blank, '\'')) > 0)
                return (struct scan_piece){p + n, SCAN_STRING};
        if (first == FIRST_DOUBLE_QUOTE && (n = scan_short_quoted(window, blank, '"')) > 0)
                return (struct scan_piece){p + n, SCAN_QUOTED};
        return scan_piece_at(scan, p);
}

/* False: it does not lex. */
static bool walk(struct remains *r, struct sv text, unsigned options)
{
        struct scan_piece piece = {text.p, SCAN_COMMENT};
        const char *start;
        struct scan scan;

        scan_init(&scan, text, options);
        for (;;) {
                piece = see(&scan, piece.stop, &start);
                if (piece.kind == SCAN_END || piece.kind == SCAN_ERROR)
                        return piece.kind == SCAN_END;
                if (piece.kind != SCAN_COMMENT)
                        add(r, &scan, piece.kind, sv_from(start, (size_t)(piece.stop - start)));
        }
}

static uint64_t never_zero(uint64_t hash)
{
        return hash != 0 ? hash : 1;
}

uint64_t fingerprint_hash(struct sv text, unsigned options)
{
        struct remains r = {.hash = 0};

        return walk(&r, text, options) ? never_zero(r.hash) : 0;
}

uint64_t fingerprint_within(uint64_t hash, struct sv place)
{
        return hash != 0 ? never_zero(hash_bytes(hash, place)) : 0;
}

void fingerprint_text(struct sv text, unsigned options, char *out, size_t size)
{
        struct remains r = {.out = out, .size = size};

        (void)walk(&r, text, options);
        out[r.n] = '\0';
}

#include "router/fingerprint.h"

#include "base/hash.h"
#include "router/scan.h"

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

/* Eight bytes with the ASCII capitals among them made small. */
static uint64_t fold(uint64_t word)
{
        const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
        uint64_t low = word & ~tops;
        uint64_t upper = (low + (0x80 - 'A') * ones) & ~(low + (0x80 - 'Z' - 1) * ones) & ~word & tops;

        return word | upper >> 2;
}

/* As many as there are of eight bytes at `p`, behind zeros. */
static uint64_t load(const char *p, size_t n)
{
        uint64_t word = 0;

        memcpy(&word, p, n < 8 ? n : 8);
        return word;
}

static void hash_token(struct remains *r, enum scan_kind kind, struct sv text)
{
        r->hash = hash_mix(r->hash, text.n << 8 | (uint64_t)kind);
        for (size_t i = 0; i < text.n; i += 8) {
                uint64_t word = load(text.p + i, text.n - i);

                r->hash = hash_mix(r->hash, kind == SCAN_WORD ? fold(word) : word);
        }
}

static void put_token(struct remains *r, enum scan_kind kind, struct sv text)
{
        if (r->out != NULL)
                write_token(r, kind, text);
        else
                hash_token(r, kind, text);
        r->last = kind;
}

static bool is_constant(enum scan_kind kind)
{
        return kind == SCAN_STRING || kind == SCAN_NUMBER || kind == SCAN_PARAM;
}

static void add(struct remains *r, const struct scan_token *token)
{
        bool constant = is_constant(token->kind), in_list = r->withheld == SCAN_COMMA && constant;

        if (token->kind == SCAN_SEMICOLON || (token->kind == SCAN_COMMA && r->last == SCAN_NUMBER)) {
                r->withheld = token->kind;
                return;
        }
        if (r->withheld != SCAN_END && !in_list && r->last != SCAN_END)
                put_token(r, r->withheld, r->withheld == SCAN_COMMA ? SV(",") : SV(";"));
        r->withheld = SCAN_END;
        if (in_list)
                return;
        if (constant)
                put_token(r, SCAN_NUMBER, SV("?"));
        else
                put_token(r, token->kind, token->text);
}

/* False: it does not lex. */
static bool walk(struct remains *r, struct sv text, unsigned options)
{
        struct scan_token token;
        struct scan scan;

        scan_init(&scan, text, options);
        for (scan_next(&scan, &token); token.kind != SCAN_END; scan_next(&scan, &token)) {
                if (token.kind == SCAN_ERROR)
                        return false;
                add(r, &token);
        }
        return true;
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

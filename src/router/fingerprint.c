#include "router/fingerprint.h"

#include "router/scan.h"

/* The text that is left, as it comes. */
struct remains {
        uint64_t hash;
        char *out; /* NULL: only the hash is wanted */
        size_t n, size;
        enum scan_kind last; /* SCAN_END: nothing has come yet */
        enum scan_kind
            withheld; /* a comma behind a constant, or semicolons, until it is known what follows */
};

static void put(struct remains *r, char byte)
{
        r->hash = (r->hash ^ (unsigned char)byte) * UINT64_C(0x100000001b3);
        if (r->out != NULL && r->n + 1 < r->size)
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

static void put_token(struct remains *r, enum scan_kind kind, struct sv text)
{
        if (wants_blank(r->last, kind))
                put(r, ' ');
        for (size_t i = 0; i < text.n; i++) {
                char byte = text.p[i];

                put(r, kind == SCAN_WORD && byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte);
        }
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

/* Spreads what FNV leaves in the high bits. */
static uint64_t finish(uint64_t hash)
{
        hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
        hash ^= hash >> 32;
        return hash != 0 ? hash : 1;
}

uint64_t fingerprint_hash(struct sv text, unsigned options)
{
        struct remains r = {.hash = UINT64_C(0xcbf29ce484222325)};

        return walk(&r, text, options) ? finish(r.hash) : 0;
}

uint64_t fingerprint_within(uint64_t hash, struct sv place)
{
        struct remains r = {.hash = hash};

        for (size_t i = 0; i < place.n; i++)
                put(&r, place.p[i]);
        return hash != 0 ? finish(r.hash) : 0;
}

void fingerprint_text(struct sv text, unsigned options, char *out, size_t size)
{
        struct remains r = {.out = out, .size = size};

        (void)walk(&r, text, options);
        out[r.n] = '\0';
}

#include "cluster/position.h"

enum { PAGE_HEADER = 24, SEGMENT_HEADER = 40, SEGMENT_MIN = 1 << 20, USUAL_BLOCK = 8192 };

static int digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* All of `text`, at most `most`. */
static bool read_number(struct sv text, unsigned base, uint64_t most, uint64_t *out)
{
        *out = 0;
        for (size_t i = 0; i < text.n; i++) {
                int d = digit(text.p[i]);

                if (d < 0 || (unsigned)d >= base || *out > (most - (unsigned)d) / base)
                        return false;
                *out = *out * base + (unsigned)d;
        }
        return text.n > 0;
}

/* What stands in *text before `end`, which is taken off with it; false: there is no such byte. */
static bool take_until(struct sv *text, char end, struct sv *out)
{
        const char *at = text->n > 0 ? memchr(text->p, end, text->n) : NULL;

        if (at == NULL)
                return false;
        *out = sv_from(text->p, (size_t)(at - text->p));
        *text = sv_from(at + 1, text->n - out->n - 1);
        return true;
}

bool position_parse_lsn(struct sv text, uint64_t *out)
{
        struct sv high;
        uint64_t low;

        if (!take_until(&text, '/', &high) || high.n > 8 || text.n > 8 ||
            !read_number(high, 16, UINT32_MAX, out) || !read_number(text, 16, UINT32_MAX, &low))
                return false;
        *out = *out << 32 | low;
        return true;
}

bool position_parse(struct sv text, struct position *out)
{
        struct sv lsn, timeline;
        uint64_t number;
        bool identified;

        *out = (struct position){0};
        if (!take_until(&text, '@', &lsn) || !position_parse_lsn(lsn, &out->lsn) || out->lsn == 0)
                return false;
        identified = take_until(&text, '@', &timeline);
        if (!read_number(identified ? timeline : text, 10, UINT32_MAX, &number) || number == 0)
                return false;
        out->timeline = (uint32_t)number;
        return !identified || (read_number(text, 10, UINT64_MAX, &out->system_id) && out->system_id != 0);
}

uint64_t position_normalise(uint64_t lsn, uint32_t block_size)
{
        if (block_size == 0)
                block_size = USUAL_BLOCK;
        if (lsn % block_size == PAGE_HEADER)
                return lsn - PAGE_HEADER;
        if (lsn % SEGMENT_MIN == SEGMENT_HEADER)
                return lsn - SEGMENT_HEADER;
        return lsn;
}

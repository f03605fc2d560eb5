/* keyword: PostgreSQL's key words, found by hash. The table is built once, before main, and is constant from
 * then on: any thread. A word is looked up by its bytes with the case bit set, which is exact: no two bytes
 * that a word may hold fall together but a letter's two cases. */
#pragma once

#include "base/sv.h"

#include <endian.h>

enum keyword {
        KW_NOT_ONE = 0,
#define KEYWORD(symbol, text, category) KW_##symbol,
#include "router/keywords.def"
#undef KEYWORD
        KW_COUNT
};

enum keyword_category {
        CATEGORY_NONE = 0, /* not a key word */
        CATEGORY_UNRESERVED,
        CATEGORY_COL_NAME,
        CATEGORY_TYPE_FUNC,
        CATEGORY_RESERVED,
};

struct keyword_entry {
        uint64_t head, tail; /* its bytes with the case bit set, and zeros up to 16 */
        uint16_t keyword;    /* enum keyword */
        uint8_t category;    /* enum keyword_category */
        bool displaces;      /* a key word that belongs in this one's slot stands in a later one */
};

enum { KEYWORD_SLOT_BITS = 12, KEYWORD_LENGTH_MAX = 16 };

/* Slots hold an index into the entries; 0, an entry that matches nothing, where empty. */
extern uint16_t keyword_slots[1 << KEYWORD_SLOT_BITS];
extern struct keyword_entry keyword_entries[KW_COUNT];

/* From its 16 - n on: n bytes of ones, and zeros. */
extern const uint8_t keyword_mask[32];

/* Eight bytes as a number, the first one lowest. */
static inline uint64_t keyword_load(const void *p)
{
        uint64_t bytes;

        memcpy(&bytes, p, sizeof(bytes));
        return le64toh(bytes);
}

static inline unsigned keyword_hash(uint64_t head, uint64_t tail)
{
        uint64_t mixed = (head ^ (tail << 7 | tail >> 57)) * UINT64_C(0x9E3779B97F4A7C15);

        return (unsigned)(mixed >> (64 - KEYWORD_SLOT_BITS));
}

/* The key word that the first `n` of the 16 bytes at `p` spell in any case, or the empty entry. Almost always
 * one slot is looked at, and nothing is done twice or byte by byte. 1 <= n <= KEYWORD_LENGTH_MAX. */
static inline const struct keyword_entry *keyword_find(const char *p, size_t n)
{
        const uint64_t case_bits = UINT64_C(0x2020202020202020);
        const uint8_t *mask = keyword_mask + KEYWORD_LENGTH_MAX - n;
        uint64_t head = (keyword_load(p) | case_bits) & keyword_load(mask);
        uint64_t tail = (keyword_load(p + 8) | case_bits) & keyword_load(mask + 8);

        for (unsigned slot = keyword_hash(head, tail);; slot++) {
                unsigned index = keyword_slots[slot & ((1 << KEYWORD_SLOT_BITS) - 1)];
                const struct keyword_entry *entry = &keyword_entries[index];

                if (index == 0 || ((entry->head ^ head) | (entry->tail ^ tail)) == 0)
                        return entry;
                if (__builtin_expect(!entry->displaces, 1))
                        return &keyword_entries[0];
        }
}

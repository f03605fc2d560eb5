/* keyword: PostgreSQL's key words, found by hash. The table is built once, before main, and is constant from
 * then on: any thread. A word is looked up by its first and last eight bytes with the case bit set, which is
 * exact: a key word's characters are letters and '_', and two words of these forms never fall together. */
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
        uint64_t head, tail;
        uint8_t length;
        uint8_t category; /* enum keyword_category */
        bool displaces;   /* a key word that belongs in this one's slot stands in a later one */
        uint16_t keyword; /* enum keyword */
};

enum { KEYWORD_SLOT_BITS = 12, KEYWORD_LENGTH_MAX = 16 };

/* Slots hold an index into the entries; 0, an entry that matches nothing, where empty. */
extern uint16_t keyword_slots[1 << KEYWORD_SLOT_BITS];
extern struct keyword_entry keyword_entries[KW_COUNT];

#define KEYWORD_CASE_BITS UINT64_C(0x2020202020202020)

/* Eight bytes as a number, the first one lowest. */
static inline uint64_t keyword_load(const char *p)
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

/* The key word that the `n` bytes at `p` spell in any case, or the empty entry. `head` is their first eight
 * bytes as keyword_load gives them; what it holds behind the n-th does not matter. Almost always there is one
 * slot to look at, and no branch that depends on the word. */
static inline const struct keyword_entry *keyword_find(const char *p, size_t n, uint64_t head)
{
        const struct keyword_entry *entry;
        uint64_t tail = 0;
        unsigned slot;
        bool same;

        if (n < 2 || n > KEYWORD_LENGTH_MAX)
                return &keyword_entries[0];
        if (n > 8)
                tail = keyword_load(p + n - 8) | KEYWORD_CASE_BITS;
        else
                head &= UINT64_MAX >> (64 - 8 * n);
        head |= KEYWORD_CASE_BITS;
        slot = keyword_hash(head, tail);
        for (;;) {
                entry = &keyword_entries[keyword_slots[slot]];
                same = ((entry->head ^ head) | (entry->tail ^ tail) | (entry->length ^ n)) == 0;
                if (__builtin_expect(!entry->displaces | same, 1))
                        return same ? entry : &keyword_entries[0];
                slot = (slot + 1) & ((1 << KEYWORD_SLOT_BITS) - 1);
        }
}

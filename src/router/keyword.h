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
        uint16_t keyword; /* enum keyword */
};

enum { KEYWORD_SLOT_BITS = 11, KEYWORD_LENGTH_MAX = 16 };

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

/* The key word that the `n` bytes at `p` spell in any case, or the empty entry. `readable` bytes may be read
 * at `p` (at least n). */
static inline const struct keyword_entry *keyword_find(const char *p, size_t n, size_t readable)
{
        uint64_t head = 0, tail = 0;

        if (n < 2 || n > KEYWORD_LENGTH_MAX)
                return &keyword_entries[0];
        if (n >= 8)
                head = keyword_load(p);
        else if (readable >= 8)
                head = keyword_load(p) & ((UINT64_C(1) << (8 * n)) - 1);
        else
                for (size_t i = n; i-- > 0;)
                        head = head << 8 | (unsigned char)p[i];
        if (n > 8)
                tail = keyword_load(p + n - 8) | KEYWORD_CASE_BITS;
        head |= KEYWORD_CASE_BITS;
        for (unsigned slot = keyword_hash(head, tail);; slot = (slot + 1) & ((1 << KEYWORD_SLOT_BITS) - 1)) {
                const struct keyword_entry *entry = &keyword_entries[keyword_slots[slot]];

                if (entry->length == 0 || (entry->head == head && entry->tail == tail && entry->length == n))
                        return entry;
        }
}

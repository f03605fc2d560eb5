#include "router/keyword.h"

uint16_t keyword_slots[1 << KEYWORD_SLOT_BITS];
struct keyword_entry keyword_entries[KW_COUNT];

static void add(enum keyword keyword, const char *text, enum keyword_category category)
{
        struct keyword_entry *entry = &keyword_entries[keyword];
        size_t n = strlen(text);
        char padded[8] = {0};
        unsigned slot;

        memcpy(padded, text, n < 8 ? n : 8);
        entry->head = keyword_load(padded) | KEYWORD_CASE_BITS;
        entry->tail = n > 8 ? keyword_load(&text[n - 8]) | KEYWORD_CASE_BITS : 0;
        entry->length = (uint8_t)n;
        entry->category = (uint8_t)category;
        entry->keyword = (uint16_t)keyword;
        slot = keyword_hash(entry->head, entry->tail);
        while (keyword_slots[slot] != 0) {
                keyword_entries[keyword_slots[slot]].displaces = true;
                slot = (slot + 1) & ((1 << KEYWORD_SLOT_BITS) - 1);
        }
        keyword_slots[slot] = (uint16_t)keyword;
}

__attribute__((constructor)) static void build(void)
{
#define KEYWORD(symbol, text, category) add(KW_##symbol, text, CATEGORY_##category);
#include "router/keywords.def"
#undef KEYWORD
}

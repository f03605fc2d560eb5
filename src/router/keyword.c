#include "router/keyword.h"

uint16_t keyword_slots[1 << KEYWORD_SLOT_BITS];
struct keyword_entry keyword_entries[KW_COUNT];

const uint8_t keyword_mask[32] = {
    [0 ... KEYWORD_LENGTH_MAX - 1] = 0xff,
};

static void add(enum keyword keyword, const char *text, enum keyword_category category)
{
        struct keyword_entry *entry = &keyword_entries[keyword];
        char padded[KEYWORD_LENGTH_MAX] = {0};
        unsigned slot;

        for (size_t i = 0; text[i] != '\0'; i++)
                padded[i] = (char)(text[i] | 0x20);
        entry->head = keyword_load(padded);
        entry->tail = keyword_load(padded + 8);
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

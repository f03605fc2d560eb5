#include "cluster/position.h"

#include "unit.h"

static void texts_are_read(void)
{
        static const struct {
                const char *text;
                bool good;
                struct position position;
        } rows[] = {
            {"3/16B3748@2@7561234567890123456", true, {0x3016B3748, 2, UINT64_C(7561234567890123456)}},
            {"3/16B3748@2", true, {0x3016B3748, 2, 0}},
            {"0/a@1", true, {0xA, 1, 0}},
            {"FFFFFFFF/FFFFFFFF@4294967295@18446744073709551615", true, {UINT64_MAX, UINT32_MAX, UINT64_MAX}},
            {"", false, {0}},
            {"3/16B3748", false, {0}},
            {"3/16B3748@", false, {0}},
            {"3/16B3748@0", false, {0}},
            {"3/16B3748@2@", false, {0}},
            {"3/16B3748@2@0", false, {0}},
            {"3/16B3748@2@7@8", false, {0}},
            {"3/16B3748@2x", false, {0}},
            {"3/16B3748@-2", false, {0}},
            {"3/16B3748@4294967296", false, {0}},
            {"3/16B3748@2@18446744073709551616", false, {0}},
            {"0/0@1", false, {0}},
            {"/1@1", false, {0}},
            {"1/@1", false, {0}},
            {"1@1", false, {0}},
            {"1/1/1@1", false, {0}},
            {"100000000/1@1", false, {0}},
            {"1/100000000@1", false, {0}},
            {"1/g@1", false, {0}},
            {" 1/1@1", false, {0}},
            {"1/1@A", false, {0}},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct position got;

                unit_row("%s", rows[i].text);
                UNIT_ASSERT(position_parse(sv_cstr(rows[i].text), &got) == rows[i].good);
                if (!rows[i].good)
                        continue;
                UNIT_ASSERT(got.lsn == rows[i].position.lsn && got.timeline == rows[i].position.timeline);
                UNIT_ASSERT(got.system_id == rows[i].position.system_id);
        }
}

static void page_headers_are_not_waited_for(void)
{
        static const struct {
                const char *row;
                uint64_t lsn;
                uint32_t block;
                uint64_t normal;
        } rows[] = {
            {"in the middle of a page", 0x3000148, 8192, 0x3000148},
            {"past a page's header", 0x3002018, 8192, 0x3002000},
            {"past a segment's header", 0x3000028, 8192, 0x3000000},
            {"40 bytes into a common page", 0x3002028, 8192, 0x3002028},
            {"at a page's beginning", 0x3002000, 8192, 0x3002000},
            {"24 bytes after 8 kB, but pages have 16", 0x3002018, 16384, 0x3002018},
            {"past a page's header, 16 kB", 0x3004018, 16384, 0x3004000},
            {"block size unknown", 0x3002018, 0, 0x3002000},
            {"no position", 0, 8192, 0},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].row);
                UNIT_ASSERT(position_normalise(rows[i].lsn, rows[i].block) == rows[i].normal);
        }
}

UNIT_SUITE(cluster_position, UNIT_CASE(texts_are_read), UNIT_CASE(page_headers_are_not_waited_for))

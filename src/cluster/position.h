/* position: a place in a cluster's WAL, and its text, by which one session hands another what it must see:
 *
 *     3/16B3748@2@7561234567890123456      LSN @ timeline [@ system identifier]
 *
 * Pure. */
#pragma once

#include "base/sv.h"

struct position {
        uint64_t lsn; /* 0: none */
        uint32_t timeline;
        uint64_t system_id; /* 0: not said */
};

enum { POSITION_TEXT_MAX = 64 };

/* Reads the text, without white space around it. False: it is none. The system identifier may be missing. */
bool position_parse(struct sv text, struct position *out);

/* Reads "3/16B3748", as pg_lsn is written. */
bool position_parse_lsn(struct sv text, uint64_t *out);

/* pg_current_wal_insert_lsn() names the place of the next record, which is past the page header when the last
 * record ended at the page's end; replay ends at the page's end and would never reach it on an idle primary.
 * Gives the page's beginning for such a position (header of 24 bytes, 40 at a segment's start), else `lsn`.
 * Sound also when the last record does end there: it began before the page, so a replay position is either
 * before the page or past it. `block_size` is the server's wal_block_size; with 0 the usual one, and where
 * that is wrong the result is still sound: no commit fits into what is taken off. */
uint64_t position_normalise(uint64_t lsn, uint32_t block_size);

/* dialect: PostgreSQL's words for what SQLite can do, put into SQLite's: casts (`x::int`), schemas of ours in
 * front of names, OPERATOR(pg_catalog.=), ~ and ~*, ILIKE, COLLATE, and a few functions of other names. What
 * it does not know stays as it is; SQLite then says what it thinks of it. Pure. */
#pragma once

#include "base/buf.h"
#include "base/sv.h"

/* Writes `text` to `out`, tokens set apart by blanks. False: the text does not lex (PostgreSQL's manual,
 * "Lexical Structure"), or is longer than `limit` bytes afterwards. */
bool dialect_to_sqlite(struct sv text, struct buf *out, size_t limit);

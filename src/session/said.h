/* said: what a session's settings say about where its statements go, and how its texts are read:
 * pgsteer.route, pgsteer.consistency, pgsteer.min_lsn, default_transaction_read_only,
 * default_transaction_isolation; standard_conforming_strings, client_encoding. Pure. */
#pragma once

#include "cluster/position.h"
#include "pool/settings.h"
#include "router/classify.h"

struct said {
        enum hint hint;
        int consistency; /* enum consistency; -1: nothing is said */
        enum tx_access access;
        enum tx_isolation isolation;
        struct position min; /* of pgsteer.min_lsn; lsn 0: none; UINT64_MAX: what has not its form */
};

/* `set` NULL: says nothing. */
void said_read(const struct settings *set, struct said *out);

/* `lexing` (enum classify_options), and what a setting makes of it. */
unsigned said_lexing(unsigned lexing, struct sv name, struct sv value);

/* One of our own settings that has words for values; NULL: `name` is another one. */
struct said_words {
        const char *name, *words[3], *hint;
};
const struct said_words *said_words_of(struct sv name);

/* A value without the quotes that it may have where it stands in SQL. */
struct sv said_plain(struct sv value, enum setting_kind kind);

/* The number of the word that `value` is; -1: none. */
int said_word(const struct said_words *words, struct sv value, enum setting_kind kind);

/* A value of pgsteer.min_lsn: as it stands in SQL, or the text itself. */
#define SAID_MIN_LSN "pgsteer.min_lsn"
bool said_position(struct sv value, enum setting_kind kind, struct position *out);

/* learned: statements that looked like reads, and were refused by a standby: from then on they are writes.
 * Known by their fingerprints, so that the same statement with other constants is met as well.
 *
 * One table for all workers: looking up is a few loads, learning takes a lock. When it is full the oldest of
 * a few makes room. Forgotten when the database's catalog changes, and when an operator says so. */
#pragma once

#include "base/sv.h"

enum { LEARNED_MAX = 1024, LEARNED_TEXT_SIZE = 256 };

/* Whether there is anything to be found; costs one load. */
bool learned_any(void);

/* Whether it has been learned; `counts`: if so, that is a use. */
bool learned_has(uint64_t fingerprint, bool counts);

struct lesson {
        const char *database;
        uint64_t catalog; /* by which it was taken for a read: its id; 0: none */
        const char *text; /* what SHOW LEARNED says the statement is */
        struct sv sqlstate;
};

/* A fingerprint of 0 is not learned. */
void learned_add(uint64_t fingerprint, const struct lesson *lesson);

/* The database has a newer catalog, by which it may be known what was learned before. */
void learned_renew(const char *database, uint64_t catalog);

/* Forgets those of one database; NULL: all. Returns how many. */
size_t learned_forget(const char *database);

struct learned {
        char database[64], text[LEARNED_TEXT_SIZE], sqlstate[6];
        uint64_t fingerprint, uses, catalog;
        uint64_t number; /* the higher, the newer */
        int64_t since_wall_us;
};

/* Those that are in the table, oldest first; the caller frees the array. NULL: none. */
struct learned *learned_list(size_t *count);

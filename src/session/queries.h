/* queries: what a worker's clients have run, as pg_stat_statements keeps it for one server: statements that
 * differ only in constants are one query of their database and user.
 *
 * A table of fixed size, made when the first query comes: a query has one of a few places, and when all are
 * taken the one that was used longest ago makes room. Meeting a known query costs a few loads. */
#pragma once

#include "base/histogram.h"
#include "base/sv.h"

#include <stdbool.h>

enum { QUERY_TEXT_MAX = 2048 };

struct query {
        uint64_t key; /* 0: a free place */
        uint64_t fingerprint;
        uint64_t used;                   /* the higher, the later */
        char *text;                      /* without constants, cut at QUERY_TEXT_MAX */
        const char *database, *user;     /* behind the text */
        uint64_t calls, errors, rows;    /* calls: those that failed, too */
        uint64_t on_primary, on_standby; /* calls */
        struct histogram time;
};

enum { QUERY_WAYS = 8, QUERY_TEXTS = 256 };

/* Texts met lately, by a hash of all their bytes: a text that comes again need not be read again. */
struct query_text {
        uint64_t hash, fingerprint;
};

struct queries {
        uint64_t *keys; /* of each place; NULL: none yet */
        struct query *places;
        size_t count;             /* places, a multiple of QUERY_WAYS */
        struct query_text *texts; /* NULL: none yet */
        uint64_t used, evicted;
};

/* `count` places, rounded up; 0: nothing is kept. When it changes all is forgotten. */
void queries_resize(struct queries *q, size_t count);
void queries_forget(struct queries *q);

/* fingerprint_hash() of it; should two texts ever have the same hash, that of the first one. */
uint64_t queries_fingerprint(struct queries *q, struct sv text, unsigned lexing);

/* Who runs it. */
struct query_owner {
        const char *database, *user;
        uint64_t salt; /* query_salt() of both */
};

uint64_t query_salt(const char *database, const char *user);

/* The place of a query; a new one gets its text from `text`, read by `lexing` (enum classify_options).
 * `fingerprint` is fingerprint_hash() of it; 0, and where nothing is kept or there is no memory for it: NULL.
 */
struct query *queries_meet(struct queries *q, uint64_t fingerprint, const struct query_owner *owner,
                           struct sv text, unsigned lexing);

/* What `key` and `place` were when it was met; NULL: it has made room since. */
struct query *queries_again(struct queries *q, uint64_t key, uint64_t place);
static inline uint64_t queries_place(const struct queries *q, const struct query *query)
{
        return (uint64_t)(query - q->places);
}

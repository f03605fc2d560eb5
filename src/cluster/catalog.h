/* catalog: what the names in one database mean for routing: an immutable, counted snapshot.
 *
 * It holds functions, relations, operators and types by schema and name, each with a meaning, and does not
 * know what a meaning is: that is enum known of router/known.h, 0 for a name that is not there. Without a
 * schema a name means the gravest that it means in any schema, since nobody here knows the search_path. Names
 * are PostgreSQL's own bytes, without quotes, folded. Made by one thread (router/judge.h), then read by all:
 * looking up allocates nothing. */
#pragma once

#include "base/sv.h"

#include <stdatomic.h>

enum catalog_state {
        CATALOG_WAITING, /* not read yet, and about to be: only what is built in is known */
        CATALOG_ABSENT, /* could not be read: nothing but what is built in is known, relations are believed */
        CATALOG_LOADED,
};

enum catalog_kind {
        CATALOG_FUNCTION,
        CATALOG_RELATION,
        CATALOG_OPERATOR,
        CATALOG_TYPE,     /* only those that are no reads: reached by a cast, a literal or a column */
        CATALOG_FIELD,    /* functions that are no reads and can be called as a column: row.name */
        CATALOG_TYPE_OID, /* those of CATALOG_TYPE; the name is the OID, four bytes as in a Parse */
        CATALOG_KINDS,
};

enum { CATALOG_OID_BYTES = 4 };

struct catalog_name {
        uint32_t at; /* in catalog.text: schema, name */
        uint32_t hash;
        uint8_t schema_size, size;
        uint8_t meaning;
};

struct catalog_table {
        struct catalog_name *names;
        uint32_t *slots; /* index + 1, 0 where empty */
        uint32_t count, room, mask;
        uint16_t lengths[32]; /* by a name's first byte: bit n % 16 where there is a name of n bytes */
};

struct catalog {
        _Atomic int refs;
        uint64_t id; /* no other snapshot of this process has it; grows from one of a database to its next */
        enum catalog_state state;
        uint8_t meaning;               /* of every query, whatever it names; 0: what its names mean */
        uint32_t functions, relations; /* how many there are, overloads and all */
        int64_t read_wall_us;          /* when the server was asked */
        char version[40];              /* fingerprint of what was read; "" when nothing was */
        struct catalog_table tables[CATALOG_KINDS];
        char *text;
        size_t text_size, text_room;
};

/* An empty snapshot, with one reference. */
struct catalog *catalog_new(enum catalog_state state);

/* While it is being made: where the meaning of the name is kept, which is 0 for one that is new. Good until
 * the next call. Names longer than 63 bytes are none of PostgreSQL's: CHECKed. */
uint8_t *catalog_put(struct catalog *catalog, enum catalog_kind kind, struct sv schema, struct sv name);

/* While it is being made: room for so many names of the kind, so that no single put has to make much. */
void catalog_reserve(struct catalog *catalog, enum catalog_kind kind, uint32_t count);

/* The meaning of a name; `schema` is empty where none is written. */
uint8_t catalog_find(const struct catalog *catalog, enum catalog_kind kind, struct sv schema, struct sv name);

/* Whether it has any name of the kind. */
static inline bool catalog_has(const struct catalog *catalog, enum catalog_kind kind)
{
        return catalog->tables[kind].count > 0;
}

/* False: it has no name of the kind that could be what is written, quotes and capitals included. Costs two
 * loads. */
static inline bool catalog_may_have(const struct catalog *catalog, enum catalog_kind kind, struct sv written)
{
        size_t quotes = *written.p == '"';

        return (catalog->tables[kind].lengths[written.p[quotes] & 31] >> (written.n - 2 * quotes) % 16 & 1) !=
               0;
}

/* One more reference; returns `catalog`. Thread-safe. */
struct catalog *catalog_ref(struct catalog *catalog);

/* Gives it back; frees it at zero. NULL is allowed. Thread-safe. */
void catalog_unref(struct catalog *catalog);

/* "waiting", "absent", "loaded". Static. */
const char *catalog_state_name(enum catalog_state state);

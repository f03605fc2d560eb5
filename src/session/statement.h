/* statement: a prepared statement as text, shared by all clients of a worker that prepared the same, and a
 * client's names for them.
 *
 * Identity is a 128-bit keyed hash (HMAC-SHA-256) of query and parameter types, the key random bytes of this
 * process, so that no client can make two texts collide. The name on every server is made of it: a server
 * that moves to another worker still means the same by it. One thread. */
#pragma once

#include "auth/secret.h"
#include "base/buf.h"
#include "base/hash_table.h"
#include "base/list.h"
#include "base/sv.h"
#include "router/classify.h"

enum { STATEMENT_NAME_SIZE = 8 + 32 + 1 };

struct statement {
        UT_hash_handle hh;
        uint64_t key[2];
        char name[STATEMENT_NAME_SIZE]; /* on servers: PGSTEER_ and 32 hex digits */
        struct facts facts;             /* statement_facts; its views point into `parse` */
        uint64_t stamp;                 /* of the rules that they were found by */
        unsigned options;               /* enum classify_options */
        uint64_t fingerprint;           /* statement_fingerprint's; 0: not asked for yet */
        int refs;
        size_t census_row; /* session/census_prepared.c, while it counts */
        size_t size;
        char parse[]; /* the body of Parse behind the name: query NUL, count, types */
};

struct statements {
        struct statement *by_key;
        uint8_t key[KEYED_HASH_KEY_SIZE];
};

/* `key`: random, the same for all workers of the process. */
void statements_init(struct statements *all, const uint8_t key[KEYED_HASH_KEY_SIZE]);
void statements_fini(struct statements *all);

/* The bytes that all statements take, and how many there are. Looks at each. */
size_t statements_memory(const struct statements *all, size_t *count);

/* The name on servers of the statement `key`. */
void statement_name(const uint64_t key[2], char out[STATEMENT_NAME_SIZE]);

/* The statement of a Parse message's rest (query NUL count types), made and classified when new; `options`:
 * enum classify_options. The caller gives the reference back. NULL: memory is out. */
struct statement *statement_get(struct statements *all, struct sv parse, const struct classify_rules *rules,
                                unsigned options);
struct statement *statement_ref(struct statement *s);

/* What it is, found again when the rules are others than before. */
const struct facts *statement_facts(struct statement *s, const struct classify_rules *rules);
void statement_unref(struct statements *all, struct statement *s);

/* fingerprint_hash() of its text, found once. */
uint64_t statement_fingerprint(struct statement *s);

/* ---- a client's names ---- */

struct named;

struct names {
        struct named *by_name; /* uthash; NULL: none */
        struct list leaving;   /* closed by messages that are not answered yet, in their order */
        struct list fresh;     /* given by messages that are not answered yet, in their order */
};

void names_init(struct names *names);

/* NULL when the client has no such name. Borrowed. */
struct statement *names_find(struct names *names, struct sv name);
/* The same, when it is going to be used: that is counted. */
struct statement *names_use(struct names *names, struct sv name);
/* Takes over the reference; replaces what had the name. The name is fresh until names_settle. False: memory
 * is out, as it is for a NULL statement. */
bool names_put(struct names *names, struct statements *all, struct sv name, struct statement *s);
/* The Parse of a fresh name of the statement `key` was answered: it holds, or (an error) it is forgotten. */
void names_settle(struct names *names, struct statements *all, const uint64_t key[2], bool holds);
/* Nothing will be answered any more: fresh names are forgotten, and those that were closed are back. */
void names_rewind(struct names *names, struct statements *all);
/* The other way PgBouncer has with an error: the name stays, and may be bound, but also be given anew. */
void names_doubt(struct names *names, const uint64_t key[2]);
bool names_doubtful(struct names *names, struct sv name);
void names_drop(struct names *names, struct statements *all, struct sv name);
/* A Close of `name` has been sent: nobody finds it any more, but it may come back. False: no such name. */
bool names_close(struct names *names, struct sv name);
/* The oldest Close was answered. */
void names_closed(struct names *names, struct statements *all);
/* The newest Close has not been done: its name is back. */
void names_reopen(struct names *names, struct statements *all);
void names_clear(struct names *names, struct statements *all);
unsigned names_count(const struct names *names);
/* Calls `visit` for each name that stands for something now, until it says false. */
void names_visit(const struct names *names,
                 bool (*visit)(void *arg, const char *name, const struct statement *s, uint64_t uses),
                 void *arg);

/* All names with what they stand for, for another process that has the same key; and back again, into empty
 * `names`. False: makes no sense. */
MUST_USE enum status names_save(const struct names *names, struct buf *out, size_t limit);
bool names_load(struct names *names, struct statements *all, const struct classify_rules *rules,
                struct sv saved);

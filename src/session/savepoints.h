/* savepoints: the savepoints of a client's transaction, newest last, each with the settings that ROLLBACK TO
 * brings back: as PostgreSQL's subtransactions keep them.
 *
 *     SAVEPOINT a            a level with the settings of now
 *     RELEASE a              a's level and all above it go; the settings stay
 *     ROLLBACK TO a          the levels above a's go; the settings are a's again
 *
 * Names are folded identifiers (router/known.h); two levels may have the same. Bounded: what is beyond
 * SAVEPOINTS_MAX is forgotten, and so is a level whose name is not known (empty); `lost` says that a ROLLBACK
 * TO may mean one of those. */
#pragma once

#include "pool/settings.h"

enum { SAVEPOINTS_MAX = 256 };

struct savepoint {
        char name[64];
        unsigned times; /* defined so often in a row, nothing being set between */
        struct settings *client, *server;
};

struct savepoints {
        struct savepoint *levels; /* NULL while there is none */
        uint16_t count, cap;
        bool lost;
};

/* SAVEPOINT name, while client and server have these settings. */
void savepoints_define(struct savepoints *all, struct sv name, struct settings *client,
                       struct settings *server);

/* RELEASE name. False: there is no such level. */
bool savepoints_release(struct savepoints *all, struct settings_table *table, struct sv name);

/* ROLLBACK TO name: its level, now the newest, borrowed. NULL: there is none. */
const struct savepoint *savepoints_rollback_to(struct savepoints *all, struct settings_table *table,
                                               struct sv name);

/* All of them, for another process; and back again, into none. False: makes no sense. */
MUST_USE enum status savepoints_save(const struct savepoints *all, struct buf *out, size_t limit);
bool savepoints_load(struct savepoints *all, struct settings_table *table, struct sv saved);

/* The transaction is over. */
void savepoints_clear(struct savepoints *all, struct settings_table *table);

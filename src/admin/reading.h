/* reading: the rows of some of the console's tables, all of one moment, for another thread: what HTTP shows
 * is what SHOW shows.
 *
 *     asker: reading_new, reading_want ... --admin_read--> control thread --> workers (census)
 *                                                               |
 *     asker's mailbox: done(letter, owner) <-- tables filled <--+
 *
 * Whoever has it owns it; while it is under way that is the control thread. */
#pragma once

#include "admin/shows.h"
#include "admin/table.h"
#include "net/mailbox.h"

struct admin;
struct conf;

enum { READING_TABLES_MAX = 32 };

struct reading {
        struct letter letter; /* first; both ways */
        struct admin *admin;
        struct mailbox *home;
        void (*done)(struct letter *letter, void *owner);
        void *arg;         /* the asker's */
        struct conf *conf; /* of the same moment; NULL: the program ends, and there are no rows */
        int count;
        struct table tables[READING_TABLES_MAX];
        const struct show *shows[READING_TABLES_MAX];
};

/* Empty: admin_read then only finds out that all workers answer. */
struct reading *reading_new(void *arg);

/* One more table; twice the same is once. Before admin_read. */
void reading_want(struct reading *r, const struct show *show);

/* Any thread. `done` runs on the thread of `home`, with the reading as its letter (first member) and that
 * mailbox's owner. `admin` lives until then. */
void admin_read(struct admin *admin, struct reading *r, struct mailbox *home,
                void (*done)(struct letter *letter, void *owner));

/* The rows of a table that was wanted; NULL: it was not. */
const struct table *reading_table(const struct reading *r, const char *name);

void reading_free(struct reading *r);

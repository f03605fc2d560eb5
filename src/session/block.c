#include "session/block.h"

#include "base/check.h"
#include "base/clock.h"
#include "router/known.h"
#include "session/exchange.h"
#include "session/split.h"
#include "wire/bundle.h"

#include <stdio.h>
#include <string.h>

bool block_allowed(const struct client *c)
{
        const struct options *opt = &c->room->conf->opt;

        return opt->lazy_begin && opt->session_state && c->endpoint->pool_mode == POOL_TRANSACTION &&
               c->replication == REPLICATION_NONE;
}

void block_free(struct client *c)
{
        slab_free(&c->room->blocks_slab, c->block);
        c->block = NULL;
}

enum client_state block_rest(struct client *c)
{
        if (c->block == NULL)
                return CLIENT_IDLE;
        c->block->stage = BLOCK_HERE;
        return c->tx == 'E' ? CLIENT_ABORTED : CLIENT_BEGUN;
}

/* ---- statements ---- */

static bool add(struct block *b, struct sv text)
{
        text = sv_trim(text);
        if (text.n == 0 || b->size + text.n + 1 > sizeof(b->opening))
                return false;
        memcpy(b->opening + b->size, text.p, text.n);
        b->opening[b->size + text.n] = '\0';
        b->size += text.n + 1;
        return true;
}

static bool begin(struct client *c, struct sv text, const struct facts *f, const char **tag)
{
        if (c->block != NULL || f->hint != HINT_NONE)
                return false; /* a server warns; a hint is for the whole transaction */
        c->block = slab_new(&c->room->blocks_slab);
        *c->block = (struct block){.access = f->access, .isolation = f->isolation, .node = -1};
        if (!add(c->block, text)) {
                block_free(c);
                return false;
        }
        c->tx = 'T';
        *tag = sv_ieq(f->token, SV("begin")) ? "BEGIN" : "START TRANSACTION";
        return true;
}

static void end(struct client *c, const struct facts *f, const char **tag)
{
        bool back = c->tx == 'E' || sv_ieq(f->token, SV("rollback")) || sv_ieq(f->token, SV("abort"));

        *tag = back ? "ROLLBACK" : "COMMIT";
        savepoints_clear(&c->savepoints, &c->room->pools.settings);
        if (f->chain) {
                c->block->read = false;
                c->block->node = -1;
                c->tx = 'T';
                return;
        }
        block_free(c);
        c->tx = 'I';
}

/* SET TRANSACTION. Behind a query or in a subtransaction PostgreSQL may refuse it. */
static bool set_modes(struct client *c, struct sv text, const struct facts *f)
{
        struct block *b = c->block;

        if (b->read || c->savepoints.count > 0 || c->savepoints.lost || !add(b, text))
                return false;
        if (f->access != ACCESS_UNSAID)
                b->access = f->access;
        if (f->isolation != ISOLATION_UNSAID)
                b->isolation = f->isolation;
        return true;
}

static bool has_room(const struct savepoints *all)
{
        unsigned n = 0;

        for (unsigned i = 0; i < all->count; i++)
                n += all->levels[i].times;
        return n < BLOCK_SAVEPOINTS_MAX && !all->lost;
}

static bool run_savepoint(struct client *c, const struct facts *f, const char **tag)
{
        struct settings_table *table = &c->room->pools.settings;
        char space[KNOWN_NAME_BYTES];
        struct sv name = known_fold(f->savepoint_name, space);

        if (name.n == 0)
                return false;
        switch (f->savepoint) {
        case SAVEPOINT_KEEP: return false;
        case SAVEPOINT_DEFINE:
                if (!has_room(&c->savepoints))
                        return false;
                savepoints_define(&c->savepoints, name, c->settings, c->settings);
                *tag = "SAVEPOINT";
                return true;
        case SAVEPOINT_RELEASE: *tag = "RELEASE"; return savepoints_release(&c->savepoints, table, name);
        case SAVEPOINT_ROLLBACK_TO:
                *tag = "ROLLBACK";
                if (savepoints_rollback_to(&c->savepoints, table, name) == NULL)
                        return false;
                c->tx = 'T';
                return true;
        }
        return false;
}

bool block_run(struct client *c, struct sv text, const struct facts *f, const char **tag)
{
        if (!f->exact || f->statements != 1)
                return false;
        if (f->tx == TX_BEGIN)
                return begin(c, text, f, tag);
        if (c->block == NULL)
                return false;
        if (f->tx == TX_END) {
                end(c, f, tag);
                return true;
        }
        *tag = "SET";
        if (f->tx == TX_SET_MODE)
                return set_modes(c, text, f);
        return run_savepoint(c, f, tag);
}

/* ---- to another process ---- */

static const struct bundle_field fields[] = {
    BUNDLE_FIELD(struct block, stage),     BUNDLE_FIELD(struct block, access),
    BUNDLE_FIELD(struct block, isolation), BUNDLE_FIELD(struct block, read),
    BUNDLE_FIELD(struct block, floor_us),
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

enum status block_save(const struct client *c, struct buf *out, size_t limit)
{
        struct writer w = writer_to(out, limit);

        if (c->block == NULL)
                return STATUS_OK;
        bundle_put_fields(&w, fields, FIELDS, c->block);
        bundle_put(&w, "opening", c->block->opening, c->block->size);
        return w.failed ? STATUS_LIMIT : STATUS_OK;
}

bool block_load(struct client *c, struct sv saved)
{
        struct sv opening = bundle_find(saved, "opening");
        struct block *b;

        if (saved.n == 0)
                return c->state != CLIENT_BEGUN;
        b = c->block = slab_new(&c->room->blocks_slab);
        bundle_take_fields(saved, fields, FIELDS, b);
        b->node = -1; /* whose number it is there is another matter */
        if (opening.n == 0 || opening.n > sizeof(b->opening) || opening.p[opening.n - 1] != '\0' ||
            (unsigned)b->stage > BLOCK_OPEN)
                return false;
        memcpy(b->opening, opening.p, opening.n);
        b->size = opening.n;
        return true;
}

/* ---- on a server ---- */

static enum tx_access access_of(const struct block *b, const struct facts *first)
{
        if (first->tx == TX_BEGIN || first->tx == TX_END)
                return first->writes ? ACCESS_READ_WRITE
                                     : b->access; /* it may stand behind the block's end */
        return first->tx == TX_SET_MODE && first->access != ACCESS_UNSAID ? first->access : b->access;
}

struct facts block_facts(const struct block *b, const struct facts *first)
{
        struct facts f = *first;

        if (f.class != CLASS_WRITE) {
                f.class = CLASS_WRITE;
                f.reason = REASON_TRANSACTION_CONTROL;
        }
        f.access = access_of(b, first);
        if (first->tx != TX_SET_MODE || first->isolation == ISOLATION_UNSAID)
                f.isolation = b->isolation;
        f.tx = TX_BEGIN;
        if (f.hint != HINT_PRIMARY)
                f.hint = HINT_NONE; /* of one statement, not of the transaction */
        return f;
}

/* A folded identifier, quoted. */
static void quote(const char *name, char *out)
{
        *out++ = '"';
        for (; *name != '\0'; name++) {
                if (*name == '"')
                        *out++ = '"';
                *out++ = *name;
        }
        *out++ = '"';
        *out = '\0';
}

static bool put_savepoints(struct up *up)
{
        const struct savepoints *all = &up->c->savepoints;
        char sql[16 + 2 * KNOWN_NAME_BYTES + 3] = "SAVEPOINT ";

        for (unsigned i = 0; i < all->count; i++) {
                quote(all->levels[i].name, sql + 10);
                for (unsigned k = 0; k < all->levels[i].times; k++)
                        if (!exchange_execute(up, "", sql))
                                return false;
        }
        return true;
}

bool block_open(struct up *up)
{
        struct block *b = up->c->block;

        for (size_t at = 0; at < b->size; at += strlen(b->opening + at) + 1)
                if (!exchange_execute(up, "", b->opening + at))
                        return false;
        /* What has been read apart was a query, behind which some modes cannot be set any more. */
        if (b->read && !exchange_execute(up, "", "SELECT"))
                return false;
        if (split_wants_to_know(up->c->endpoint) && !exchange_execute(up, "", SPLIT_QUESTION))
                return false;
        if (!put_savepoints(up))
                return false;
        b->stage = BLOCK_SENT;
        up->c->began = up->c->open = true;
        return true;
}

void block_completed(struct client *c, struct sv tag)
{
        if (c->block != NULL && c->block->stage == BLOCK_SENT &&
            (sv_is(tag, "BEGIN") || sv_is(tag, "START TRANSACTION")))
                c->block->stage = BLOCK_OPEN;
}

char block_ready(struct client *c)
{
        struct block *b = c->block;

        b->read = true;
        b->node = c->node;
        b->floor_us = clock_us();
        return c->failed && !c->discarding ? 'E' : 'T';
}

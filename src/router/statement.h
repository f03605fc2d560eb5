/* statement: one statement under the scanner, while classify finds out what it is. The room's own: only
 * classify.h is for others.
 *
 * Every reader begins at `token` and leaves `token` at the statement's end (SCAN_END, SCAN_SEMICOLON or
 * SCAN_ERROR) or wherever it says. */
#pragma once

#include "router/classify.h"
#include "router/known.h"
#include "router/scan.h"

struct statement {
        struct scan scan;
        struct scan_token token; /* the one to look at next */
        const struct classify_rules *rules;
        struct facts *facts;
};

/* NULL: none. */
static inline const struct catalog *statement_catalog(const struct statement *st)
{
        return st->rules == NULL ? NULL : st->rules->catalog;
}

static inline void statement_advance(struct statement *st)
{
        scan_next(&st->scan, &st->token);
}

static inline bool statement_ended(const struct statement *st)
{
        return st->token.kind == SCAN_END || st->token.kind == SCAN_SEMICOLON || st->token.kind == SCAN_ERROR;
}

/* Takes the key word if it is the next token. */
static inline bool statement_accept(struct statement *st, enum keyword keyword)
{
        if (st->token.keyword != keyword)
                return false;
        statement_advance(st);
        return true;
}

/* The statement is a write because of `token`. A graver reason replaces a lighter one. */
void statement_write(struct statement *st, enum reason reason, struct sv token);

/* Reads the statement that begins at `token`, to its end (verbs.c). */
void statement_read(struct statement *st);

/* SET and RESET, behind the word itself (settings.c). */
void statement_read_set(struct statement *st);
void statement_read_reset(struct statement *st);

/* UPDATE, at the word itself, where it stays: of pg_settings it sets parameters, by a rule of that view
 * (manual, "pg_settings"). */
void statement_read_update(struct statement *st);

/* A setting that is the transaction's mode under another name, or what it is by default: fills access and
 * isolation. Returns whether `name` is the running transaction's, which no other server is told. */
bool statement_read_mode_setting(struct facts *facts, struct sv name, struct sv value);

/* When the statement is nothing but SELECT set_config('name', 'value', true or false), any of them perhaps a
 * parameter: fills the setting and returns true; else leaves it alone. `st` is a copy whose token is the
 * SELECT. */
bool statement_read_set_config(struct statement *st);

/* Whether the call of set_config behind whose "(" the scan stands has TRUE for its third argument: then what
 * it sets ends with the transaction. */
bool statement_sets_locally(const struct statement *st);

/* BEGIN's and SET TRANSACTION's modes: fills access and isolation. Returns whether that is all up to the
 * statement's end, and none is said twice (transaction.c). */
bool statement_read_modes(struct statement *st);

/* BEGIN and START TRANSACTION; COMMIT, END, ROLLBACK and ABORT; SAVEPOINT and RELEASE; from the word itself
 * (transaction.c). */
void statement_read_begin(struct statement *st);
void statement_read_end(struct statement *st);
void statement_read_savepoint(struct statement *st);

/* What a call of `schema`.`name` means (schema empty where none is written; call.c). The scan stands behind
 * its
 * "(". Never KNOWN_CURRENT_SETTING. */
enum known statement_call(const struct statement *st, struct sv schema, struct sv name);

/* OPERATOR(pg_catalog.+), the scan behind "(": goes behind the ")", and *unknown is the operator when it is
 * not a built-in one, else empty. Returns false, and goes nowhere, when it is something else. */
bool statement_read_operator(struct statement *st, struct sv *unknown);

/* What query_walk looks for. */
enum query_look {
        QUERY_RUNS = 1 << 0,  /* its expressions run: pins count */
        QUERY_READS = 1 << 1, /* it is a read unless something in it writes */
        QUERY_PLANS = 1 << 2, /* it is planned and does not run */
};

/* Walks to the statement's end, through any expression and query (query.c). `look`: enum query_look bits. An
 * error on the way makes the statement a write, whatever `look` says. */
void query_walk(struct statement *st, unsigned look);

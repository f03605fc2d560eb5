/* settings: the run-time parameters a session has set, as an interned, immutable set.
 *
 * Equal sets of one worker are one object, so "does this server already have what this client wants?" is one
 * comparison of pointers. NULL is the empty set. One thread; the table belongs to the worker.
 *
 *     blob: name NUL kind value NUL name NUL kind value NUL ...    sorted by name; kind: '=' or 's'
 */
#pragma once

#include "base/buf.h"
#include "base/sv.h"

#include <stdbool.h>

struct settings;

struct settings_table {
        struct settings *sets; /* uthash */
};

enum {
        SETTINGS_BYTES_MAX = 16384, /* a session with more than this is not carried but pinned */
};

/* The bytes that all sets take, and how many sets there are. Looks at each. */
size_t settings_memory(const struct settings_table *table, size_t *count);

/* How a value was given, and so how it is given again. */
enum setting_kind {
        SETTING_KIND_SQL = '=',    /* the SQL text behind SET name TO */
        SETTING_KIND_STRING = 's', /* a string, as in a startup packet or set_config() */
};

struct setting {
        struct sv name, value; /* each NUL-terminated as well */
        enum setting_kind kind;
};

/* All of these return a reference that the caller gives back with settings_unref. */
struct settings *settings_ref(struct settings *set);
/* `base` plus one (of DateStyle, what `add` does not say stays); NULL in *out means empty. STATUS_LIMIT: the
 * set would pass SETTINGS_BYTES_MAX. STATUS_INVALID: a NUL in name or value, or an empty name. Names are
 * compared as given: lower-case them first. */
MUST_USE enum status settings_with(struct settings_table *table, struct settings *base,
                                   const struct setting *add, struct settings **out);
struct settings *settings_without(struct settings_table *table, struct settings *base, struct sv name);
/* The set of a blob that settings_blob gave, perhaps in another thread. */
struct settings *settings_from_blob(struct settings_table *table, struct sv blob);

void settings_unref(struct settings_table *table, struct settings *set);

struct sv settings_blob(const struct settings *set);
bool settings_get(const struct settings *set, struct sv name, struct setting *out);

/* Walks a set: *at starts as settings_blob(set); false at the end. */
bool settings_next(struct sv *at, struct setting *out);

/* Appends to `sql` (at most `limit` bytes) the statement that gives a session this setting, and a text as a
 * literal. */
MUST_USE enum status setting_statement(const struct setting *s, struct buf *sql, size_t limit);
MUST_USE enum status setting_literal(struct sv text, struct buf *sql, size_t limit);

/* Appends to `sql` (at most `limit` bytes) the statements that turn a session that has `from` into one that
 * has `to`; nothing when they are equal. session_authorization goes first and role last, as they decide what
 * the others may do. */
MUST_USE enum status settings_difference(const struct settings *from, const struct settings *to,
                                         struct buf *sql, size_t limit);

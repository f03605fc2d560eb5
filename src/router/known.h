/* known: what the built-in functions, relations, operators and settings of PostgreSQL 13 to 18 mean for
 * routing: functions.def, types.def, overlay.def, relations.def and a few lists, found by hash.
 *
 * Built once, before main, constant from then on: any thread. Knows nothing of a database's own functions:
 * what is not built in is KNOWN_NOT. */
#pragma once

#include "base/sv.h"

enum known {
        KNOWN_NOT = 0,
        KNOWN_READ,
        KNOWN_WRITE,      /* a standby refuses it, or it runs SQL that is hidden in a text */
        KNOWN_EFFECT,     /* a standby runs it, and it does something else there */
        KNOWN_LOCK,       /* KNOWN_EFFECT, and a session-level lock stays behind */
        KNOWN_UNLOCK_ALL, /* KNOWN_EFFECT, and ends all of those */
        KNOWN_NODE,       /* asks what the node is or does */
        KNOWN_SESSION,    /* asks or changes what the server's session holds */
        KNOWN_SET_CONFIG,
        KNOWN_CURRENT_SETTING, /* KNOWN_NODE or KNOWN_READ: depends on the setting */
        KNOWN_UNREADABLE,      /* of a relation: the primary's to read, even in a READ ONLY transaction */
};

enum { KNOWN_NAME_BYTES = 64 };

/* The name behind what is written, a word or a quoted name: without quotes, or with ASCII capitals made
 * small. Copied to `space`. Empty when it is longer than PostgreSQL's names, or holds a quote. */
struct sv known_fold(struct sv written, char space[KNOWN_NAME_BYTES]);

/* A function called as `schema`.`name`, both folded; `schema` is empty when none is written. Built-in
 * functions are in pg_catalog, those named _pg_* in information_schema; the same name in another schema is
 * KNOWN_NOT. */
enum known known_function(struct sv schema, struct sv name);

/* A relation, its name as written, in whatever schema: KNOWN_NODE, KNOWN_SESSION or KNOWN_NOT. */
enum known known_relation(struct sv name);

/* An operator's name without the signs at its end that belong to what follows, as PostgreSQL cuts them off:
 * "=-" is "=". */
struct sv known_operator_name(struct sv name);

/* Whether there is a built-in operator of that name, signs at its end or not. */
bool known_operator(struct sv name);

/* The one of the two that keeps more from a standby. KNOWN_NOT is the least, KNOWN_READ the next. */
enum known known_graver(enum known a, enum known b);

/* Whether the setting (name without quotes, any case) tells nodes apart. */
bool known_node_setting(struct sv name);

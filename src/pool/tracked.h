/* tracked: the parameters that follow a client from server to server when session_state is off, as in
 * PgBouncer: DateStyle, client_encoding, TimeZone, standard_conforming_strings, application_name, and those
 * of track_extra_parameters. What a server reports of them with ParameterStatus is in server->applied, what
 * its client shall have in client->settings; both as struct settings, by lower-case name, so that equal ones
 * are one object.
 *
 * A parameter that either side has no value for (the server does not report it) is left alone. */
#pragma once

#include "conf/conf.h"
#include "pool/settings.h"

/* Walks the names, as they are written: `at` starts at 0; false at the end. */
bool tracked_next(const struct options *opt, unsigned *at, struct sv *name);

/* The tracked parameter that `given` means, whatever its case; false: none. */
bool tracked_name(const struct options *opt, struct sv given, struct sv *name);

/* Puts a value into *set, whose reference is replaced; does nothing for what is not tracked. STATUS_LIMIT,
 * STATUS_INVALID as settings_with. */
MUST_USE enum status tracked_put(struct settings_table *table, const struct options *opt,
                                 struct settings **set, struct sv name, struct sv value);

/* The value of tracked `name` in a set. */
bool tracked_get(const struct settings *set, struct sv name, struct sv *value);

/* Appends to `sql` the statements that give a session which has `from` the values of `to`; values that differ
 * in case alone are the same. */
MUST_USE enum status tracked_difference(const struct options *opt, const struct settings *from,
                                        const struct settings *to, struct buf *sql, size_t limit);

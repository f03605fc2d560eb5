/* fate: whether what was under way on a server that is lost can have been committed.
 *
 * It cannot where it had not arrived as a whole, where nothing that commits had (a Sync, COMMIT, the end of a
 * COPY), and where the server says that it aborts it because it is going away (FATAL 57P01, an
 * administrator's command). PostgreSQL looks for such a command everywhere but between a commit and the
 * completion of what has committed, a statement or a Sync: so in place of that completion it means that
 * nothing was. Not so where a statement commits before it ends (facts.piecewise), nor behind the Sync of who
 * listens, to whom notifications are sent before ReadyForQuery. A commit that was not waited for until
 * standbys had it says so in a warning. */
#pragma once

#include "session/client.h"

struct error_fields;

/* A statement that `head` asked for is complete. */
void fate_tag(struct client *c, struct reply *head, struct sv tag);

/* What a function was called for by itself is on its way: its commit comes behind. */
void fate_function(struct client *c);

/* The server has said something. */
void fate_notice(struct client *c, const struct error_fields *e);

/* ReadyForQuery; its reply is no longer owed. */
void fate_ready(struct client *c);

/* Nothing is under way any more. */
void fate_clear(struct client *c);

/* Whether what ends with the owed reply `i` may have been committed, or, where `i` is their count, the
 * segment whose Sync has not been sent. `reported`: the server has said that it aborts. */
bool fate_may_be_committed(const struct client *c, uint32_t i, bool reported);

/* Whether all that is under way was aborted, once the server has said that it aborts. */
bool fate_is_abort(const struct client *c);

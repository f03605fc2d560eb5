/* facts: what several statements are together, and whether any of them changes data. Pure. */
#pragma once

#include "router/classify.h"

/* Whether statements with these facts change data: then the session's floor moves when the transaction
 * commits. */
bool facts_write(const struct facts *f);

/* Adds one statement's facts to those of all before it. */
void facts_merge(struct facts *all, const struct facts *one);

/* Makes it a write, for `reason` unless there is a better one already. */
void facts_strengthen(struct facts *all, enum reason reason);

/* facts: what several statements are together. Pure. */
#pragma once

#include "router/classify.h"

/* Adds one statement's facts to those of all before it. */
void facts_merge(struct facts *all, const struct facts *one);

/* Makes it a write, for `reason` unless there is a better one already. */
void facts_strengthen(struct facts *all, enum reason reason);

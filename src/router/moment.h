/* moment: whether a text asks when its transaction began: then it must run in that transaction, lest two
 * statements of it get different answers. Errs towards yes: a column may have such a name. What views and
 * functions of the database's own ask is not seen. Pure; any thread. */
#pragma once

#include "base/sv.h"

/* SQL; `options`: enum classify_options. */
bool moment_in_text(struct sv text, unsigned options);

/* The value of a parameter, or several of them. */
bool moment_in_value(struct sv value);

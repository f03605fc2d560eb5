/* written: names and literals of settings as they stand in SQL, read as PostgreSQL reads them. Pure. */
#pragma once

#include "base/sv.h"

/* The parameter's name, one word or several with dots between them, quoted or not, as PostgreSQL folds it;
 * copied to `out`. False when it does not fit, is none, or has a comment in it. */
bool written_name(struct sv written, char *out, size_t size, struct sv *name);

/* The content of 'a literal' without backslashes, copied to `out`; false for anything else. */
bool written_literal(struct sv written, char *out, size_t size, struct sv *value);

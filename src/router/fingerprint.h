/* fingerprint: what is left of a text of SQL when its constants are taken for one another: the same for texts
 * that differ only in numbers, strings, parameters, how long a list of those is, white space, comments and
 * the case of words. Linear in the text, allocates nothing. Pure; any thread. */
#pragma once

#include "base/sv.h"

/* `options`: enum classify_options bits. 0: it does not lex; else never 0. */
uint64_t fingerprint_hash(struct sv text, unsigned options);

/* The same of a text that means something else in each place, such as a database. 0 stays 0. */
uint64_t fingerprint_within(uint64_t hash, struct sv place);

/* The text that is left, for people: `select * from t where n in(?)`. Cut where it does not fit. */
void fingerprint_text(struct sv text, unsigned options, char *out, size_t size);

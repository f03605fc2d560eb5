/* value: the text of one setting, checked against its row and turned into a number, and back.
 *
 * Two manners. Strict is PgBouncer's: booleans are 0 or 1, times are plain seconds, sizes plain bytes. Loose,
 * for files with [pgsteer] and for pgsteer's own settings everywhere, takes yes/no/on/off/true/false, 500ms,
 * 10s, 10min, 1h, 64kB as well. Pure. */
#pragma once

#include "base/status.h"
#include "conf/options.h"

/* Reads `text` for a row that is no STRING. *number: microseconds for TIME, bytes for SIZE, the index of the
 * word for ENUM. STATUS_INVALID: `why` (size bytes) says what is wrong and what would be right; it reads on
 * from the key: `"x" is not a number`. */
MUST_USE enum status value_parse(const struct option_info *info, const char *text, bool loose,
                                 int64_t *number, char *why, size_t size);

/* For a text that value_parse, strictly, does not take: what PgBouncer makes of it all the same. On a line of
 * [databases] or [users] (`on_line`) that is the number it begins with; of an option a number out of range,
 * which becomes the nearest that works, any number for a BOOL, any word for syslog_facility. STATUS_DENIED:
 * taken, and `why` is the warning; STATUS_INVALID: PgBouncer does not take it either, `why` stays. */
MUST_USE enum status value_tolerate(const struct option_info *info, const char *text, bool on_line,
                                    int64_t *number, char *why, size_t size);

/* Looks at the text of a STRING. STATUS_OK; or STATUS_INVALID (a mistake) or STATUS_DENIED (most likely one:
 * a warning) with `why` filled as above. */
MUST_USE enum status value_check_text(const struct option_info *info, const char *text, char *why,
                                      size_t size);

/* Writes to, and reads from, the field that the row names in the struct at `base`. */
void value_store(const struct option_info *info, void *base, int64_t number);
void value_store_text(const struct option_info *info, void *base, const char *text);
int64_t value_load(const struct option_info *info, const void *base);
const char *value_load_text(const struct option_info *info, const void *base);

/* Writes a number as SHOW CONFIG shows it: seconds with as many decimals as needed, 0 and 1, words, octal. */
void value_format(const struct option_info *info, int64_t number, char *out, size_t size);

/* The words of an ENUM: "session, transaction, statement". Cut where they do not fit. */
void value_list_words(const struct option_info *info, char *out, size_t size);

/* report: what was found wrong in the files of one configuration, gathered so that all of it is told at once.
 * Room-internal: others see struct conf_report (conf/conf.h). Owner: the one call of conf_load; one thread.
 */
#pragma once

#include "conf/conf.h"

struct report;

/* An empty report; the caller gives it back with report_finish, then conf_report_free. */
struct report *report_new(void);

/* Adds a finding. `file` is copied; line 0: the whole file. `format` as printf; its text begins with the key
 * it is about and says what is wrong and what would be right. Findings beyond REPORT_MAX are only counted. */
void report_error(struct report *r, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void report_warn(struct report *r, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

enum { REPORT_MAX = 500 };

/* How many errors (not warnings) there are. */
size_t report_errors(const struct report *r);

/* Sorts the findings by file, in the order the files were first named, and by line. `r` is the result's from
 * now on. */
struct conf_report *report_finish(struct report *r);

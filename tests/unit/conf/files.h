/* files: configuration files for tests, in tempdir(). */
#pragma once

#include "conf/conf.h"

/* Writes `text` to DIR/name with permissions 0600. Returns the path, valid until the next 8 calls. In the
 * text, "DIR" stands for the directory. */
const char *files_write(const char *name, const char *text);

/* Writes DIR/test.ini and loads it. */
enum status files_load(const char *text, struct conf **out, struct conf_report **report);

/* As above, but fails the running test, and returns NULL, when the file has an error. */
struct conf *files_load_good(const char *text);

/* All findings, one a line, as "line: text", with "!" in front of a warning; in a static buffer. */
const char *files_findings(const struct conf_report *report);

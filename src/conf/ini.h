/* ini: files of "[section]" and "key = value" lines, as PgBouncer reads them, turned into a list of entries.
 *
 * White space may precede a line. ';' and '#' begin a comment only as the first thing on a line: a value goes
 * on to the end of its line. "%include FILE" (relative to the working directory, 10 deep) continues in that
 * file, and the section it leaves open stays open. Keys are [A-Za-z0-9_.*-]+, or anything in single quotes
 * ('' is one), which we take in double quotes too. Knows no section and no key. */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/sv.h"

struct report;

struct ini_entry {
        const char *file; /* as it was named */
        int line;
        const char *section;
        const char *key; /* NULL: the line opens `section` */
        const char *value;
};

struct ini {
        struct ini_entry *entries; /* malloc'd; ini_release */
        size_t count, cap;
};

/* Reads `path` and what it includes. Text goes into `arena`, every mistake into `report`; entries that could
 * be read are there in any case. */
void ini_read(struct ini *ini, const char *path, struct arena *arena, struct report *report);

/* Wipes the values, some of which are passwords, and frees the list. */
void ini_release(struct ini *ini);

/* Reads a whole file; *text ends in NUL, was malloc'd and is wiped and freed by file_release. STATUS_IO:
 * errno says why. STATUS_INVALID: it has NUL bytes. *mode: its permissions; may be NULL. */
MUST_USE enum status file_read(const char *path, char **text, size_t *size, unsigned *mode);

/* Whether this errno is of the moment (no descriptor, no memory, an I/O error): what the file says is not
 * known then, and to go on as if it said nothing would lose what it said before. */
bool file_error_passes(int error);
void file_release(char *text, size_t size);

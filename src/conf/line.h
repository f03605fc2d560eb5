/* line: one value of [databases], [users] or [peers]: "key=value key='a value'", PgBouncer's connection
 * string.
 *
 * Values are in single quotes ('' is one) where they have blanks; an empty value is an error, as in
 * PgBouncer. Keys are rows of the same kind as options are, so that they are checked alike. */
#pragma once

#include "base/arena.h"
#include "conf/options.h"

struct report;

/* Where a line stands and how it is read. */
struct line {
        struct report *report;
        struct arena *arena; /* values of STRINGs go here */
        const char *file;
        int number;
        bool loose;          /* value.h's manner */
        bool lenient;        /* mistakes are warnings: PgBouncer reads such a line only when it needs it */
        const char *section; /* "databases" */
        const char *name;    /* what stands before the first '=' */
};

/* Reads `text`, storing each value in the field of `base` that its row in keys[0..count) names; count <= 64.
 * Fields of keys that are not said stay as they are. *said: bit i is set when keys[i] was. False when there
 * was a mistake, which line->report has. */
bool line_read(const struct line *line, const char *text, const struct option_info *keys, size_t count,
               void *base, uint64_t *said);

/* report_error and report_warn with "[section] name: " in front. */
void line_error(const struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
void line_warn(const struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* keys.def's vocabulary: one row of a table of keys whose fields are in struct `owner`. */
#define LINE_KEY(name_, type_, owner, field, words_, own_, text_)                                            \
        {.name = #name_,                                                                                     \
         .type = OPTION_##type_,                                                                             \
         .unit = LINE_UNIT_##type_,                                                                          \
         .min = LINE_MIN_##type_,                                                                            \
         .max = LINE_MAX_##type_,                                                                            \
         .words = (words_),                                                                                  \
         .own = LINE_OWN_##own_,                                                                             \
         .cluster = LINE_CLUSTER_##own_,                                                                     \
         .text = (text_),                                                                                    \
         .offset = offsetof(struct owner, field)},
#define LINE_UNIT_STRING       UNIT_NONE
#define LINE_UNIT_INT          UNIT_NONE
#define LINE_UNIT_ENUM         UNIT_NONE
#define LINE_UNIT_TIME         UNIT_SECONDS
#define LINE_UNIT_SIZE         UNIT_BYTES
#define LINE_MIN_STRING        0
#define LINE_MIN_INT           (-1)
#define LINE_MIN_ENUM          0
#define LINE_MIN_TIME          0
#define LINE_MIN_SIZE          0
#define LINE_MAX_STRING        0
#define LINE_MAX_INT           INT32_MAX
#define LINE_MAX_ENUM          INT32_MAX
#define LINE_MAX_TIME          (INT32_MAX * INT64_C(1000000))
#define LINE_MAX_SIZE          (INT64_C(1) << 50)
#define LINE_OWN_OWN           true /* PgBouncer does not have it; it makes a line a cluster */
#define LINE_OWN_LIBPQ         true /* nor this, which says nothing of routing */
#define LINE_OWN_PGBOUNCER     false
#define LINE_CLUSTER_OWN       true
#define LINE_CLUSTER_LIBPQ     false
#define LINE_CLUSTER_PGBOUNCER false

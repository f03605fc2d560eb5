/* hba_text: the lines of auth_hba_file and auth_ident_file, cut into fields and words. Room-internal.
 *
 *     host  app,"the other"  @users  10.0.0.0/8  md5   # comment
 *     line: 5 fields; the second has 2 words, the third those of a file
 *
 * A backslash at the end of a line joins the next one; include, include_if_exists and include_dir bring in
 * other files. Knows no type of line and no method. */
#pragma once

#include "auth/hba.h"
#include "base/arena.h"

struct hba_word {
        const char *text;
        bool quoted; /* began with a quote: it means only itself */
};

struct hba_field {
        struct hba_word *words; /* none: of an empty file */
        size_t count, cap;
};

struct hba_line {
        const char *file;
        int number;
        struct hba_field *fields; /* at least one */
        size_t count, cap;
};

struct hba_text {
        struct arena *arena; /* everything below lives there */
        hba_complain *complain;
        void *arg;
        size_t errors;
        struct hba_line *lines;
        size_t count, cap;
};

/* Adds the lines of `path`; comments and empty lines are not among them. */
void hba_text_read(struct hba_text *text, const char *path);

/* The words of a text that is in no file, separated by blanks and commas; `name` is what findings call it.
 * False: there is a mistake, and it has been told. */
bool hba_text_words(struct hba_text *text, const char *name, const char *words, struct hba_field *out);

/* Tells a finding, as printf. */
void hba_error(struct hba_text *text, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void hba_warn(struct hba_text *text, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether the word, unquoted, is this key word. */
bool hba_word_is(const struct hba_word *word, const char *keyword);

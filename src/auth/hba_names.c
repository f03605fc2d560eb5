#include "auth/hba_inner.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE_MAX = 1024 /* a longer name fits no pattern, and costs none */ };

static int compare(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether the word means something that only a server could know. */
static bool is_of_roles(const struct hba_word *word, bool databases)
{
        return (databases && (hba_word_is(word, "samerole") || hba_word_is(word, "samegroup"))) ||
               (!databases && !word->quoted && word->text[0] == '+');
}

bool hba_names_read(struct hba_maker *m, const struct hba_line *line, const struct hba_field *field,
                    bool databases, struct hba_names *out)
{
        *out = (struct hba_names){0};
        out->names = arena_alloc(&m->hba->arena, (field->count + 1) * sizeof(*out->names));
        for (size_t i = 0; i < field->count; i++) {
                const struct hba_word *word = &field->words[i];

                if (hba_word_is(word, "all")) {
                        out->all = true;
                } else if (databases && hba_word_is(word, "sameuser")) {
                        out->sameuser = true;
                } else if (databases && hba_word_is(word, "replication")) {
                        out->replication = true;
                } else if (is_of_roles(word, databases)) {
                        hba_error(
                            &m->text, line->file, line->number,
                            "%s is not supported: who belongs to a role is known to servers alone; list the "
                            "names, or put them in a file and write @file",
                            word->text);
                        return false;
                } else if (word->text[0] == '/') {
                        struct hba_pattern *pattern = hba_pattern_new(m, line, word->text + 1);

                        if (pattern == NULL)
                                return false;
                        pattern->next = out->patterns;
                        out->patterns = pattern;
                } else {
                        out->names[out->count++] = word->text;
                }
        }
        if (out->count > 0)
                qsort(out->names, out->count, sizeof(*out->names), compare);
        return true;
}

bool hba_names_have(const struct hba_names *names, const char *name)
{
        if (names->all)
                return true;
        if (names->count > 0 &&
            bsearch(&name, names->names, names->count, sizeof(*names->names), compare) != NULL)
                return true;
        if (names->patterns == NULL || strlen(name) > NAME_SIZE_MAX)
                return false;
        for (const struct hba_pattern *p = names->patterns; p != NULL; p = p->next)
                if (regexec(&p->regex, name, 0, NULL, 0) == 0)
                        return true;
        return false;
}

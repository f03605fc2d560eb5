#include "auth/hba_inner.h"

#include <string.h>

/* One of the names. False: it has been told why. */
static bool read_name(struct hba_maker *m, const struct hba_line *line, const struct hba_word *word,
                      const char **name, struct hba_pattern **pattern)
{
        if (word->text[0] == '/') {
                *pattern = hba_pattern_new(m, line, word->text + 1);
                return *pattern != NULL;
        }
        *name = word->text;
        return true;
}

static bool read_mapping(struct hba_maker *m, const struct hba_line *line, struct hba_mapping *out)
{
        const struct hba_word *user;

        for (size_t i = 0; i < line->count; i++)
                if (line->count != 3 || line->fields[i].count != 1) {
                        hba_error(&m->text, line->file, line->number,
                                  "this is not MAP SYSTEM-USER DATABASE-USER, three names on a line");
                        return false;
                }
        user = &line->fields[2].words[0];
        *out = (struct hba_mapping){.map = line->fields[0].words[0].text};
        if (!user->quoted && user->text[0] == '+') {
                hba_error(&m->text, line->file, line->number,
                          "%s is not supported: who belongs to a role is known to servers alone", user->text);
                return false;
        }
        if (!read_name(m, line, &line->fields[1].words[0], &out->system_user, &out->system_pattern))
                return false;
        out->all = hba_word_is(user, "all");
        if (!out->all && !read_name(m, line, user, &out->user, &out->user_pattern))
                return false;
        if (out->system_pattern != NULL && out->user != NULL && strstr(out->user, "\\1") != NULL &&
            out->system_pattern->regex.re_nsub == 0) {
                hba_error(&m->text, line->file, line->number,
                          "\\1 stands for what is in the first parentheses of %s, which has none",
                          line->fields[1].words[0].text);
                return false;
        }
        return true;
}

void hba_read_mappings(struct hba_maker *m)
{
        struct hba *hba = m->hba;

        hba->mappings = arena_alloc(&hba->arena, (m->text.count + 1) * sizeof(*hba->mappings));
        for (size_t i = 0; i < m->text.count; i++)
                if (read_mapping(m, &m->text.lines[i], &hba->mappings[hba->mapping_count]))
                        hba->mapping_count++;
}

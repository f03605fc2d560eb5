#include "auth/hba_text.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/sv.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 10 /* PostgreSQL's */, FILE_SIZE_MAX = 64 << 20 };

/* One file that is being read. */
struct reader {
        struct hba_text *text;
        const char *file;
        int line;
        int depth;
};

static void tell(struct hba_text *text, bool fatal, const char *file, int line, const char *what)
{
        if (fatal)
                text->errors++;
        text->complain(text->arg, fatal, file, line, what);
}

void hba_error(struct hba_text *text, const char *file, int line, const char *format, ...)
{
        char what[1024];
        va_list args;

        va_start(args, format);
        vsnprintf(what, sizeof(what), format, args);
        va_end(args);
        tell(text, true, file, line, what);
}

void hba_warn(struct hba_text *text, const char *file, int line, const char *format, ...)
{
        char what[1024];
        va_list args;

        va_start(args, format);
        vsnprintf(what, sizeof(what), format, args);
        va_end(args);
        tell(text, false, file, line, what);
}

bool hba_word_is(const struct hba_word *word, const char *keyword)
{
        return !word->quoted && strcmp(word->text, keyword) == 0;
}

/* The items with room for one more, in the arena: what was there before is left behind. */
static void *grow(struct arena *arena, void *items, size_t count, size_t *cap, size_t size)
{
        void *more;

        if (count < *cap)
                return items;
        *cap = *cap == 0 ? 4 : *cap * 2;
        more = arena_alloc(arena, *cap * size);
        if (count > 0)
                memcpy(more, items, count * size);
        return more;
}

static void add_word(struct hba_text *text, struct hba_field *field, struct hba_word word)
{
        field->words = grow(text->arena, field->words, field->count, &field->cap, sizeof(word));
        field->words[field->count++] = word;
}

/* ---- files ---- */

static const char *beside(struct reader *r, const char *name)
{
        const char *slash = strrchr(r->file, '/');

        if (name[0] == '/' || slash == NULL)
                return name;
        return arena_printf(r->text->arena, "%.*s/%s", (int)(slash - r->file), r->file, name);
}

/* The whole file in the arena; NULL: errno says why not. */
static char *slurp(struct arena *arena, const char *path)
{
        FILE *f = fopen(path, "re");
        char *bytes = NULL, *text = NULL;
        size_t n = 0, cap = 0;
        int error = 0;

        if (f == NULL)
                return NULL;
        do {
                cap = cap == 0 ? 4096 : cap * 2;
                bytes = xrealloc(bytes, cap);
                n += fread(bytes + n, 1, cap - n, f);
        } while (n == cap && n < FILE_SIZE_MAX);
        if (ferror(f) != 0)
                error = errno;
        else if (n >= FILE_SIZE_MAX)
                error = EFBIG;
        else if (memchr(bytes, '\0', n) != NULL)
                error = EILSEQ;
        else
                text = arena_strndup(arena, bytes, n);
        free(bytes);
        fclose(f);
        errno = error;
        return text;
}

static const char *cause(void)
{
        return errno == EILSEQ ? "it has NUL bytes: is it a text file?" : strerrordesc_np(errno);
}

/* Cuts the next line off, which may end in backslashes and go on. NULL: there is none. */
static char *next_line(struct reader *r, char **rest, int *next)
{
        char *line = *rest, *to = line, *from = line;

        if (*from == '\0')
                return NULL;
        r->line = *next;
        for (;;) {
                size_t n = strcspn(from, "\n");
                bool more = from[n] == '\n';

                (*next)++;
                memmove(to, from, n);
                from += n + more;
                to += n;
                if (to > line && to[-1] == '\r')
                        to--;
                if (to == line || to[-1] != '\\' || !more)
                        break;
                to--;
        }
        *rest = from;
        /* Never beyond what was read: a join only makes the text shorter. */
        *to = '\0';
        return line;
}

/* ---- words ---- */

static bool is_blank(char c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static char *skip_blanks(char *p)
{
        while (is_blank(*p))
                p++;
        return p;
}

/* Where the word at `p` ends; *open: inside a quote. */
static char *word_end(char *p, bool *open)
{
        bool quote = false;

        for (; *p != '\0'; p++) {
                if (*p == '"')
                        quote = !quote;
                else if (!quote && (is_blank(*p) || *p == ',' || *p == '#'))
                        break;
        }
        *open = quote;
        return p;
}

/* Takes a word off *p. False: a quote does not end. */
static bool take_word(struct reader *r, char **p, struct hba_word *word)
{
        bool open, quote = false;
        char *from = *p, *end = word_end(from, &open), *out;

        *p = end;
        if (open) {
                hba_error(r->text, r->file, r->line, "a \" has no other one that ends it on the same line");
                return false;
        }
        out = arena_alloc(r->text->arena, (size_t)(end - from) + 1);
        *word = (struct hba_word){.text = out, .quoted = *from == '"'};
        for (; from < end; from++) {
                if (*from != '"')
                        *out++ = *from;
                else if (quote && from[1] == '"')
                        *out++ = *++from;
                else
                        quote = !quote;
        }
        return true;
}

static bool add_words_of_file(struct reader *r, struct hba_field *field, const char *name);

/* A word, or the words of a file that it names. */
static bool take_item(struct reader *r, char **p, struct hba_field *field)
{
        struct hba_word word;

        if (!take_word(r, p, &word))
                return false;
        if (!word.quoted && word.text[0] == '@' && word.text[1] != '\0')
                return add_words_of_file(r, field, word.text + 1);
        add_word(r->text, field, word);
        return true;
}

/* All words up to a comment or the end, however they are separated. */
static bool add_words(struct reader *r, char **p, struct hba_field *field)
{
        for (;;) {
                while (is_blank(**p) || **p == ',')
                        (*p)++;
                if (**p == '\0' || **p == '#')
                        return true;
                if (!take_item(r, p, field))
                        return false;
        }
}

/* The words of a file are all of one list, however they stand on its lines. */
static bool add_words_of_file(struct reader *r, struct hba_field *field, const char *name)
{
        const char *path = beside(r, name);
        struct reader inner = {.text = r->text, .file = path, .depth = r->depth + 1};
        char *rest = r->depth < DEPTH_MAX ? slurp(r->text->arena, path) : NULL, *p;
        int next = 1;

        if (r->depth >= DEPTH_MAX)
                hba_error(r->text, r->file, r->line, "@%s: files include each other more than %d deep", name,
                          DEPTH_MAX);
        else if (rest == NULL)
                hba_error(r->text, r->file, r->line, "@%s: cannot read %s: %s", name, path, cause());
        if (rest == NULL)
                return false;
        while ((p = next_line(&inner, &rest, &next)) != NULL)
                if (!add_words(&inner, &p, field))
                        return false;
        return true;
}

/* Takes a field, which is a list, off *p. */
static bool take_field(struct reader *r, char **p, struct hba_field *field)
{
        for (;;) {
                if (**p == ',' || **p == '\0' || **p == '#') {
                        hba_error(r->text, r->file, r->line, "a comma has no name %s it",
                                  **p == ',' ? "before" : "behind");
                        return false;
                }
                if (!take_item(r, p, field))
                        return false;
                *p = skip_blanks(*p);
                if (**p != ',')
                        return true;
                *p = skip_blanks(*p + 1);
        }
}

/* ---- lines ---- */

static void read_file(struct hba_text *text, const char *path, int depth);

static int by_name(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void include_dir(struct reader *r, const char *path)
{
        DIR *dir = opendir(path);
        const char **names = NULL;
        size_t count = 0, cap = 0;
        struct dirent *entry;

        if (dir == NULL) {
                hba_error(r->text, r->file, r->line, "include_dir: cannot read %s: %s", path, cause());
                return;
        }
        /* A directory stream of our own. NOLINTNEXTLINE(concurrency-mt-unsafe) */
        while ((entry = readdir(dir)) != NULL) {
                size_t n = strlen(entry->d_name);

                if (entry->d_name[0] == '.' || n < 6 || strcmp(entry->d_name + n - 5, ".conf") != 0)
                        continue;
                names = grow(r->text->arena, names, count, &cap, sizeof(*names));
                names[count++] = arena_printf(r->text->arena, "%s/%s", path, entry->d_name);
        }
        closedir(dir);
        if (count > 0)
                qsort(names, count, sizeof(*names), by_name);
        for (size_t i = 0; i < count; i++)
                read_file(r->text, names[i], r->depth + 1);
}

/* Whether the line brings in other files; then it has. */
static bool include(struct reader *r, const struct hba_line *line)
{
        const struct hba_word *what = &line->fields[0].words[0];
        bool maybe = hba_word_is(what, "include_if_exists"), dir = hba_word_is(what, "include_dir");
        const char *path;

        if (!maybe && !dir && !hba_word_is(what, "include"))
                return false;
        if (line->count != 2 || line->fields[0].count != 1 || line->fields[1].count != 1) {
                hba_error(r->text, r->file, r->line, "%s: write one name behind it", what->text);
                return true;
        }
        path = beside(r, line->fields[1].words[0].text);
        if (r->depth >= DEPTH_MAX) {
                hba_error(r->text, r->file, r->line, "%s: files include each other more than %d deep",
                          what->text, DEPTH_MAX);
        } else if (dir) {
                include_dir(r, path);
        } else {
                FILE *f = fopen(path, "re");

                if (f != NULL) {
                        fclose(f);
                        read_file(r->text, path, r->depth + 1);
                } else if (!maybe || errno != ENOENT) {
                        hba_error(r->text, r->file, r->line, "%s: cannot read %s: %s", what->text, path,
                                  cause());
                }
        }
        return true;
}

static void read_line(struct reader *r, char *p)
{
        struct hba_text *text = r->text;
        struct hba_line line = {.file = r->file, .number = r->line};

        for (p = skip_blanks(p); *p != '\0' && *p != '#'; p = skip_blanks(p)) {
                struct hba_field field = {0};

                if (!take_field(r, &p, &field))
                        return;
                line.fields = grow(text->arena, line.fields, line.count, &line.cap, sizeof(field));
                line.fields[line.count++] = field;
        }
        if (line.count == 0 || (line.fields[0].count > 0 && include(r, &line)))
                return;
        text->lines = grow(text->arena, text->lines, text->count, &text->cap, sizeof(line));
        text->lines[text->count++] = line;
}

static void read_file(struct hba_text *text, const char *path, int depth)
{
        struct reader r = {.text = text, .file = arena_strdup(text->arena, path), .depth = depth};
        char *rest = slurp(text->arena, path), *line;
        int next = 1;

        if (rest == NULL) {
                hba_error(text, path, 0, "cannot read it: %s", cause());
                return;
        }
        if (strncmp(rest, "\xef\xbb\xbf", 3) == 0) /* some editors' byte order mark */
                rest += 3;
        while ((line = next_line(&r, &rest, &next)) != NULL)
                read_line(&r, line);
}

void hba_text_read(struct hba_text *text, const char *path)
{
        read_file(text, path, 0);
}

bool hba_text_words(struct hba_text *text, const char *name, const char *words, struct hba_field *out)
{
        struct reader r = {.text = text, .file = name};
        char *p = arena_strdup(text->arena, words);

        *out = (struct hba_field){0};
        if (!add_words(&r, &p, out))
                return false;
        if (*p == '#')
                hba_error(text, name, 0, "a # must stand inside double quotes");
        return *p == '\0';
}

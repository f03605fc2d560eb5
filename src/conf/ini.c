#include "conf/ini.h"

#include "base/memory.h"
#include "conf/report.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { INCLUDE_DEPTH_MAX = 10 };

struct reader {
        struct ini *ini;
        struct arena *arena;
        struct report *report;
        const char *section; /* the open one; NULL before the first */
        const char *file;
        int line, depth;
        const struct reader *outer; /* of the file that includes this one */
};

static enum status slurp(FILE *f, char **text, size_t *size)
{
        size_t used = 0, cap = 4096;
        char *bytes = xmalloc(cap);

        for (;;) {
                size_t n = fread(bytes + used, 1, cap - used - 1, f);

                used += n;
                if (n == 0)
                        break;
                if (cap - used < 2) {
                        /* Not realloc: the old copy may hold secrets. */
                        char *larger = xmalloc(cap * 2);

                        memcpy(larger, bytes, used);
                        file_release(bytes, used);
                        bytes = larger;
                        cap *= 2;
                }
        }
        bytes[used] = '\0';
        *text = bytes;
        *size = used;
        return ferror(f) ? STATUS_IO : STATUS_OK;
}

enum status file_read(const char *path, char **text, size_t *size, unsigned *mode)
{
        FILE *f = fopen(path, "re");
        struct stat st;
        enum status status = STATUS_IO;
        int saved;

        *text = NULL;
        if (f == NULL)
                return STATUS_IO;
        if (fstat(fileno(f), &st) == 0) {
                if (mode != NULL)
                        *mode = st.st_mode & 07777U;
                status = slurp(f, text, size);
        }
        saved = errno;
        fclose(f);
        if (status == STATUS_OK && strlen(*text) != *size)
                status = STATUS_INVALID;
        if (status != STATUS_OK && *text != NULL) {
                file_release(*text, *size);
                *text = NULL;
        }
        errno = saved;
        return status;
}

bool file_error_passes(int error)
{
        return error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO || error == EINTR;
}

void file_release(char *text, size_t size)
{
        if (text != NULL)
                explicit_bzero(text, size);
        free(text);
}

static void add(struct reader *r, const char *key, const char *value)
{
        struct ini *ini = r->ini;

        if (ini->count == ini->cap) {
                ini->cap = ini->cap == 0 ? 64 : ini->cap * 2;
                ini->entries = xrealloc(ini->entries, ini->cap * sizeof(*ini->entries));
        }
        ini->entries[ini->count++] = (struct ini_entry){r->file, r->line, r->section, key, value};
}

static bool is_bare(char c)
{
        return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-' || c == '*';
}

/* Takes the key off *rest. NULL: there is none, or its quote does not end. */
static char *take_key(struct reader *r, struct sv *rest)
{
        char quote = *rest->p;
        char *key = arena_alloc(r->arena, rest->n + 1);
        size_t i = 0, n = 0;

        if (quote != '\'' && quote != '"') {
                while (i < rest->n && is_bare(rest->p[i]))
                        key[n++] = rest->p[i++];
                *rest = sv_from(rest->p + i, rest->n - i);
                return n > 0 ? key : NULL;
        }
        for (i = 1; i < rest->n; i++) {
                if (rest->p[i] == quote) {
                        if (i + 1 >= rest->n || rest->p[i + 1] != quote) {
                                *rest = sv_from(rest->p + i + 1, rest->n - i - 1);
                                return n > 0 ? key : NULL;
                        }
                        i++;
                }
                key[n++] = rest->p[i];
        }
        return NULL;
}

/* Says what a line is that is no "key = value". */
static void complain(struct reader *r, struct sv line)
{
        bool has_equals = memchr(line.p, '=', line.n) != NULL;
        int shown = line.n > 60 ? 60 : (int)line.n;

        if (line.n >= 2 && (memcmp(line.p, "//", 2) == 0 || memcmp(line.p, "--", 2) == 0))
                report_error(r->report, r->file, r->line, "a comment begins with ; or #, not with %.2s",
                             line.p);
        else if (*line.p == '%')
                report_error(r->report, r->file, r->line,
                             "\"%.*s\" is not known; the only such line is %%include FILE", shown, line.p);
        else if (*line.p == '\'' || *line.p == '"')
                report_error(r->report, r->file, r->line,
                             "\"%.*s\" is not 'name' = value; is the closing quote missing?", shown, line.p);
        else if (has_equals)
                report_error(r->report, r->file, r->line,
                             "\"%.*s\" has a character in its name that must be quoted: write 'name' = value",
                             shown, line.p);
        else
                report_error(r->report, r->file, r->line,
                             "\"%.*s\" is not key = value; a comment begins with ; or # and has its own line",
                             shown, line.p);
}

static void read_file(struct reader *r, const char *path);

/* A line that begins with "%include" and white space. */
static void include(struct reader *r, struct sv line)
{
        struct sv name = sv_trim(sv_from(line.p + 8, line.n - 8));
        struct reader inner = *r;

        if (name.n == 0) {
                report_error(r->report, r->file, r->line, "%%include names no file: write %%include FILE");
                return;
        }
        if (r->depth >= INCLUDE_DEPTH_MAX) {
                report_error(r->report, r->file, r->line,
                             "%%include %.*s: files are included more than %d deep", SV_ARG(name),
                             INCLUDE_DEPTH_MAX);
                return;
        }
        for (const struct reader *o = r; o != NULL; o = o->outer) {
                if (sv_is(name, o->file)) {
                        report_error(r->report, r->file, r->line, "%%include %.*s: the file includes itself",
                                     SV_ARG(name));
                        return;
                }
        }
        inner.depth++;
        inner.outer = r;
        read_file(&inner, arena_strndup(r->arena, name.p, name.n));
        r->section = inner.section;
}

static void read_line(struct reader *r, struct sv line);

static void open_section(struct reader *r, struct sv line)
{
        const char *end = memchr(line.p, ']', line.n);

        if (end == NULL) {
                report_error(r->report, r->file, r->line, "\"%.*s\" has no closing ]: write [section]",
                             SV_ARG(line));
                return;
        }
        r->section = arena_strndup(r->arena, line.p + 1, (size_t)(end - line.p) - 1);
        add(r, NULL, NULL);
        /* What follows the bracket is read as a line of its own, as PgBouncer does. */
        read_line(r, sv_from(end + 1, line.n - (size_t)(end + 1 - line.p)));
}

static void read_line(struct reader *r, struct sv text)
{
        struct sv line = sv_trim(text), rest = line;
        char *key;

        if (line.n == 0 || *line.p == ';' || *line.p == '#')
                return;
        if (line.n >= 8 && memcmp(line.p, "%include", 8) == 0 &&
            (line.n == 8 || line.p[8] == ' ' || line.p[8] == '\t')) {
                include(r, line);
                return;
        }
        if (*line.p == '[') {
                open_section(r, line);
                return;
        }
        key = take_key(r, &rest);
        rest = sv_trim(rest);
        if (key == NULL || rest.n == 0 || *rest.p != '=') {
                complain(r, line);
                return;
        }
        rest = sv_trim(sv_from(rest.p + 1, rest.n - 1));
        if (r->section == NULL) {
                report_error(r->report, r->file, r->line,
                             "%s stands before the first [section]: put [pgsteer] or [databases] above it",
                             key);
                return;
        }
        add(r, key, arena_strndup(r->arena, rest.p, rest.n));
}

static void complain_file(struct reader *r, const char *path, enum status status)
{
        const char *what =
            status == STATUS_INVALID ? "it has NUL bytes: is it a text file?" : strerrordesc_np(errno);

        if (r->depth == 0)
                report_error(r->report, path, 0, "cannot read the configuration file: %s", what);
        else if (path[0] == '/')
                report_error(r->report, r->file, r->line, "%%include %s: cannot read it: %s", path, what);
        else
                report_error(
                    r->report, r->file, r->line,
                    "%%include %s: cannot read it: %s; a relative path begins in the working directory, "
                    "not beside this file: write an absolute one",
                    path, what);
}

static void read_file(struct reader *r, const char *path)
{
        char *text, *p;
        size_t size = 0;
        enum status status = file_read(path, &text, &size, NULL);

        if (status != STATUS_OK) {
                complain_file(r, path, status);
                return;
        }
        r->file = arena_strdup(r->arena, path);
        r->line = 0;
        p = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text; /* some editors' byte order mark */
        while (*p != '\0') {
                char *end = strchrnul(p, '\n');

                r->line++;
                read_line(r, sv_from(p, (size_t)(end - p)));
                p = *end == '\n' ? end + 1 : end;
        }
        file_release(text, size);
}

void ini_read(struct ini *ini, const char *path, struct arena *arena, struct report *report)
{
        struct reader r = {.ini = ini, .arena = arena, .report = report, .file = path};

        read_file(&r, path);
}

void ini_release(struct ini *ini)
{
        for (size_t i = 0; i < ini->count; i++)
                if (ini->entries[i].value != NULL)
                        explicit_bzero((char *)ini->entries[i].value, strlen(ini->entries[i].value));
        free(ini->entries);
        *ini = (struct ini){0};
}

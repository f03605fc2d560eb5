#include "conf/passfile.h"

#include "conf/ini.h"
#include "conf/report.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Takes the field before the next ':' off *line, if `text` fits it. */
static bool field_fits(const char **line, const char *text)
{
        const char *p = *line;

        if (p[0] == '*' && p[1] == ':') {
                *line = p + 2;
                return true;
        }
        for (; *p != ':'; p++, text++) {
                if (*p == '\\' && p[1] != '\0')
                        p++;
                if (*p == '\0' || *p != *text)
                        return false;
        }
        *line = p + 1;
        return *text == '\0';
}

/* The text of the field at `p`. */
static char *field_text(const char *p, struct arena *arena)
{
        char *out = arena_alloc(arena, strlen(p) + 1), *to = out;

        for (; *p != '\0' && *p != ':'; p++) {
                if (*p == '\\' && p[1] != '\0')
                        p++;
                *to++ = *p;
        }
        *to = '\0';
        return out;
}

/* Behind the `n`th ':' that counts; NULL: there are fewer. */
static const char *skip_fields(const char *p, int n)
{
        while (n > 0) {
                if (*p == '\\' && p[1] != '\0')
                        p++;
                else if (*p == ':')
                        n--;
                if (*p++ == '\0')
                        return NULL;
        }
        return p;
}

/* libpq calls what it does not reach over the network "localhost", in the directory it was built for. */
static const char *name_of(const char *host)
{
        bool local = strcmp(host, "/var/run/postgresql") == 0 || strcmp(host, "/tmp") == 0;

        return local || *host == '\0' ? "localhost" : host;
}

const char *conf_find_password(const struct conf *conf, const struct conf_host *host, const char *database,
                               const char *user)
{
        char port[12];

        snprintf(port, sizeof(port), "%d", host->port);
        for (size_t i = 0; i < conf->passline_count; i++) {
                const char *p = conf->passlines[i].pattern;

                if (field_fits(&p, name_of(host->host)) && field_fits(&p, port) && field_fits(&p, database) &&
                    field_fits(&p, user))
                        return conf->passlines[i].password;
        }
        return NULL;
}

/* The path, in `arena`; NULL: there is none. Nobody changes the environment. */
static const char *choose_path(const char *option, struct arena *arena)
{
        const char *set = getenv("PGPASSFILE"); /* NOLINT(concurrency-mt-unsafe) */
        const char *home = getenv("HOME");      /* NOLINT(concurrency-mt-unsafe) */
        struct passwd entry, *found = NULL;
        char texts[4096];

        if (strcmp(option, "default") != 0)
                return *option != '\0' ? option : NULL;
        if (set != NULL && *set != '\0')
                return arena_strdup(arena, set);
        if ((home == NULL || *home == '\0') &&
            getpwuid_r(geteuid(), &entry, texts, sizeof(texts), &found) == 0)
                home = found != NULL ? found->pw_dir : NULL;
        return home != NULL ? arena_printf(arena, "%s/.pgpass", home) : NULL;
}

static bool is_fit(const char *path, bool named, struct report *report)
{
        struct stat st;

        if (stat(path, &st) != 0) {
                if (named)
                        report_warn(report, path, 0, "cannot read passfile: %s", strerrordesc_np(errno));
                return false;
        }
        if (!S_ISREG(st.st_mode)) {
                report_warn(report, path, 0, "password file is not a plain file: it is not used");
                return false;
        }
        if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
                report_warn(report, path, 0,
                            "password file has group or world access, and is not used: chmod 0600 %s", path);
                return false;
        }
        return true;
}

static size_t count_lines(const char *text)
{
        size_t n = 1;

        for (; *text != '\0'; text++)
                n += *text == '\n';
        return n;
}

struct conf_passline *passfile_read(const char *option, struct arena *arena, struct report *report,
                                    size_t *count)
{
        const char *path = choose_path(option, arena);
        struct conf_passline *lines;
        enum status status;
        char *text, *p;
        size_t size;

        *count = 0;
        if (path == NULL || !is_fit(path, strcmp(option, "default") != 0, report))
                return NULL;
        status = file_read(path, &text, &size, NULL);
        if (status != STATUS_OK) {
                (status == STATUS_IO && file_error_passes(errno) ? report_error : report_warn)(
                    report, path, 0, "cannot read passfile: %s",
                    status == STATUS_INVALID ? "it has NUL bytes: is it a text file?"
                                             : strerrordesc_np(errno));
                return NULL;
        }
        lines = arena_alloc(arena, count_lines(text) * sizeof(*lines));
        for (p = text; *p != '\0';) {
                char *end = strchrnul(p, '\n');
                size_t n = (size_t)(end - p);
                const char *pattern, *password;

                while (n > 0 && p[n - 1] == '\r')
                        n--;
                pattern = n > 0 && *p != '#' ? arena_strndup(arena, p, n) : "";
                password = skip_fields(pattern, 4);
                if (password != NULL)
                        lines[(*count)++] = (struct conf_passline){pattern, field_text(password, arena)};
                p = *end == '\n' ? end + 1 : end;
        }
        file_release(text, size);
        return lines;
}

void passfile_wipe(const struct conf_passline *lines, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                explicit_bzero((char *)lines[i].pattern, strlen(lines[i].pattern));
                explicit_bzero((char *)lines[i].password, strlen(lines[i].password));
        }
}

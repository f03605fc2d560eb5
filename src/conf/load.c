#include "conf/database.h"
#include "conf/ini.h"
#include "conf/inner.h"
#include "conf/line.h"
#include "conf/passfile.h"
#include "conf/report.h"
#include "conf/rules.h"
#include "conf/suggest.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What conf_load works on. */
struct loader {
        struct full *full;
        struct report *report;
        struct arena scratch;
        struct ini ini;
        struct database_list databases;
        int option_line[OPTION_COUNT]; /* in the main file; 0: not set there */
        bool loose;
};

static bool is_option_section(const char *section)
{
        return strcmp(section, "pgbouncer") == 0 || strcmp(section, "pgsteer") == 0;
}

static bool is_known_section(const char *section)
{
        static const char *const others[] = {"databases", "users", "peers"};

        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
                if (strcmp(section, others[i]) == 0)
                        return true;
        return is_option_section(section);
}

static void say_unknown_section(struct loader *l, const struct ini_entry *entry)
{
        static const char *const names[] = {"databases", "users", "peers", "pgbouncer", "pgsteer"};
        struct suggest near = {.word = sv_cstr(entry->section)};
        char meant[96];

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                suggest_offer(&near, sv_cstr(names[i]));
        report_error(l->report, entry->file, entry->line,
                     "[%s] is not one of [databases], [users], [peers], [pgbouncer], [pgsteer]%s",
                     entry->section, suggest_text(&near, meant, sizeof(meant)));
}

/* Looks at the sections: which manner the file is written in, and what none of ours is. */
static void read_sections(struct loader *l)
{
        const struct ini_entry *first = NULL;
        bool keys_before = false;

        for (size_t i = 0; i < l->ini.count; i++) {
                const struct ini_entry *entry = &l->ini.entries[i];

                if (entry->key != NULL) {
                        keys_before = keys_before || strcmp(entry->section, "pgbouncer") == 0;
                        continue;
                }
                if (!is_known_section(entry->section))
                        say_unknown_section(l, entry);
                if (!is_option_section(entry->section))
                        continue;
                if (first == NULL)
                        first = entry;
                if (strcmp(first->section, entry->section) != 0)
                        report_error(
                            l->report, entry->file, entry->line,
                            "[%s]: the file has [%s] already, %s:%d, and the two have different defaults: "
                            "put all options under one of them",
                            entry->section, first->section, first->file, first->line);
                else if (keys_before && first != entry)
                        report_warn(l->report, entry->file, entry->line,
                                    "[pgbouncer] is opened again: what it says above (%s:%d) stays in force; "
                                    "PgBouncer goes back to defaults there",
                                    first->file, first->line);
        }
        l->loose = first != NULL && strcmp(first->section, "pgsteer") == 0;
        l->full->conf.pgsteer_defaults = l->loose;
}

static void need_section(struct loader *l)
{
        for (size_t i = 0; i < l->ini.count; i++)
                if (l->ini.entries[i].key == NULL && is_option_section(l->ini.entries[i].section))
                        return;
        report_error(
            l->report, l->full->conf.path, 0,
            "there is no [pgsteer] section (or [pgbouncer], for PgBouncer's defaults): write [pgsteer] and "
            "the options under it");
}

static void read_option(struct loader *l, const struct ini_entry *entry)
{
        const struct option_info *info = option_find(entry->key);
        struct conf *conf = &l->full->conf;
        char why[768];

        if (info == NULL) {
                rules_unknown_option(entry->key, entry->value, why, sizeof(why));
                report_error(l->report, entry->file, entry->line, "%s %s", entry->key, why);
                return;
        }
        l->option_line[option_id(info)] = strcmp(entry->file, conf->path) == 0 ? entry->line : 0;
        switch (full_set(l->full, info, entry->value, why, sizeof(why))) {
        case STATUS_INVALID:
                report_error(l->report, entry->file, entry->line, "%s: %s", entry->key, why);
                return;
        case STATUS_DENIED:
                report_warn(l->report, entry->file, entry->line, "%s: %s", entry->key, why);
                break;
        case STATUS_OK:
        case STATUS_AGAIN:
        case STATUS_EOF:
        case STATUS_IO:
        case STATUS_LIMIT:
        case STATUS_ABSENT: break;
        }
}

static struct line line_of(struct loader *l, const struct ini_entry *entry)
{
        return (struct line){
            .report = l->report,
            .arena = &l->full->lines->arena,
            .file = entry->file,
            .number = entry->line,
            .loose = l->loose,
            .section = entry->section,
            .name = entry->key,
        };
}

static int by_peer_id(const void *a, const void *b)
{
        return ((const struct conf_peer *)a)->peer_id - ((const struct conf_peer *)b)->peer_id;
}

/* peers[count] is new: the last line of a peer counts. Returns how many there are now. */
static size_t keep_peer(struct conf_peer *peers, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (peers[i].peer_id == peers[count].peer_id) {
                        peers[i] = peers[count];
                        return count;
                }
        return count + 1;
}

static void read_peers(struct loader *l)
{
        struct conf_peer *peers =
            arena_alloc(&l->full->lines->arena, (l->ini.count + 1) * sizeof(struct conf_peer));
        size_t count = 0;

        for (size_t i = 0; i < l->ini.count; i++) {
                const struct ini_entry *entry = &l->ini.entries[i];
                struct line line = line_of(l, entry);

                if (entry->key == NULL || strcmp(entry->section, "peers") != 0)
                        continue;
                if (peer_read(&line, entry->value, &peers[count]))
                        count = keep_peer(peers, count);
        }
        qsort(peers, count, sizeof(*peers), by_peer_id);
        l->full->conf.peers = peers;
        l->full->conf.peer_count = count;
}

static void read_lines(struct loader *l)
{
        struct conf *conf = &l->full->conf;

        for (size_t i = 0; i < l->ini.count; i++) {
                const struct ini_entry *entry = &l->ini.entries[i];
                struct line line = line_of(l, entry);

                if (entry->key == NULL)
                        continue;
                if (strcmp(entry->section, "databases") == 0)
                        database_read(&l->databases, &line, entry->value, conf->opt.unix_socket_dir);
                else if (strcmp(entry->section, "users") == 0)
                        user_read(&l->full->lines->parts, &line, entry->value);
        }
        conf->databases =
            database_list_finish(&l->databases, &l->full->lines->arena, l->report, &conf->database_count);
        read_peers(l);
}

/* Passwords in a file that everybody can read. */
static void check_mode(struct loader *l)
{
        const struct conf *conf = &l->full->conf;
        bool secret = conf->opt.health_check_password[0] != '\0';
        struct stat st;

        for (size_t i = 0; i < conf->database_count; i++)
                secret = secret || conf->databases[i].password != NULL;
        if (secret && stat(conf->path, &st) == 0 && (st.st_mode & S_IROTH) != 0)
                report_warn(l->report, conf->path, 0,
                            "there is a password in this file and everybody can read it: chmod o-r %s",
                            conf->path);
}

static void read_all(struct loader *l)
{
        struct full *full = l->full;
        struct conf *conf = &full->conf;

        ini_read(&l->ini, conf->path, &l->scratch, l->report);
        read_sections(l);
        for (size_t i = 0; i < OPTION_COUNT; i++)
                full_set_default(conf, option_at(i));
        for (size_t i = 0; i < l->ini.count; i++)
                if (l->ini.entries[i].key != NULL && is_option_section(l->ini.entries[i].section))
                        read_option(l, &l->ini.entries[i]);
        if (l->ini.count > 0 || report_errors(l->report) == 0)
                need_section(l);
        read_lines(l);
        if (*conf->opt.auth_file != '\0')
                userlist_read(&full->secrets->parts, conf->opt.auth_file,
                              l->loose && rules_need_auth_file(&conf->opt), &full->secrets->arena, l->report);
        conf->passlines =
            passfile_read(conf->opt.passfile, &full->lines->arena, l->report, &conf->passline_count);
        full_merge_users(full);
        if (l->ini.count > 0)
                rules_check(conf, &full->secrets->parts, l->option_line, l->report);
        check_mode(l);
}

enum status conf_load(const char *path, struct conf **out, struct conf_report **report)
{
        struct loader l = {.full = full_new(), .report = report_new()};
        struct conf_report *found;

        *out = NULL;
        l.full->conf.path = arena_strdup(&l.full->arena, path);
        read_all(&l);
        ini_release(&l.ini);
        database_list_release(&l.databases);
        arena_release(&l.scratch);
        found = report_finish(l.report);
        if (found->fatal_count == 0) {
                char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);

                if (cwd != NULL)
                        l.full->conf.path = arena_printf(&l.full->arena, "%s/%s", cwd, path);
                free(cwd);
                *out = &l.full->conf;
        } else {
                conf_unref(&l.full->conf);
        }
        if (report != NULL)
                *report = found;
        else
                conf_report_free(found);
        return *out != NULL ? STATUS_OK : STATUS_INVALID;
}

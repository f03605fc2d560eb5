#include "conf/users.h"

#include "base/check.h"
#include "base/memory.h"
#include "conf/ini.h"
#include "conf/line.h"
#include "conf/report.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { SECRET_MAX = 65530 /* PgBouncer's */, NAME_MAX_BYTES = 127 };

static const struct option_info keys[] = {
#define DATABASE_KEY(...)
#define TLS_KEY(...)
#define USER_KEY(name, type, field, words, own, text) LINE_KEY(name, type, conf_user, field, words, own, text)
#include "conf/keys.def"
#undef DATABASE_KEY
#undef TLS_KEY
#undef USER_KEY
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

const struct option_info *user_keys(size_t *count)
{
        *count = KEY_COUNT;
        return keys;
}

static struct user_part *append(struct user_parts *parts, const char *name)
{
        if (parts->count == parts->cap) {
                parts->cap = parts->cap == 0 ? 16 : parts->cap * 2;
                parts->items = xrealloc(parts->items, parts->cap * sizeof(*parts->items));
        }
        parts->items[parts->count] = (struct user_part){
            .rank = parts->count,
            .user = {.name = name,
                     .pool_mode = -1,
                     .target = -1,
                     .pool_size = -1,
                     .reserve_pool_size = -1,
                     .max_user_connections = -1,
                     .max_user_client_connections = -1,
                     .query_timeout_us = -1,
                     .query_wait_timeout_us = -1,
                     .idle_transaction_timeout_us = -1,
                     .transaction_timeout_us = -1,
                     .client_idle_timeout_us = -1,
                     .consistency = -1,
                     .commit_outcome = -1,
                     .listed = true},
        };
        return &parts->items[parts->count++];
}

void user_read(struct user_parts *parts, const struct line *line, const char *text)
{
        struct user_part *part = append(parts, arena_strdup(line->arena, line->name));
        uint64_t said;

        part->file = line->file;
        part->line = line->number;
        /* In PgBouncer the last of two lines for a user counts, whole. */
        for (size_t i = 0; i + 1 < parts->count; i++) {
                struct user_part *before = &parts->items[i];
                const char *name = before->user.name;

                if (strcmp(name, line->name) != 0)
                        continue;
                line_warn(line, "has a line already, %s:%d, which is not used any more", before->file,
                          before->line);
                part->rank = before->rank;
                *before = *part;
                parts->count--;
                part = before;
                break;
        }
        (void)line_read(line, text, keys, KEY_COUNT, &part->user, &said);
}

/* Takes a string in double quotes off *p. NULL: there is none, or it does not end on this line. */
static char *take_string(const char **p, const char *end, struct arena *arena)
{
        const char *q = *p;
        char *text;
        size_t n = 0;

        if (q == end || *q != '"')
                return NULL;
        text = arena_alloc(arena, (size_t)(end - q) + 1);
        for (q++; q < end; q++) {
                if (*q == '"' && (++q == end || *q != '"')) {
                        *p = q;
                        return text;
                }
                text[n++] = *q;
        }
        return NULL;
}

static void read_user(struct user_parts *parts, struct sv text, struct line *where)
{
        const char *p = text.p, *end = text.p + text.n;
        char *name = take_string(&p, end, where->arena), *secret;
        struct user_part *part;

        if (name == NULL) {
                report_error(
                    where->report, where->file, where->number,
                    "auth_file: this is not \"user\" \"secret\": both stand in double quotes on one line");
                return;
        }
        /* PgBouncer looks for the next quote and does not care what is before it. */
        while (p < end && *p != '"')
                p++;
        secret = take_string(&p, end, where->arena);
        if (secret == NULL)
                report_error(where->report, where->file, where->number,
                             "auth_file: user \"%s\" has no secret in double quotes on the same line", name);
        else if (*name == '\0')
                report_error(where->report, where->file, where->number,
                             "auth_file: the user's name is empty");
        else if (strlen(name) > NAME_MAX_BYTES || strlen(secret) > SECRET_MAX)
                report_error(where->report, where->file, where->number,
                             "auth_file: the %s is too long: at most %d bytes",
                             strlen(name) > NAME_MAX_BYTES ? "user's name" : "secret",
                             strlen(name) > NAME_MAX_BYTES ? NAME_MAX_BYTES : SECRET_MAX);
        if (secret == NULL || *name == '\0' || strlen(name) > NAME_MAX_BYTES || strlen(secret) > SECRET_MAX)
                return;
        part = append(parts, name);
        part->user.secret = secret;
        part->file = where->file;
        part->line = where->number;
}

static int compare(const void *a, const void *b)
{
        const struct user_part *x = a, *y = b;
        int order = strcmp(x->user.name, y->user.name);

        if (order != 0)
                return order;
        return x->rank < y->rank ? -1 : 1;
}

static void warn_twice(struct user_parts *parts, struct report *report)
{
        if (parts->count > 0)
                qsort(parts->items, parts->count, sizeof(*parts->items), compare);
        for (size_t i = 1; i < parts->count; i++) {
                const struct user_part *a = &parts->items[i - 1], *b = &parts->items[i];

                if (strcmp(a->user.name, b->user.name) == 0)
                        report_warn(report, b->file, b->line,
                                    "auth_file: user \"%s\" is on line %d already; this later line counts",
                                    b->user.name, a->line);
        }
}

void userlist_read(struct user_parts *parts, const char *path, bool fatal, struct arena *arena,
                   struct report *report)
{
        struct line where = {.report = report, .arena = arena, .file = arena_strdup(arena, path)};
        char *text, *p;
        size_t size = 0;
        unsigned mode = 0;
        enum status status = file_read(path, &text, &size, &mode);

        if (status != STATUS_OK) {
                fatal = fatal || (status == STATUS_IO && file_error_passes(errno));
                (fatal ? report_error : report_warn)(report, path, 0, "cannot read auth_file: %s",
                                                     status == STATUS_INVALID
                                                         ? "it has NUL bytes: is it a text file?"
                                                         : strerrordesc_np(errno));
                return;
        }
        if ((mode & S_IROTH) != 0)
                report_warn(report, path, 0,
                            "auth_file holds secrets and everybody can read it: chmod o-r %s", path);
        for (p = text; *p != '\0';) {
                char *end = strchrnul(p, '\n');
                struct sv line = sv_trim(sv_from(p, (size_t)(end - p)));

                where.number++;
                if (line.n > 0 && *line.p != ';' && *line.p != '#')
                        read_user(parts, line, &where);
                p = *end == '\n' ? end + 1 : end;
        }
        file_release(text, size);
        warn_twice(parts, report);
}

void user_parts_wipe(struct user_parts *parts)
{
        for (size_t i = 0; i < parts->count; i++) {
                char *secret = (char *)parts->items[i].user.secret;

                if (secret != NULL)
                        explicit_bzero(secret, strlen(secret));
        }
}

void user_parts_release(struct user_parts *parts)
{
        free(parts->items);
        *parts = (struct user_parts){0};
}

/* Adds to `user` what `more`, about the same user, says. */
static void combine(struct conf_user *user, const struct conf_user *more)
{
        const char *secret = more->secret != NULL ? more->secret : user->secret;
        bool admin = user->admin || more->admin, stats = user->stats || more->stats;
        bool listed = user->listed || more->listed;

        for (size_t i = 0; i < KEY_COUNT; i++) {
                const char *from = (const char *)more + keys[i].offset;
                char *to = (char *)user + keys[i].offset;
                bool wide = keys[i].type == OPTION_TIME;

                if (wide ? *(const int64_t *)(const void *)from >= 0 : *(const int *)(const void *)from >= 0)
                        memcpy(to, from, wide ? sizeof(int64_t) : sizeof(int));
        }
        user->secret = secret;
        user->admin = admin;
        user->stats = stats;
        user->listed = listed;
}

static void add_named(struct user_parts *parts, const char *list, bool admin, struct arena *arena)
{
        struct sv name;

        while (option_list_next(&list, &name)) {
                struct conf_user *user = &append(parts, arena_strndup(arena, name.p, name.n))->user;

                user->admin = admin;
                user->stats = !admin;
                user->listed = false;
        }
}

static void add_parts(struct user_parts *all, const struct user_parts *more)
{
        for (size_t i = 0; i < more->count; i++)
                append(all, more->items[i].user.name)->user = more->items[i].user;
}

const struct conf_user *users_merge(const struct user_parts *secrets, const struct user_parts *limits,
                                    const struct options *opt, struct arena *arena, size_t *count)
{
        struct user_parts all = {0};
        struct conf_user *out;

        add_parts(&all, secrets);
        add_parts(&all, limits);
        add_named(&all, opt->admin_users, true, arena);
        add_named(&all, opt->stats_users, false, arena);
        if (all.count > 0)
                qsort(all.items, all.count, sizeof(*all.items), compare);
        out = arena_alloc(arena, (all.count + 1) * sizeof(*out));
        *count = 0;
        for (size_t i = 0; i < all.count; i++) {
                if (*count > 0 && strcmp(out[*count - 1].name, all.items[i].user.name) == 0)
                        combine(&out[*count - 1], &all.items[i].user);
                else
                        out[(*count)++] = all.items[i].user;
        }
        user_parts_release(&all);
        return out;
}

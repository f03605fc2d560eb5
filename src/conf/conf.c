#include "base/memory.h"
#include "conf/inner.h"
#include "conf/passfile.h"
#include "conf/report.h"
#include "conf/rules.h"
#include "conf/suggest.h"
#include "conf/value.h"

#include <stdio.h>
#include <stdlib.h>

static struct full *full_of(struct conf *conf)
{
        return (struct full *)conf;
}

static struct share *share_new(void)
{
        struct share *share = xcalloc(1, sizeof(*share));

        atomic_init(&share->refs, 1);
        return share;
}

static struct share *share_ref(struct share *share)
{
        atomic_fetch_add_explicit(&share->refs, 1, memory_order_relaxed);
        return share;
}

static void share_free(struct share *share)
{
        user_parts_wipe(&share->parts);
        user_parts_release(&share->parts);
        arena_release(&share->arena);
        free(share);
}

static bool share_last(struct share *share)
{
        return atomic_fetch_sub_explicit(&share->refs, 1, memory_order_acq_rel) == 1;
}

static void wipe(const char *text)
{
        if (text != NULL)
                explicit_bzero((char *)text, strlen(text));
}

struct full *full_new(void)
{
        struct full *full = xcalloc(1, sizeof(*full));

        atomic_init(&full->refs, 1);
        full->lines = share_new();
        full->secrets = share_new();
        return full;
}

struct conf *conf_ref(struct conf *conf)
{
        atomic_fetch_add_explicit(&full_of(conf)->refs, 1, memory_order_relaxed);
        return conf;
}

void conf_unref(struct conf *conf)
{
        struct full *full = full_of(conf);

        if (conf == NULL || atomic_fetch_sub_explicit(&full->refs, 1, memory_order_acq_rel) != 1)
                return;
        if (share_last(full->lines)) {
                for (size_t i = 0; i < conf->database_count; i++)
                        wipe(conf->databases[i].password);
                passfile_wipe(conf->passlines, conf->passline_count);
                share_free(full->lines);
        }
        if (share_last(full->secrets))
                share_free(full->secrets);
        for (size_t i = 0; i < OPTION_COUNT; i++)
                if (option_at(i)->kind == KIND_SECRET && conf->set[i])
                        wipe(value_load_text(option_at(i), &conf->opt));
        arena_release(&full->arena);
        free(full);
}

bool conf_is_set(const struct conf *conf, const struct option_info *info)
{
        return conf->set[option_id(info)];
}

void full_set_default(struct conf *conf, const struct option_info *info)
{
        const char *text = option_default(info, conf->pgsteer_defaults);
        int64_t number;
        char why[256];

        if (info->type == OPTION_STRING) {
                value_store_text(info, &conf->opt, text);
        } else {
                CHECK(value_parse(info, text, true, &number, why, sizeof(why)) == STATUS_OK);
                value_store(info, &conf->opt, number);
        }
}

/* Whether the option has the value it would have had anyway. */
enum status full_set(struct full *full, const struct option_info *info, const char *text, char *why,
                     size_t size)
{
        bool loose = full->conf.pgsteer_defaults || info->own;
        enum status status;
        int64_t number;

        why[0] = '\0';
        if (info->type != OPTION_STRING) {
                status = value_parse(info, text, loose, &number, why, size);
                if (status == STATUS_INVALID && !loose)
                        status = value_tolerate(info, text, false, &number, why, size);
                if (status != STATUS_INVALID)
                        value_store(info, &full->conf.opt, number);
        } else {
                status = value_check_text(info, text, why, size);
                if (status == STATUS_INVALID && !loose)
                        status = STATUS_DENIED; /* PgBouncer takes any text */
                if (status != STATUS_INVALID && !rules_check_text(info, text, why, size))
                        status = STATUS_INVALID;
                if (status != STATUS_INVALID && info->kind == KIND_SECRET && full->conf.set[option_id(info)])
                        wipe(value_load_text(info, &full->conf.opt));
                if (status != STATUS_INVALID)
                        value_store_text(info, &full->conf.opt, arena_strdup(&full->arena, text));
        }
        if (status != STATUS_INVALID)
                full->conf.set[option_id(info)] = true;
        return status;
}

void full_merge_users(struct full *full)
{
        struct conf *conf = &full->conf;

        conf->users = users_merge(&full->secrets->parts, &full->lines->parts, &conf->opt, &full->arena,
                                  &conf->user_count);
}

/* Lines with members of Patroni's have hosts that are not in the file. */
static void copy_databases(struct full *full, const struct conf *conf)
{
        struct conf_database *copy =
            arena_alloc(&full->arena, (conf->database_count + 1) * sizeof(*conf->databases));

        if (conf->database_count > 0)
                memcpy(copy, conf->databases, conf->database_count * sizeof(*copy));
        for (size_t i = 0; i < conf->database_count; i++)
                for (int j = 0; copy[i].patroni != NULL && j < copy[i].host_count; j++)
                        copy[i].hosts[j].host = arena_strdup(&full->arena, copy[i].hosts[j].host);
        full->conf.databases = full->databases = copy;
}

/* A copy with texts of its own, of the same lines and secrets. */
static struct full *copy(const struct conf *conf)
{
        const struct full *from = (const struct full *)conf;
        struct full *full = full_new();

        full->conf = *conf;
        share_free(full->lines);
        share_free(full->secrets);
        full->lines = share_ref(from->lines);
        full->secrets = share_ref(from->secrets);
        full->conf.path = arena_strdup(&full->arena, conf->path);
        copy_databases(full, conf);
        for (size_t i = 0; i < OPTION_COUNT; i++)
                if (option_at(i)->type == OPTION_STRING && conf->set[i])
                        value_store_text(
                            option_at(i), &full->conf.opt,
                            arena_strdup(&full->arena, value_load_text(option_at(i), &conf->opt)));
        return full;
}

/* Reads another auth_file into `full`. False: message says why not. */
static bool swap_secrets(struct full *full, char *message, size_t size)
{
        struct share *fresh = share_new();
        struct report *report = report_new();
        struct conf_report *found;
        bool good;

        if (*full->conf.opt.auth_file != '\0')
                userlist_read(&fresh->parts, full->conf.opt.auth_file, true, &fresh->arena, report);
        found = report_finish(report);
        good = found->fatal_count == 0;
        for (size_t i = 0; !good && i < found->count; i++)
                if (found->problems[i].fatal) {
                        conf_problem_format(&found->problems[i], message, size);
                        break;
                }
        conf_report_free(found);
        if (!good) {
                share_free(fresh);
                return false;
        }
        if (share_last(full->secrets))
                share_free(full->secrets);
        full->secrets = fresh;
        return true;
}

static enum status try_set(struct full *full, const struct option_info *info, const char *value,
                           char *message, size_t size)
{
        struct conf *conf = &full->conf;
        char why[768];
        enum status status = full_set(full, info, value, why, sizeof(why));

        if (status != STATUS_OK)
                snprintf(message, size, "%s: %s", info->name, why);
        if (status == STATUS_INVALID)
                return STATUS_INVALID;
        if (!rules_auth_complete(&conf->opt, message, size))
                return STATUS_INVALID;
        if (option_id(info) == OPTION_ID_auth_file && !swap_secrets(full, message, size))
                return STATUS_INVALID;
        full_merge_users(full);
        return STATUS_OK;
}

enum status conf_with(const struct conf *conf, const char *key, const char *value, struct conf **out,
                      char *message, size_t size)
{
        const struct option_info *info = option_find(key);
        struct suggest near = {.word = sv_cstr(key)};
        struct full *full;
        char meant[96];
        enum status status;

        *out = NULL;
        message[0] = '\0';
        if (info == NULL) {
                for (size_t i = 0; i < OPTION_COUNT; i++)
                        suggest_offer(&near, sv_cstr(option_at(i)->name));
                snprintf(message, size, "%s is no option%s", key, suggest_text(&near, meant, sizeof(meant)));
                return STATUS_ABSENT;
        }
        if (!info->reloadable) {
                snprintf(message, size, "%s cannot be changed while we run: write it into %s and restart",
                         key, conf->path);
                return STATUS_DENIED;
        }
        full = copy(conf);
        status = try_set(full, info, value, message, size);
        if (status == STATUS_OK)
                *out = &full->conf;
        else
                conf_unref(&full->conf);
        return status;
}

static bool same_hosts(const struct conf_database *db, const struct conf_host *hosts, int count)
{
        for (int i = 0; i < count && count == db->host_count; i++)
                if (db->hosts[i].port != hosts[i].port || strcmp(db->hosts[i].host, hosts[i].host) != 0)
                        return false;
        return count == db->host_count;
}

/* Weight and zone are the line's where it names the host. */
static void set_hosts(struct full *full, struct conf_database *db, const struct conf_host *hosts, int count)
{
        struct conf_database was = *db;

        db->host_count = count;
        for (int i = 0; i < count; i++) {
                db->hosts[i] = (struct conf_host){.weight = 1};
                for (int j = 0; j < was.host_count; j++)
                        if (was.hosts[j].port == hosts[i].port &&
                            strcmp(was.hosts[j].host, hosts[i].host) == 0)
                                db->hosts[i] = was.hosts[j];
                db->hosts[i].host = arena_strdup(&full->arena, hosts[i].host);
                db->hosts[i].port = hosts[i].port;
        }
}

struct conf *conf_with_members(const struct conf *conf, conf_members_fn *members, void *arg)
{
        struct conf_host hosts[CONF_NODES_MAX];
        struct full *full = NULL;

        for (size_t i = 0; i < conf->database_count; i++) {
                const struct conf_database *db = &conf->databases[i];
                int count = db->patroni != NULL ? members(arg, db->patroni, hosts) : 0;

                if (count == 0 || same_hosts(db, hosts, count))
                        continue;
                if (full == NULL) {
                        full = copy(conf);
                        full_merge_users(full);
                }
                set_hosts(full, &full->databases[i], hosts, count);
        }
        return full != NULL ? &full->conf : NULL;
}

static int compare_database(const void *name, const void *database)
{
        return strcmp(name, ((const struct conf_database *)database)->name);
}

const struct conf_database *conf_find_database(const struct conf *conf, const char *name)
{
        const struct conf_database *found =
            bsearch(name, conf->databases, conf->database_count, sizeof(*conf->databases), compare_database);

        if (found == NULL)
                found = bsearch("*", conf->databases, conf->database_count, sizeof(*conf->databases),
                                compare_database);
        return found;
}

static int compare_user(const void *name, const void *user)
{
        return strcmp(name, ((const struct conf_user *)user)->name);
}

enum channel_binding conf_channel_binding(const struct conf *conf, const struct conf_database *line)
{
        if (line != NULL && line->channel_binding >= 0)
                return (enum channel_binding)line->channel_binding;
        return (enum channel_binding)conf->opt.server_tls_channel_binding;
}

const struct conf_user *conf_find_user(const struct conf *conf, const char *name)
{
        if (conf->user_count == 0) /* bsearch() takes no NULL, not even for nothing */
                return NULL;
        return bsearch(name, conf->users, conf->user_count, sizeof(*conf->users), compare_user);
}

void conf_value(const struct conf *conf, const struct option_info *info, char *out, size_t size)
{
        if (info->type != OPTION_STRING) {
                value_format(info, value_load(info, &conf->opt), out, size);
                return;
        }
        if (info->kind == KIND_SECRET && value_load_text(info, &conf->opt)[0] != '\0')
                snprintf(out, size, "********");
        else
                snprintf(out, size, "%s", value_load_text(info, &conf->opt));
}

void conf_default(const struct conf *conf, const struct option_info *info, char *out, size_t size)
{
        snprintf(out, size, "%s", option_default(info, conf->pgsteer_defaults));
}

#include "auth/hba_inner.h"
#include "base/check.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void begin(struct hba_maker *m, hba_complain *complain, void *arg)
{
        struct hba *hba = xcalloc(1, sizeof(*hba));

        atomic_init(&hba->refs, 1);
        *m = (struct hba_maker){.hba = hba, .text = {.arena = &hba->arena, .complain = complain, .arg = arg}};
}

/* NULL: there was a mistake. */
static struct hba *made(struct hba_maker *m)
{
        if (m->text.errors == 0)
                return m->hba;
        hba_unref(m->hba);
        return NULL;
}

struct hba *hba_load(const char *rules, const char *idents, hba_complain *complain, void *arg)
{
        struct hba_maker m;

        begin(&m, complain, arg);
        if (*idents != '\0')
                hba_text_read(&m.text, idents);
        hba_read_mappings(&m);
        m.text.lines = NULL;
        m.text.count = m.text.cap = 0;
        hba_text_read(&m.text, rules);
        hba_read_rules(&m);
        return made(&m);
}

struct hba *hba_of_ldap(const char *options, hba_complain *complain, void *arg)
{
        struct hba_maker m;

        begin(&m, complain, arg);
        hba_make_ldap_rules(&m, options);
        return made(&m);
}

struct hba *hba_ref(struct hba *hba)
{
        if (hba != NULL)
                atomic_fetch_add(&hba->refs, 1);
        return hba;
}

void hba_unref(struct hba *hba)
{
        if (hba == NULL || atomic_fetch_sub(&hba->refs, 1) > 1)
                return;
        for (struct hba_pattern *p = hba->patterns; p != NULL; p = p->all)
                regfree(&p->regex);
        arena_wipe(&hba->arena); /* a directory's ldapbindpasswd */
        free(hba);
}

/* ---- matching ---- */

static bool is_connected(const struct hba_entry *e, const struct hba_client *client)
{
        switch (e->kind) {
        case HBA_LOCAL: return client->local;
        case HBA_HOST: return !client->local;
        case HBA_HOSTSSL: return !client->local && client->tls;
        case HBA_HOSTNOSSL: return !client->local && !client->tls;
        }
        return false;
}

static bool host_fits(const char *pattern, const char *host)
{
        size_t n = strlen(host), end = pattern[0] == '.' ? strlen(pattern) : n;

        return n >= end && strcasecmp(host + n - end, pattern) == 0;
}

/* client->host has been looked up, where a name is to be compared. */
static bool comes_from(const struct hba_entry *e, const struct hba_client *client)
{
        if (e->kind == HBA_LOCAL || e->any_address)
                return true;
        if (e->host != NULL)
                return host_fits(e->host, client->host);
        for (size_t i = 0; i < e->net_count; i++)
                if (ip_net_has(&e->nets[i], &client->address))
                        return true;
        return false;
}

static bool asks_for(const struct hba_entry *e, const struct hba_client *client)
{
        if (client->replication)
                return e->databases.replication;
        return hba_names_have(&e->databases, client->database) ||
               (e->databases.sameuser && strcmp(client->database, client->user) == 0);
}

const struct hba_rule *hba_match(const struct hba *hba, const struct hba_client *client, bool *wants_host)
{
        *wants_host = false;
        for (size_t i = 0; i < hba->count; i++) {
                const struct hba_entry *e = &hba->entries[i];

                if (!is_connected(e, client) || !asks_for(e, client) ||
                    !hba_names_have(&e->users, client->user))
                        continue;
                *wants_host = e->host != NULL && client->host == NULL;
                if (*wants_host)
                        return NULL;
                if (comes_from(e, client))
                        return &e->rule;
        }
        return NULL;
}

/* ---- maps ---- */

/* Whether `user` is `pattern` with \1 replaced by what the first parentheses have caught. */
static bool fits_caught(const char *pattern, struct sv caught, const char *user)
{
        const char *mark = strstr(pattern, "\\1");
        size_t before, n = strlen(user);

        if (mark == NULL)
                return strcmp(pattern, user) == 0;
        before = (size_t)(mark - pattern);
        return n == strlen(pattern) - 2 + caught.n && strncmp(user, pattern, before) == 0 &&
               memcmp(user + before, caught.p, caught.n) == 0 &&
               strcmp(user + before + caught.n, mark + 2) == 0;
}

static bool mapping_allows(const struct hba_mapping *m, const char *system_user, const char *user)
{
        struct sv caught = SV("");

        if (m->system_pattern != NULL) {
                regmatch_t match[2];

                if (regexec(&m->system_pattern->regex, system_user, 2, match, 0) != 0)
                        return false;
                if (m->system_pattern->regex.re_nsub > 0 && match[1].rm_so >= 0)
                        caught =
                            sv_from(system_user + match[1].rm_so, (size_t)(match[1].rm_eo - match[1].rm_so));
        } else if (strcmp(m->system_user, system_user) != 0) {
                return false;
        }
        if (m->all)
                return true;
        if (m->user_pattern != NULL)
                return regexec(&m->user_pattern->regex, user, 0, NULL, 0) == 0;
        return m->system_pattern != NULL ? fits_caught(m->user, caught, user) : strcmp(m->user, user) == 0;
}

bool hba_allows(const struct hba *hba, const struct hba_rule *rule, const char *system_user, const char *user)
{
        if (rule == NULL || rule->map == NULL)
                return strcmp(system_user, user) == 0;
        for (size_t i = 0; i < hba->mapping_count; i++)
                if (strcmp(hba->mappings[i].map, rule->map) == 0 &&
                    mapping_allows(&hba->mappings[i], system_user, user))
                        return true;
        return false;
}

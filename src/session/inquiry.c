#include "session/inquiry.h"

#include "auth/secret.h"
#include "authority/authority.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/helpers.h"
#include "session/delay.h"
#include "session/entry.h"
#include "session/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without client_login_timeout somebody must say when enough is enough. */
static const int64_t UNTIL_DEFAULT_US = 60 * US_PER_SEC;

struct inquiry {
        struct helper_job job;
        struct client *client; /* NULL: it has left. The worker's thread alone */
        struct helpers *helpers;
        bool given; /* the job is the helpers' */
        bool right; /* the answer */
        enum auth_type type;
        struct hba *hba; /* `rule` is of it; NULL: auth_type alone said so */
        const struct hba_rule *rule;
        char *service; /* of PAM */
        char *user, *address, *password;
        struct authority_question question;
};

static const char *method_name(enum auth_type type)
{
        return type == AUTH_LDAP ? "LDAP" : "PAM";
}

static void destroy(struct inquiry *q)
{
        hba_unref(q->hba);
        secret_free(q->password);
        free(q->service);
        free(q->user);
        free(q->address);
        free(q);
}

/* ---- on a helper's thread ---- */

static void work(struct helper_job *job)
{
        struct inquiry *q = list_item(job, struct inquiry, job);

        q->question.user = q->user;
        q->question.password = q->password;
        q->question.address = q->address;
        if (clock_us() >= q->question.until_us) {
                snprintf(q->question.why, sizeof(q->question.why), "too late to ask %s",
                         method_name(q->type));
                return;
        }
        q->right = q->type == AUTH_LDAP ? authority_ldap(&q->question, q->rule->directory)
                                        : authority_pam(&q->question, q->service,
                                                        q->rule != NULL && q->rule->pam_use_hostname);
}

/* ---- on the worker's ---- */

/* PgBouncer's words; under [pgsteer] PostgreSQL's. */
static void deny(struct client *c, const struct inquiry *q)
{
        const char *reason =
            q->type == AUTH_LDAP ? "LDAP authentication failed" : "PAM authentication failed";
        struct refusal r;

        if (c->room->conf->pgsteer_defaults)
                refusal_set(&r, "FATAL", "28000", "%s for user \"%.100s\"", reason, c->entry->user);
        else
                refusal_set(&r, "FATAL", "08P01", "%s", reason);
        delay_deny(c, &r, reason);
}

static void answered(struct client *c, struct inquiry *q)
{
        struct entry *e = c->entry;

        if (!q->right) {
                deny(c, q);
                return;
        }
        e->shown = q->password; /* which opens the servers too, where they have the same */
        q->password = NULL;
        entry_admit(c);
        client_go_on(c);
}

static void open_answer(struct letter *letter, void *owner)
{
        struct inquiry *q = list_item(letter, struct inquiry, job.letter);
        struct client *c = q->client;
        char name[400];

        (void)owner;
        q->given = false;
        if (q->question.why[0] != '\0' && c != NULL)
                log_warning("C-%p: %s %s", (const void *)c, client_name(c, name, sizeof(name)),
                            q->question.why);
        else if (q->question.why[0] != '\0')
                log_warning("%s", q->question.why);
        if (c != NULL)
                answered(c, q);
        else
                destroy(q);
}

bool inquiry_allowed(struct client *c, enum auth_type type)
{
        const struct conf *conf = c->room->conf;
        const struct conf_database *line =
            c->entry->admin_database ? NULL : conf_find_database(conf, c->entry->database);
        char name[400];

        if (conf->pgsteer_defaults || line == NULL || line->auth_user == NULL || line->auth_user[0] == '\0')
                return true;
        log_error("C-%p: %s %s can't be used together with database authentication", (const void *)c,
                  client_name(c, name, sizeof(name)), method_name(type));
        client_refuse(c, "08P01", "bouncer config error");
        return false;
}

struct inquiry *inquiry_open(struct client *c, const struct demand *demand)
{
        const struct hba_rule *rule = demand->rule;
        const char *service = c->room->conf->opt.auth_pam_service;
        char host[IP_TEXT_SIZE];
        struct inquiry *q;

        if (demand->type == AUTH_LDAP && rule == NULL) {
                client_refuse(c, "08P01", "auth_ldap_options is null");
                return NULL;
        }
        if (rule != NULL && rule->pam_service != NULL)
                service = rule->pam_service;
        q = xcalloc(1, sizeof(*q));
        q->client = c;
        q->helpers = c->room->crowd->helpers;
        q->type = demand->type;
        q->rule = rule;
        q->hba = rule != NULL ? hba_ref(c->room->hba) : NULL;
        q->service = xstrdup(service);
        q->user = xstrdup(c->entry->user);
        q->address = xstrdup(ip_text(&c->ip, host));
        return q;
}

void inquiry_begin(struct client *c, const char *password)
{
        struct inquiry *q = c->entry->inquiry;
        int64_t limit = c->room->conf->opt.client_login_timeout_us;

        q->password = xstrdup(password);
        q->question.until_us = limit > 0 ? c->connected_us + limit : clock_us() + UNTIL_DEFAULT_US;
        q->job.home = &c->room->loop->mailbox;
        q->job.letter.open = open_answer;
        q->job.work = work;
        q->job.lane = q->type == AUTH_LDAP ? q->rule->directory->lane : q->service;
        q->given = helpers_give(q->helpers, &q->job);
        if (q->given)
                client_move(c, CLIENT_INQUIRY);
        else
                client_refuse(c, "53300", "too many logins wait for their passwords to be checked");
}

void inquiry_close(struct inquiry *q)
{
        if (q == NULL)
                return;
        q->client = NULL;
        if (!q->given || helpers_take_back(q->helpers, &q->job))
                destroy(q);
}

#include "access.h"

#include "base/log.h"

#include <stdio.h>

struct teller {
        access_tell *tell;
        void *arg;
};

static void on_problem(void *arg, bool fatal, const char *file, int line, const char *text)
{
        struct conf_problem problem = {.fatal = fatal, .file = file, .line = line, .text = text};
        const struct teller *teller = arg;
        char words[2048];

        conf_problem_format(&problem, words, sizeof(words));
        teller->tell(teller->arg, fatal, words);
}

bool access_read_hba(const struct options *opt, struct hba **out, access_tell *tell, void *arg)
{
        struct teller teller = {tell, arg};

        *out = NULL;
        if (opt->auth_type == AUTH_LDAP && opt->auth_ldap_options[0] != '\0')
                *out = hba_of_ldap(opt->auth_ldap_options, on_problem, &teller);
        else if (opt->auth_type != AUTH_HBA)
                return true;
        else
                *out = hba_load(opt->auth_hba_file, opt->auth_ident_file, on_problem, &teller);
        return *out != NULL;
}

bool access_new(const struct conf *conf, const struct access *old, struct access *out, access_tell *tell,
                void *arg)
{
        bool rules, tls;

        *out = (struct access){0};
        rules = access_read_hba(&conf->opt, &out->hba, tell, arg);
        tls = tls_set_new(conf, old != NULL ? old->tls : NULL, &out->tls, tell, arg) == STATUS_OK;
        if (rules && tls)
                return true;
        access_release(out);
        return false;
}

/* The first error, for the console's answer. */
struct remark {
        char *text;
        size_t size;
        bool said;
};

static void on_remark(void *arg, bool fatal, const char *text)
{
        struct remark *remark = arg;

        if (fatal && !remark->said)
                snprintf(remark->text, remark->size, "%s", text);
        remark->said = remark->said || fatal;
}

static bool hba_with(const struct access *old, const struct access_change *change, struct hba **out,
                     struct remark *remark)
{
        const struct options *opt = &change->after->opt, *before = &change->before->opt;

        if (opt->auth_type == before->auth_type && strcmp(opt->auth_hba_file, before->auth_hba_file) == 0 &&
            strcmp(opt->auth_ident_file, before->auth_ident_file) == 0 &&
            strcmp(opt->auth_ldap_options, before->auth_ldap_options) == 0) {
                *out = hba_ref(old->hba);
                return true;
        }
        return access_read_hba(opt, out, on_remark, remark);
}

/* A key and its certificate are set one after the other: the old ones serve until both fit. Of lines nothing
 * can be set. */
static bool tls_with(const struct access *old, const struct access_change *change, struct tls_set **out,
                     struct remark *remark)
{
        const struct options *opt = &change->after->opt, *before = &change->before->opt;

        if (tls_set_settings_same(opt, before)) {
                *out = tls_set_ref(old->tls);
                return true;
        }
        if (tls_set_new(change->after, old->tls, out, on_remark, remark) == STATUS_OK)
                return true;
        if (opt->client_tls_sslmode != before->client_tls_sslmode ||
            opt->server_tls_sslmode != before->server_tls_sslmode)
                return false;
        log_warning("SET %s: TLS setup failed: %s; TLS goes on with what it had", change->key, remark->text);
        *out = tls_set_ref(old->tls);
        return true;
}

bool access_with(const struct access *old, const struct access_change *change, struct access *out,
                 char *message, size_t size)
{
        struct remark remark = {message, size, false};

        *out = (struct access){0};
        if (hba_with(old, change, &out->hba, &remark) && tls_with(old, change, &out->tls, &remark))
                return true;
        access_release(out);
        return false;
}

void access_release(struct access *access)
{
        tls_set_unref(access->tls);
        hba_unref(access->hba);
        *access = (struct access){0};
}

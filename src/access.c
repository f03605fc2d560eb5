#include "access.h"

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

void access_release(struct access *access)
{
        tls_set_unref(access->tls);
        hba_unref(access->hba);
        *access = (struct access){0};
}

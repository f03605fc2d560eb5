#include "auth/hba_inner.h"

#include <ldap.h>
#include <stdlib.h>
#include <string.h>

/* The words behind a method. */
struct options {
        struct hba_maker *m;
        const struct hba_line *line;
        enum hba_kind kind;
        struct hba_rule *rule;
        struct hba_directory *directory; /* of rule */
};

#define FAIL(o, ...) (hba_error(&(o)->m->text, (o)->line->file, (o)->line->number, __VA_ARGS__), false)

/* ---- LDAP ---- */

static bool set_port(struct options *o, const char *value)
{
        size_t n = strspn(value, "0123456789");
        long port = n > 0 && n <= 5 && value[n] == '\0' ? strtol(value, NULL, 10) : 0;

        if (port < 1 || port > 65535)
                return FAIL(o, "invalid LDAP port number: \"%s\"", value);
        o->directory->port = (int)port;
        return true;
}

static bool set_scheme(struct options *o, const char *value)
{
        if (strcmp(value, "ldap") != 0 && strcmp(value, "ldaps") != 0)
                return FAIL(o, "invalid ldapscheme value: \"%s\"", value);
        o->directory->scheme = value;
        return true;
}

/* A copy of what is not empty. */
static const char *kept(struct options *o, const char *text)
{
        return text != NULL && *text != '\0' ? arena_strdup(&o->m->hba->arena, text) : NULL;
}

/* ldap[s]://host[:port]/base[?attribute[?scope[?filter]]] */
static bool set_url(struct options *o, const char *value)
{
        struct hba_directory *d = o->directory;
        LDAPURLDesc *url;
        int error = ldap_url_parse(value, &url);
        bool known;

        if (error != LDAP_SUCCESS)
                return FAIL(o, "could not parse LDAP URL \"%s\": it is no LDAP URL (%d)", value, error);
        known = strcmp(url->lud_scheme, "ldap") == 0 || strcmp(url->lud_scheme, "ldaps") == 0;
        if (known) {
                d->scheme = kept(o, url->lud_scheme);
                d->servers = kept(o, url->lud_host);
                d->port = url->lud_port;
                d->base = kept(o, url->lud_dn);
                d->attribute = url->lud_attrs != NULL ? kept(o, url->lud_attrs[0]) : NULL;
                d->scope = url->lud_scope;
                d->filter = kept(o, url->lud_filter);
        } else {
                (void)FAIL(o, "unsupported LDAP URL scheme: %s", url->lud_scheme);
        }
        ldap_free_urldesc(url);
        return known;
}

/* What one option says, `name` having matched one of ldap's. */
static bool set_ldap(struct options *o, const char *name, const char *value)
{
        struct hba_directory *d = o->directory;
        const struct {
                const char *name;
                const char **to;
        } texts[] = {{"ldapserver", &d->servers},
                     {"ldapprefix", &d->prefix},
                     {"ldapsuffix", &d->suffix},
                     {"ldapbasedn", &d->base},
                     {"ldapbinddn", &d->bind_name},
                     {"ldapbindpasswd", &d->bind_password},
                     {"ldapsearchattribute", &d->attribute},
                     {"ldapsearchfilter", &d->filter}};

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                if (strcmp(name, texts[i].name) == 0) {
                        *texts[i].to = value;
                        return true;
                }
        if (strcmp(name, "ldapport") == 0)
                return set_port(o, value);
        if (strcmp(name, "ldapscheme") == 0)
                return set_scheme(o, value);
        if (strcmp(name, "ldapurl") == 0)
                return set_url(o, value);
        if (strcmp(name, "ldaptls") == 0) {
                d->start_tls = strcmp(value, "1") == 0;
                return true;
        }
        return FAIL(o, "invalid LDAP option: \"%s\"", name);
}

static bool is_said(const char *text)
{
        return text != NULL && *text != '\0';
}

static bool complete(struct options *o)
{
        struct hba_directory *d = o->directory;

        if (d->prefix != NULL || d->suffix != NULL) {
                if (d->base != NULL || d->bind_name != NULL || d->bind_password != NULL ||
                    d->attribute != NULL || d->filter != NULL)
                        return FAIL(o, "cannot mix options for simple bind and search+bind modes");
        } else if (d->base == NULL) {
                return FAIL(o, "authentication method \"ldap\" requires argument \"ldapbasedn\", "
                               "\"ldapprefix\", or \"ldapsuffix\" to be set");
        }
        if (d->attribute != NULL && d->filter != NULL)
                return FAIL(o, "cannot use ldapsearchattribute together with ldapsearchfilter");
        if (!is_said(d->servers) && !is_said(d->base))
                return FAIL(o, "LDAP server not specified, and no ldapbasedn");
        if (d->scheme == NULL)
                d->scheme = "ldap";
        if (d->port == 0)
                d->port = strcmp(d->scheme, "ldaps") == 0 ? LDAPS_PORT : LDAP_PORT;
        d->lane = arena_printf(&o->m->hba->arena, "%s://%s:%d", d->scheme,
                               is_said(d->servers) ? d->servers : d->base, d->port);
        return true;
}

/* ---- all of them ---- */

static bool has_map(const struct hba *hba, const char *name)
{
        for (size_t i = 0; i < hba->mapping_count; i++)
                if (strcmp(hba->mappings[i].map, name) == 0)
                        return true;
        return false;
}

static bool set_map(struct options *o, const char *value)
{
        o->rule->map = value;
        return has_map(o->m->hba, value) || FAIL(o, "map=%s: auth_ident_file has no map of that name", value);
}

static bool set_clientcert(struct options *o, const char *value)
{
        if (o->kind != HBA_HOSTSSL)
                return FAIL(o,
                            "clientcert= can only stand on a hostssl line: certificates come with TLS alone");
        if (strcmp(value, "verify-full") == 0)
                o->rule->clientcert = HBA_CERT_FULL;
        else if (strcmp(value, "verify-ca") != 0)
                return FAIL(o, "clientcert=%s: there are verify-ca and verify-full", value);
        else if (o->rule->method == HBA_CERT)
                return FAIL(o,
                            "clientcert=verify-ca: the method cert is verify-full already, and nothing less");
        else
                o->rule->clientcert = HBA_CERT_CA;
        return true;
}

static bool set_clientname(struct options *o, const char *value)
{
        if (o->kind != HBA_HOSTSSL)
                return FAIL(o,
                            "clientname= can only stand on a hostssl line: certificates come with TLS alone");
        o->rule->distinguished = strcmp(value, "DN") == 0;
        return o->rule->distinguished || strcmp(value, "CN") == 0 ||
               FAIL(o, "clientname=%s: there are CN and DN", value);
}

static bool set_pam_service(struct options *o, const char *value)
{
        o->rule->pam_service = value;
        return true;
}

static bool set_pam_use_hostname(struct options *o, const char *value)
{
        o->rule->pam_use_hostname = strcmp(value, "1") == 0;
        return true;
}

/* One that any method may have, or `method` alone. */
static const struct {
        const char *name;
        bool (*set)(struct options *o, const char *value);
        bool pam;
} known[] = {
    {"map", set_map, false},
    {"clientcert", set_clientcert, false},
    {"clientname", set_clientname, false},
    {"pamservice", set_pam_service, true},
    {"pam_use_hostname", set_pam_use_hostname, true},
};

static bool set(struct options *o, const struct hba_word *word)
{
        const char *equals = strchr(word->text, '='), *name;

        if (equals == NULL)
                return FAIL(o, "\"%s\" is no option: they are NAME=VALUE", word->text);
        name = arena_strndup(&o->m->hba->arena, word->text, (size_t)(equals - word->text));
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                if (strcmp(name, known[i].name) == 0 && (!known[i].pam || o->rule->method == HBA_PAM))
                        return known[i].set(o, equals + 1);
        if (o->rule->method == HBA_LDAP)
                return set_ldap(o, name, equals + 1);
        return FAIL(o,
                    "\"%s\" is not supported: there are map=NAME, for cert and peer, clientcert=verify-ca or "
                    "verify-full, clientname=CN or DN, those of ldap, and pamservice=NAME and "
                    "pam_use_hostname=1 for pam",
                    word->text);
}

static void warn(struct options *o)
{
        const struct hba_rule *rule = o->rule;
        bool of_certificate = rule->method == HBA_CERT || rule->clientcert == HBA_CERT_FULL;

        if (rule->map != NULL && !of_certificate && rule->method != HBA_PEER)
                hba_warn(&o->m->text, o->line->file, o->line->number,
                         "map=%s has no effect: only cert, clientcert=verify-full and peer use maps",
                         rule->map);
        if (rule->distinguished && !of_certificate)
                hba_warn(&o->m->text, o->line->file, o->line->number,
                         "clientname=DN has no effect: only cert and clientcert=verify-full look at a name");
}

bool hba_options_read(struct hba_maker *m, const struct hba_line *line, const struct hba_field *fields,
                      size_t count, struct hba_entry *e)
{
        struct hba_rule *rule = &e->rule;
        struct options o = {.m = m, .line = line, .kind = e->kind, .rule = rule};

        if (rule->method == HBA_LDAP) {
                rule->directory = o.directory = arena_alloc(&m->hba->arena, sizeof(*o.directory));
                o.directory->scope = LDAP_SCOPE_SUBTREE;
        }
        for (size_t i = 0; i < count; i++)
                for (size_t j = 0; j < fields[i].count; j++)
                        if (!set(&o, &fields[i].words[j]))
                                return false;
        warn(&o);
        return rule->method != HBA_LDAP || complete(&o);
}

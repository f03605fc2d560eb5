#include "auth/hba_inner.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* A line, field by field. */
struct parser {
        struct hba_maker *m;
        const struct hba_line *line;
        size_t next;
};

#define FAIL(p, ...) (hba_error(&(p)->m->text, (p)->line->file, (p)->line->number, __VA_ARGS__), false)
#define WARN(p, ...) hba_warn(&(p)->m->text, (p)->line->file, (p)->line->number, __VA_ARGS__)

static bool take_field(struct parser *p, const char *what, const struct hba_field **out)
{
        if (p->next == p->line->count)
                return FAIL(p, "the line ends before its %s", what);
        *out = &p->line->fields[p->next++];
        return true;
}

static bool take_word(struct parser *p, const char *what, const struct hba_word **out)
{
        const struct hba_field *field;

        if (!take_field(p, what, &field))
                return false;
        if (field->count != 1)
                return FAIL(p, "the %s is one word, not a list", what);
        *out = &field->words[0];
        return true;
}

/* ---- addresses ---- */

/* A mask of its own, in the next field. */
static bool take_mask(struct parser *p, struct ip_net *net)
{
        const struct hba_word *word;
        struct ip mask;

        if (p->next == p->line->count)
                return FAIL(p, "the address has neither a /prefix nor a mask behind it");
        if (!take_word(p, "mask", &word))
                return false;
        if (!ip_parse(word->text, &mask))
                return FAIL(p, "\"%s\" is no mask: write the address with a /prefix, or a mask behind it",
                            word->text);
        memcpy(net->mask, mask.bytes, sizeof(net->mask));
        return mask.family == net->ip.family || FAIL(p, "address and mask are not of the same kind");
}

/* False: it has been told why. */
static bool read_net(struct parser *p, const char *text, struct ip_net *net)
{
        const char *slash = strchr(text, '/');

        if (slash != NULL
                ? !ip_net_set_prefix(net, slash + 1) && !FAIL(p, "\"%s\" has a prefix out of range", text)
                : !take_mask(p, net))
                return false;
        if (ip_net_is_stray(net))
                WARN(p, "%s has bits outside its mask, so that no client fits, as in PgBouncer", text);
        return true;
}

/* What is neither an address nor could be a host's name is a slip. */
static bool read_host(struct parser *p, const char *text, const char **host)
{
        size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_");

        if (text[n] == '/' && n > strspn(text, "0123456789."))
                return FAIL(p, "\"%s\" is a host name, and those have no mask", text);
        if (text[n] != '\0' || strspn(text, "0123456789.") == n)
                return FAIL(p, "\"%s\" is no address", text);
        *host = text;
        return true;
}

static void add_own(struct ip_net *net, const struct sockaddr *address, const struct sockaddr *mask,
                    bool whole_net)
{
        const void *bytes =
            address->sa_family == AF_INET
                ? (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr
                : (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        const void *bits = address->sa_family == AF_INET
                               ? (const void *)&((const struct sockaddr_in *)(const void *)mask)->sin_addr
                               : (const void *)&((const struct sockaddr_in6 *)(const void *)mask)->sin6_addr;
        size_t n = ip_size(address->sa_family);

        net->ip.family = address->sa_family;
        memcpy(net->ip.bytes, bytes, n);
        memset(net->mask, 0xff, n);
        if (whole_net)
                memcpy(net->mask, bits, n);
        for (size_t i = 0; i < n; i++)
                net->ip.bytes[i] &= net->mask[i];
}

/* This machine's addresses, as they are now. */
static bool read_own(struct parser *p, struct hba_entry *e, bool whole_net)
{
        struct ifaddrs *list = NULL;
        struct ip_net *nets;
        size_t count = 0;

        if (getifaddrs(&list) != 0)
                return FAIL(p, "cannot find out this machine's addresses: %s", strerrordesc_np(errno));
        for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next)
                count++;
        e->nets = nets = arena_alloc(&p->m->hba->arena, (count + 1) * sizeof(*nets));
        for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next)
                if (i->ifa_addr != NULL && i->ifa_netmask != NULL &&
                    (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6))
                        add_own(&nets[e->net_count++], i->ifa_addr, i->ifa_netmask, whole_net);
        freeifaddrs(list);
        return true;
}

static bool read_address(struct parser *p, struct hba_entry *e)
{
        const char *slash;
        const struct hba_word *word;
        struct ip_net net = {0};

        if (!take_word(p, "address", &word))
                return false;
        if (hba_word_is(word, "all")) {
                e->any_address = true;
                return true;
        }
        if (hba_word_is(word, "samehost") || hba_word_is(word, "samenet"))
                return read_own(p, e, hba_word_is(word, "samenet"));
        slash = strchrnul(word->text, '/');
        if (!ip_parse(arena_strndup(&p->m->hba->arena, word->text, (size_t)(slash - word->text)), &net.ip))
                return read_host(p, word->text, &e->host);
        if (!read_net(p, word->text, &net))
                return false;
        e->nets = memcpy(arena_alloc(&p->m->hba->arena, sizeof(net)), &net, sizeof(net));
        e->net_count = 1;
        return true;
}

/* ---- the rest of a line ---- */

static bool read_kind(struct parser *p, enum hba_kind *kind)
{
        static const struct {
                const char *word;
                enum hba_kind kind;
        } kinds[] = {{"local", HBA_LOCAL},
                     {"host", HBA_HOST},
                     {"hostssl", HBA_HOSTSSL},
                     {"hostnossl", HBA_HOSTNOSSL},
                     {"hostnogssenc", HBA_HOST}};
        const struct hba_word *word;

        if (!take_word(p, "type", &word))
                return false;
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (hba_word_is(word, kinds[i].word)) {
                        *kind = kinds[i].kind;
                        return true;
                }
        if (hba_word_is(word, "hostgssenc"))
                return FAIL(p, "hostgssenc is not supported: there is no GSSAPI encryption here");
        return FAIL(p, "\"%s\" is no type of line: they begin with local, host, hostssl or hostnossl",
                    word->text);
}

static bool read_method(struct parser *p, enum hba_method *method)
{
        static const char *const words[] = {
            [HBA_TRUST] = "trust",       [HBA_REJECT] = "reject",       [HBA_MD5] = "md5",
            [HBA_PASSWORD] = "password", [HBA_SCRAM] = "scram-sha-256", [HBA_CERT] = "cert",
            [HBA_PEER] = "peer",         [HBA_LDAP] = "ldap",           [HBA_PAM] = "pam"};
        static const char *const lacking[] = {"gss", "sspi", "radius", "ident", "oauth", "bsd"};
        const struct hba_word *word;

        if (!take_word(p, "method", &word))
                return false;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (hba_word_is(word, words[i])) {
                        *method = (enum hba_method)i;
                        return true;
                }
        for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++)
                if (hba_word_is(word, lacking[i]))
                        return FAIL(p, "the method %s is not supported", word->text);
        return FAIL(p,
                    "\"%s\" is no method: there are trust, reject, md5, password, scram-sha-256, cert, peer, "
                    "ldap and pam",
                    word->text);
}

static bool read_rule(struct parser *p, struct hba_entry *e)
{
        const struct hba_field *databases, *users;

        *e = (struct hba_entry){.rule = {.file = p->line->file, .line = p->line->number}};
        if (!read_kind(p, &e->kind) || !take_field(p, "databases", &databases) ||
            !hba_names_read(p->m, p->line, databases, true, &e->databases) ||
            !take_field(p, "users", &users) || !hba_names_read(p->m, p->line, users, false, &e->users))
                return false;
        if ((e->kind != HBA_LOCAL && !read_address(p, e)) || !read_method(p, &e->rule.method) ||
            !hba_options_read(p->m, p->line, &p->line->fields[p->next], p->line->count - p->next, e))
                return false;
        if (e->rule.method == HBA_PEER && e->kind != HBA_LOCAL)
                WARN(p, "peer lets nobody in here: only a Unix socket tells who is at its other end");
        if (e->rule.method == HBA_CERT && (e->kind == HBA_LOCAL || e->kind == HBA_HOSTNOSSL))
                WARN(p, "cert lets nobody in here: certificates come with TLS alone");
        return true;
}

void hba_read_rules(struct hba_maker *m)
{
        struct hba *hba = m->hba;

        hba->entries = arena_alloc(&hba->arena, (m->text.count + 1) * sizeof(*hba->entries));
        for (size_t i = 0; i < m->text.count; i++) {
                struct parser p = {.m = m, .line = &m->text.lines[i]};

                if (read_rule(&p, &hba->entries[hba->count]))
                        hba->count++;
        }
}

void hba_make_ldap_rules(struct hba_maker *m, const char *options)
{
        static const enum hba_kind kinds[] = {HBA_LOCAL, HBA_HOST};
        const struct hba_line line = {.file = "auth_ldap_options"};
        const struct hba_names all = {.all = true, .replication = true};
        struct hba *hba = m->hba;
        struct hba_entry e = {.rule = {.method = HBA_LDAP, .file = line.file},
                              .databases = all,
                              .users = all,
                              .any_address = true};
        struct hba_field field;

        if (!hba_text_words(&m->text, line.file, options, &field) ||
            !hba_options_read(m, &line, &field, 1, &e))
                return;
        hba->entries = arena_alloc(&hba->arena, sizeof(kinds) / sizeof(kinds[0]) * sizeof(*hba->entries));
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                e.kind = kinds[i];
                hba->entries[hba->count++] = e;
        }
}

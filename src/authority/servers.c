#include "authority/servers.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

#include <ldap.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- who has not answered ---- */

enum { SHUNNED_MAX = 32 };

static struct {
        pthread_mutex_t lock;
        struct {
                char *uri; /* NULL: a free place */
                int64_t until_us;
        } all[SHUNNED_MAX];
} shunned = {.lock = PTHREAD_MUTEX_INITIALIZER};

void servers_note(const char *uri, bool answered)
{
        int place = 0;

        pthread_mutex_lock(&shunned.lock);
        /* Its own place, else the one that is free or is free first. */
        for (int i = 0; i < SHUNNED_MAX; i++) {
                if (shunned.all[i].uri != NULL && strcmp(shunned.all[i].uri, uri) == 0) {
                        place = i;
                        break;
                }
                if (shunned.all[i].until_us < shunned.all[place].until_us)
                        place = i;
        }
        if (!answered) {
                char *copy = xstrdup(uri);

                free(shunned.all[place].uri);
                shunned.all[place].uri = copy;
                shunned.all[place].until_us = clock_us() + AUTHORITY_SHUN_MS * US_PER_MS;
        } else if (shunned.all[place].uri != NULL && strcmp(shunned.all[place].uri, uri) == 0) {
                free(shunned.all[place].uri);
                shunned.all[place].uri = NULL;
                shunned.all[place].until_us = 0;
        }
        pthread_mutex_unlock(&shunned.lock);
}

static bool is_shunned(const char *uri)
{
        int64_t now = clock_us();
        bool found = false;

        pthread_mutex_lock(&shunned.lock);
        for (int i = 0; i < SHUNNED_MAX && !found; i++)
                found = shunned.all[i].uri != NULL && shunned.all[i].until_us > now &&
                        strcmp(shunned.all[i].uri, uri) == 0;
        pthread_mutex_unlock(&shunned.lock);
        return found;
}

/* Those that answer first, else in their order. */
static void order(struct authority_servers *s)
{
        char *late[SERVERS_MAX] = {NULL};
        size_t good = 0, bad = 0;

        for (size_t i = 0; i < s->count; i++)
                if (is_shunned(s->uris[i]))
                        late[bad++] = s->uris[i];
                else
                        s->uris[good++] = s->uris[i];
        memcpy(&s->uris[good], late, bad * sizeof(*late));
}

/* ---- where they are ---- */

/* By the domain that the base is of: "dc=example,dc=net" is example.net. */
static bool ask_dns(const char *base, char **hosts, char why[AUTHORITY_WHY_SIZE])
{
        char *domain = NULL;
        bool good = false;

        if (ldap_dn2domain(base, &domain) != 0 || domain == NULL)
                snprintf(why, AUTHORITY_WHY_SIZE, "could not extract domain name from ldapbasedn");
        else if (ldap_domain2hostlist(domain, hosts) != 0)
                snprintf(why, AUTHORITY_WHY_SIZE,
                         "LDAP authentication could not find DNS SRV records for \"%s\"", domain);
        else
                good = true;
        if (domain != NULL)
                ldap_memfree(domain);
        return good;
}

/* An IPv6 address in a URI has brackets. */
static bool needs_brackets(const char *host, size_t n)
{
        const char *colon = memchr(host, ':', n);

        return *host != '[' && colon != NULL &&
               memchr(colon + 1, ':', n - (size_t)(colon + 1 - host)) != NULL;
}

static void add(struct authority_servers *s, const struct hba_directory *d, const char *host, size_t n)
{
        bool brackets = needs_brackets(host, n);
        char port[16] = "";

        if (s->found == NULL) /* what DNS says has one */
                snprintf(port, sizeof(port), ":%d", d->port);
        CHECK(asprintf(&s->uris[s->count++], "%s://%s%.*s%s%s", d->scheme, brackets ? "[" : "", (int)n, host,
                       brackets ? "]" : "", port) > 0);
}

bool servers_find(const struct hba_directory *d, struct authority_servers *out, char why[AUTHORITY_WHY_SIZE])
{
        const char *p = d->servers;

        *out = (struct authority_servers){0};
        if (p == NULL || *p == '\0') {
                if (!ask_dns(d->base, &out->found, why))
                        return false;
                p = out->found;
        }
        out->text = p;
        for (p += strspn(p, " "); *p != '\0' && out->count < SERVERS_MAX; p += strspn(p, " ")) {
                size_t n = strcspn(p, " ");

                add(out, d, p, n);
                p += n;
        }
        order(out);
        if (out->count > 0)
                return true;
        snprintf(why, AUTHORITY_WHY_SIZE, "there is no LDAP server in \"%s\"", out->text);
        servers_free(out);
        return false;
}

void servers_free(struct authority_servers *s)
{
        for (size_t i = 0; i < s->count; i++)
                free(s->uris[i]);
        if (s->found != NULL)
                ldap_memfree(s->found);
}

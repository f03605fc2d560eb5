#include "authority/authority.h"

#include "authority/servers.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

#include <ldap.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For one answer, and for a connection to be made: with a list of servers there is time for the others. */
static const int64_t ANSWER_US = 10 * US_PER_SEC, CONNECT_US = 3 * US_PER_SEC;

enum verdict { YES, NO, UNREACHABLE };

/* One question at one server. */
struct visit {
        struct authority_question *q;
        const struct hba_directory *directory;
        const char *uri;
        const char *servers; /* as the log names them */
        LDAP *ldap;
};

/* ---- verdicts ---- */

/* Whether another server may do better. */
static enum verdict verdict_of(int error)
{
        switch (error) {
        case LDAP_SUCCESS: return YES;
        case LDAP_SERVER_DOWN:
        case LDAP_CONNECT_ERROR:
        case LDAP_TIMEOUT:
        case LDAP_BUSY:
        case LDAP_UNAVAILABLE: return UNREACHABLE;
        default: return NO;
        }
}

static enum verdict fail(struct visit *v, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum verdict fail(struct visit *v, int error, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(v->q->why, sizeof(v->q->why), format, args);
        va_end(args);
        return verdict_of(error) == YES ? NO : verdict_of(error);
}

/* ---- a connection ---- */

static void leave(struct visit *v)
{
        if (v->ldap != NULL)
                ldap_unbind_ext_s(v->ldap, NULL, NULL);
        v->ldap = NULL;
}

/* What is left of the question's time, at most `limit`. */
static struct timeval time_left(const struct visit *v, int64_t limit)
{
        int64_t left = v->q->until_us - clock_us();

        if (left > limit)
                left = limit;
        if (left < US_PER_MS)
                left = US_PER_MS;
        return (struct timeval){.tv_sec = left / US_PER_SEC, .tv_usec = left % US_PER_SEC};
}

static int set_up(struct visit *v)
{
        const int version = LDAP_VERSION3;
        struct timeval connect = time_left(v, CONNECT_US), answer = time_left(v, ANSWER_US);
        int error = ldap_set_option(v->ldap, LDAP_OPT_PROTOCOL_VERSION, &version);

        if (error == LDAP_SUCCESS)
                error = ldap_set_option(v->ldap, LDAP_OPT_NETWORK_TIMEOUT, &connect);
        if (error == LDAP_SUCCESS)
                error = ldap_set_option(v->ldap, LDAP_OPT_TIMEOUT, &answer);
        return error;
}

/* The first question of all makes libldap read its own files, which many threads must not make it do at once.
 */
static void prepare_library(void)
{
        int level;

        ldap_get_option(NULL, LDAP_OPT_DEBUG_LEVEL, &level);
}

/* Nothing is sent before the first question, but for TLS. */
static enum verdict enter(struct visit *v)
{
        static pthread_once_t prepared = PTHREAD_ONCE_INIT;
        int error;

        CHECK(pthread_once(&prepared, prepare_library) == 0);
        error = ldap_initialize(&v->ldap, v->uri);
        if (error != LDAP_SUCCESS)
                return fail(v, error, "could not initialize LDAP: %s", ldap_err2string(error));
        error = set_up(v);
        if (error != LDAP_SUCCESS)
                return fail(v, error, "could not set LDAP options: %s", ldap_err2string(error));
        if (!v->directory->start_tls)
                return YES;
        error = ldap_start_tls_s(v->ldap, NULL, NULL);
        if (error != LDAP_SUCCESS)
                return fail(v, error, "could not start LDAP TLS session: %s, server: %s, port: %d",
                            ldap_err2string(error), v->servers, v->directory->port);
        return YES;
}

static int bind_as(struct visit *v, const char *name, const char *password)
{
        /* Not written to. */
        struct berval secret = {.bv_val = (char *)password, .bv_len = strlen(password)};

        return ldap_sasl_bind_s(v->ldap, name, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
}

/* ---- the search ---- */

static const char *or_nothing(const char *text)
{
        return text != NULL ? text : "";
}

static void put(FILE *out, const char *text, size_t n)
{
        fwrite(text, 1, n, out);
}

/* The caller frees. */
static char *filter_for(const struct hba_directory *d, const char *user)
{
        static const char mark[] = "$username";
        char *filter = NULL;
        size_t size;
        FILE *out = open_memstream(&filter, &size);

        CHECK(out != NULL);
        if (d->filter == NULL) {
                fprintf(out, "(%s=%s)", d->attribute != NULL ? d->attribute : "uid", user);
        } else {
                const char *at = d->filter, *next;

                while ((next = strstr(at, mark)) != NULL) {
                        put(out, at, (size_t)(next - at));
                        put(out, user, strlen(user));
                        at = next + sizeof(mark) - 1;
                }
                put(out, at, strlen(at));
        }
        CHECK(fclose(out) == 0);
        return filter;
}

/* The one entry's name. */
static enum verdict name_found(struct visit *v, const char *filter, LDAPMessage *found, char **name)
{
        int count = ldap_count_entries(v->ldap, found);
        char *text;

        if (count != 1)
                return fail(
                    v, LDAP_SUCCESS,
                    "LDAP user \"%s\" %s: LDAP search for filter \"%s\" on server \"%s\" returned %d entries",
                    v->q->user, count == 0 ? "does not exist" : "is not unique", filter, v->servers, count);
        text = ldap_get_dn(v->ldap, ldap_first_entry(v->ldap, found));
        if (text == NULL)
                return fail(v, LDAP_SUCCESS,
                            "could not get dn for the first entry matching \"%s\" on server \"%s\"", filter,
                            v->servers);
        *name = xstrdup(text);
        ldap_memfree(text);
        return YES;
}

/* Who the user is to the directory. */
static enum verdict search(struct visit *v, char **name)
{
        const struct hba_directory *d = v->directory;
        char no_attributes[] = LDAP_NO_ATTRS, *attributes[] = {no_attributes, NULL};
        char *filter = filter_for(d, v->q->user);
        LDAPMessage *found = NULL;
        int error = bind_as(v, or_nothing(d->bind_name), or_nothing(d->bind_password));
        enum verdict verdict;

        if (error != LDAP_SUCCESS) {
                verdict =
                    fail(v, error,
                         "could not perform initial LDAP bind for ldapbinddn \"%s\" on server \"%s\": %s",
                         or_nothing(d->bind_name), v->servers, ldap_err2string(error));
        } else {
                error = ldap_search_ext_s(v->ldap, d->base, d->scope, filter, attributes, 0, NULL, NULL, NULL,
                                          LDAP_NO_LIMIT, &found);
                verdict = error != LDAP_SUCCESS
                              ? fail(v, error, "could not search LDAP for filter \"%s\" on server \"%s\": %s",
                                     filter, v->servers, ldap_err2string(error))
                              : name_found(v, filter, found, name);
        }
        ldap_msgfree(found);
        free(filter);
        return verdict;
}

/* ---- the question ---- */

static enum verdict name_of(struct visit *v, char **name)
{
        const struct hba_directory *d = v->directory;
        enum verdict verdict;

        if (d->base == NULL) {
                if (asprintf(name, "%s%s%s", or_nothing(d->prefix), v->q->user, or_nothing(d->suffix)) < 0)
                        CHECK(!"memory");
                return YES;
        }
        verdict = search(v, name);
        if (verdict != YES)
                return verdict;
        leave(v); /* as PostgreSQL does: who binds twice on a connection may be refused */
        return enter(v);
}

static enum verdict ask_at(struct visit *v)
{
        enum verdict verdict = enter(v);
        char *name = NULL;
        int error;

        if (verdict == YES)
                verdict = name_of(v, &name);
        if (verdict == YES) {
                error = bind_as(v, name, v->q->password);
                if (error != LDAP_SUCCESS)
                        verdict = fail(v, error, "LDAP login failed for user %s on server %s: %s", name,
                                       v->servers, ldap_err2string(error));
        }
        free(name);
        leave(v);
        return verdict;
}

bool authority_ldap(struct authority_question *q, const struct hba_directory *directory)
{
        struct visit v = {.q = q, .directory = directory};
        struct authority_servers servers;
        enum verdict verdict = NO;

        q->why[0] = '\0';
        /* In a filter they would mean something; PostgreSQL refuses them too. */
        if (directory->base != NULL && strpbrk(q->user, "*()\\/") != NULL) {
                snprintf(q->why, sizeof(q->why), "invalid character in user name for LDAP authentication");
                return false;
        }
        if (!servers_find(directory, &servers, q->why))
                return false;
        v.servers = servers.text;
        for (size_t i = 0; i < servers.count; i++) {
                v.uri = servers.uris[i];
                verdict = ask_at(&v);
                servers_note(v.uri, verdict != UNREACHABLE);
                if (verdict != UNREACHABLE || clock_us() >= q->until_us)
                        break;
        }
        servers_free(&servers);
        if (verdict == YES)
                q->why[0] = '\0';
        return verdict == YES;
}

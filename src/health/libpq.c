#include "health/libpq.h"

#include "base/check.h"
#include "base/memory.h"
#include "health/resolver.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void target_copy(struct probe_target *mine, const struct probe_target *from)
{
        *mine = (struct probe_target){
            .host = xstrdup(from->host),
            .port = from->port,
            .user = xstrdup(from->user),
            .password = from->password != NULL ? xstrdup(from->password) : NULL,
            .dbname = xstrdup(from->dbname),
        };
        trust_copy(&mine->trust, &from->trust);
}

static void free_text(const char *text)
{
        free((char *)(uintptr_t)text);
}

void target_free(struct probe_target *mine)
{
        if (mine->password != NULL)
                explicit_bzero((char *)(uintptr_t)mine->password, strlen(mine->password));
        free_text(mine->password);
        free_text(mine->host);
        free_text(mine->user);
        free_text(mine->dbname);
        trust_free(&mine->trust);
        *mine = (struct probe_target){0};
}

static bool same_text(const char *a, const char *b)
{
        return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool target_same(const struct probe_target *a, const struct probe_target *b)
{
        return same_text(a->host, b->host) && a->port == b->port && same_text(a->user, b->user) &&
               same_text(a->password, b->password) && same_text(a->dbname, b->dbname) &&
               trust_same(&a->trust, &b->trust);
}

void libpq_forget_environment(void)
{
        /* These are libpq's as well, and not in its list. */
        static const char *const more[] = {"PGDATESTYLE", "PGTZ", "PGGEQO", "PGSERVICEFILE", "PGSYSCONFDIR"};
        PQconninfoOption *all = PQconndefaults();

        for (const PQconninfoOption *o = all; o != NULL && o->keyword != NULL; o++)
                if (o->envvar != NULL && strcmp(o->envvar, "PGPASSFILE") != 0)
                        CHECK(unsetenv(o->envvar) == 0); /* NOLINT(concurrency-mt-unsafe) */
        for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
                CHECK(unsetenv(more[i]) == 0); /* NOLINT(concurrency-mt-unsafe) */
        PQconninfoFree(all);
}

static bool is_numeric(const char *host)
{
        struct in6_addr scratch;

        return inet_pton(AF_INET, host, &scratch) == 1 || inet_pton(AF_INET6, host, &scratch) == 1;
}

bool libpq_is_name(const char *host)
{
        return host[0] != '/' && host[0] != '@' && !is_numeric(host);
}

/* "host,host" to go with "address,address": libpq wants lists of one length. */
static void repeat_host(const char *host, const char *addresses, char *out, size_t size)
{
        size_t n = (size_t)snprintf(out, size, "%s", host);

        for (const char *at = strchr(addresses, ','); at != NULL && n < size; at = strchr(at + 1, ','))
                n += (size_t)snprintf(out + n, size - n, ",%s", host);
}

static void ignore_notice(void *arg, const PGresult *result)
{
        (void)arg;
        (void)result;
}

PGconn *libpq_start(const struct probe_target *target, const struct resolver *resolver,
                    const char *application, const char *options)
{
        char port[12], hosts[RESOLVER_ADDRESSES * 260];
        const char *keys[24] = {NULL}, *values[24] = {NULL};
        PGconn *conn;
        int n = 0;

#define SET(key, value) (keys[n] = (key), values[n++] = (value))
        snprintf(port, sizeof(port), "%d", target->port);
        if (resolver != NULL)
                repeat_host(target->host, resolver_addresses(resolver), hosts, sizeof(hosts));
        SET("host", resolver != NULL ? hosts : target->host);
        if (resolver != NULL)
                SET("hostaddr", resolver_addresses(resolver));
        else if (is_numeric(target->host))
                SET("hostaddr", target->host);
        SET("port", port);
        SET("user", target->user);
        if (target->password != NULL)
                SET("password", target->password);
        SET("passfile", TRUST_NOWHERE); /* health/login.h has looked into ours */
        SET("dbname", target->dbname);
        SET("application_name", application);
        SET("options", options);
        for (int i = 0; i < TRUST_KEYS; i++)
                if (target->trust.values[i] != NULL)
                        SET(trust_keys[i], target->trust.values[i]);
        SET("gssencmode", "disable"); /* its library blocks */
        SET("target_session_attrs", "any");
#undef SET
        conn = PQconnectStartParams(keys, values, 0);
        CHECK(conn != NULL);
        PQsetErrorVerbosity(conn, PQERRORS_VERBOSE); /* the only way to a failed login's SQLSTATE */
        PQsetNoticeReceiver(conn, ignore_notice, NULL);
        return conn;
}

/* libpq: how a connection to a node is begun: to whom, and what libpq is told. For the probes and the readers
 * of catalogs; what becomes of it is theirs. Never blocks. */
#pragma once

#include "health/trust.h"

#include <libpq-fe.h>

struct resolver;

struct probe_target {
        const char *host; /* name, numeric address, "/dir" or "@dir" */
        int port;
        const char *user, *password /* NULL: none, libpq then looks into its password file */, *dbname;
        struct trust trust;
};

/* A copy whose strings are its own; target_free wipes the password. */
void target_copy(struct probe_target *mine, const struct probe_target *from);
void target_free(struct probe_target *mine);

/* Whether the host is a name, which libpq would look up blocking: then `resolver` must have its addresses. */
bool libpq_is_name(const char *host);

/* Begins to connect; CHECKs that there was memory. PQstatus says whether it can go on; then the socket is to
 * be watched for writing. `application`: what the server calls us; `options`: as of the startup packet. */
PGconn *libpq_start(const struct probe_target *target, const struct resolver *resolver,
                    const char *application, const char *options);

/* libpq: how a connection to a node is begun: to whom, and what libpq is told. What becomes of it is
 * health/contact.h's. Never blocks. */
#pragma once

#include "health/trust.h"

#include <libpq-fe.h>

struct resolver;

struct probe_target {
        const char *host; /* name, numeric address, "/dir" or "@dir" */
        int port;
        const char *user, *password /* NULL: none */, *dbname;
        struct trust trust;
};

/* A copy whose strings are its own; target_free wipes the password. */
void target_copy(struct probe_target *mine, const struct probe_target *from);
void target_free(struct probe_target *mine);
bool target_same(const struct probe_target *a, const struct probe_target *b);

/* libpq takes what it is not told from variables of the environment, which are those of whoever has started
 * us, and no server of a line is logged in at with them: from now on there are none, but for PGPASSFILE,
 * which the option passfile means. Before there are threads. */
void libpq_forget_environment(void);

/* Whether the host is a name, which libpq would look up blocking: then `resolver` must have its addresses. */
bool libpq_is_name(const char *host);

/* Begins to connect; CHECKs that there was memory. PQstatus says whether it can go on; then the socket is to
 * be watched for writing. `application`: what the server calls us; `options`: as of the startup packet. */
PGconn *libpq_start(const struct probe_target *target, const struct resolver *resolver,
                    const char *application, const char *options);

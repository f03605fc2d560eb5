/* fake_server: just enough of a PostgreSQL server for the health checker, with a will of its own. It listens
 * on a port of 127.0.0.1 from a thread, and answers any query with the one row it was given. */
#pragma once

#include <stdbool.h>

enum { FAKE_COLUMNS = 12 };

enum fake_mode {
        FAKE_ANSWERS,
        FAKE_REJECTS,         /* every login and every query, with the given SQLSTATE */
        FAKE_REJECTS_CONTROL, /* queries that call pg_control_system: 42501; answers the others */
        FAKE_SILENT,          /* accepts and reads, and says nothing: frozen */
        FAKE_DROPS,           /* closes what connects, and what asks */
};

struct fake_server;

/* Listens at once, FAKE_ANSWERS with a row of NULLs. */
struct fake_server *fake_server_new(void);
int fake_server_port(const struct fake_server *server);

void fake_server_be(struct fake_server *server, enum fake_mode mode, const char *sqlstate);

/* The row: a primary or a standby of system identifier 771. */
void fake_server_play(struct fake_server *server, bool standby, int timeline, const char *lsn);

/* How many queries came so far. */
int fake_server_queries(struct fake_server *server);

/* Closes all connections and stops listening: from now on it refuses. Then listens again, on the same port.
 */
void fake_server_stop(struct fake_server *server);
void fake_server_start(struct fake_server *server);

/* Closes the connections alone. */
void fake_server_drop_all(struct fake_server *server);

void fake_server_free(struct fake_server *server);

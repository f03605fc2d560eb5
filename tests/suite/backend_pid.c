/* Preloaded into isolationtester, which asks the server who waits for whom, by the process ids that sessions
 * were told at login. From a pooler that is an id of the pooler's: the server itself is asked. */
#include <libpq-fe.h>
#include <stdint.h>
#include <stdlib.h>

int PQbackendPID(const PGconn *conn)
{
        PGresult *result = PQexec((PGconn *)(uintptr_t)conn, "SELECT pg_catalog.pg_backend_pid()");
        int pid = PQntuples(result) == 1 ? atoi(PQgetvalue(result, 0, 0)) : 0;

        PQclear(result);
        return pid;
}

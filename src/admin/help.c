#include "admin/help.h"

const char *console_help(void)
{
        return "\n\tSHOW HELP|CONFIG|DATABASES|POOLS|CLIENTS|SERVERS|USERS|VERSION\n"
               "\tSHOW PEERS|PEER_POOLS\n"
               "\tSHOW FDS|SOCKETS|ACTIVE_SOCKETS|LISTS|MEM|STATE\n"
               "\tSHOW DNS_HOSTS|DNS_ZONES\n"
               "\tSHOW STATS|STATS_TOTALS|STATS_AVERAGES|TOTALS\n"
               "\tSET key = arg\n"
               "\tRELOAD\n"
               "\tPAUSE [<db>]\n"
               "\tRESUME [<db>]\n"
               "\tDISABLE <db>\n"
               "\tENABLE <db>\n"
               "\tRECONNECT [<db>]\n"
               "\tKILL [<db>]\n"
               "\tKILL_CLIENT <client_id>\n"
               "\tSUSPEND\n"
               "\tSHUTDOWN\n"
               "\tSHUTDOWN WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS\n"
               "\tWAIT_CLOSE [<db>]\n"
               "\tSHOW ALL|NODES|TOPOLOGY|FAILOVERS|CATALOG|ROUTES|SESSIONS|LEARNED|EXTENDED POOLS\n"
               "\tFORGET [<db>]\n"
               "\tSWITCHOVER <db> TO <host:port> [FORCE]\n"
               "\tDRAIN|UNDRAIN|FENCE|UNFENCE <host:port>\n"
               "\tSELECT ... (SQL over all of these)\n"
               "\tEXPLAIN ROUTE [(user <name>, <setting> <value>, ...)] FOR <db>: <sql>";
}

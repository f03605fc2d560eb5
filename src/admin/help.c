#include "admin/help.h"

const char *console_help(void)
{
        return "\n\tSHOW HELP|CONFIG|ALL|DATABASES|POOLS|CLIENTS|SERVERS|USERS|VERSION\n"
               "\tSHOW PEERS|PEER_POOLS\n"
               "\tSHOW SOCKETS|ACTIVE_SOCKETS|LISTS|MEM|STATE\n"
               "\tSHOW DNS_HOSTS|DNS_ZONES\n"
               "\tSHOW STATS|STATS_TOTALS|STATS_AVERAGES|TOTALS\n"
               "\tSHOW NODES|TOPOLOGY|ROUTES|SESSIONS|EXTENDED POOLS\n"
               "\tSET key = arg\n"
               "\tRELOAD\n"
               "\tPAUSE [<db>]\n"
               "\tRESUME [<db>]\n"
               "\tRECONNECT [<db>]\n"
               "\tKILL [<db>]\n"
               "\tSHUTDOWN\n"
               "\tSHUTDOWN WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS\n"
               "\tWAIT_CLOSE [<db>]";
}

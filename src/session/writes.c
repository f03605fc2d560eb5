/* Which reasons mean that data are changed. */
#include "session/segment.h"

bool segment_writes(const struct facts *f)
{
        switch (f->reason) {
        case REASON_DML:
        case REASON_DDL:
        case REASON_INTO:
        case REASON_CTE_DML:
        case REASON_FUNCTION:
        case REASON_EFFECT:
        case REASON_COPY_IN:
        case REASON_UNKNOWN_STATEMENT:
        case REASON_UNLEXABLE:
        case REASON_TOO_LARGE: return true;
        case REASON_LOCKING:
        case REASON_OPERATOR:
        case REASON_RELATION: return f->class == CLASS_WRITE;
        case REASON_NOTHING:
        case REASON_READ:
        case REASON_NODE_STATE:
        case REASON_SESSION_STATE:
        case REASON_TRANSACTION_CONTROL:
        case REASON_SINGLE:
        case REASON_TRANSACTION:
        case REASON_READ_ONLY:
        case REASON_SERIALIZABLE:
        case REASON_HINT_PRIMARY:
        case REASON_HINT_STANDBY:
        case REASON_TARGET:
        case REASON_NO_STANDBY:
        case REASON_FRESHNESS:
        case REASON_PINNED:
        case REASON_SESSION_POOL:
        case REASON_RETRY:
        case REASON_FLUSH:
        case REASON_REROUTED:
        case REASON_COUNT: return false;
        }
        return true;
}

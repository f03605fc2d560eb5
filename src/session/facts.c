#include "session/facts.h"

bool facts_write(const struct facts *f)
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
        case REASON_LEARNED:
        case REASON_TOO_LARGE: return true;
        case REASON_LOCKING:
        case REASON_OPERATOR:
        case REASON_TYPE:
        case REASON_RELATION: return f->class == CLASS_WRITE;
        case REASON_NOTHING:
        case REASON_READ:
        case REASON_PATTERN: /* else it has another reason, or is a read by order */
        case REASON_NODE_STATE:
        case REASON_UNREADABLE:
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

/* The strongest class wins, and the first statement that has it gives the reason; effects add up. */
void facts_merge(struct facts *all, const struct facts *one)
{
        if (one->class > all->class) {
                all->class = one->class;
                all->reason = one->reason;
                all->token = one->token;
        } else if (one->class == all->class && facts_write(one) && !facts_write(all)) {
                all->reason = one->reason;
                all->token = one->token;
        }
        if (one->tx != TX_KEEP) {
                all->tx = one->tx;
                all->chain = one->chain;
        }
        if (one->access != ACCESS_UNSAID)
                all->access = one->access;
        if (one->isolation != ISOLATION_UNSAID)
                all->isolation = one->isolation;
        if (one->setting != SETTING_NONE) {
                all->setting = all->statements == 0 ? one->setting : SETTING_UNKNOWN;
                all->setting_name = one->setting_name;
                all->setting_value = one->setting_value;
        }
        all->defines = all->defines || one->defines;
        all->lacks = all->lacks || one->lacks;
        all->pins |= one->pins;
        all->unpins |= one->unpins;
        if (one->deallocate.n > 0)
                all->deallocate = one->deallocate;
        if (one->execute.n > 0)
                all->execute = one->execute;
        if (one->show.n > 0)
                all->show = one->show;
        if (one->savepoint != SAVEPOINT_KEEP)
                all->savepoint = one->savepoint;
        all->exact = all->statements == 0 && one->exact;
        if (all->hint == HINT_NONE) {
                all->hint = one->hint;
                all->hint_token = one->hint_token;
        }
        all->statements += one->statements;
}

void facts_strengthen(struct facts *all, enum reason reason)
{
        all->class = CLASS_WRITE;
        if (all->reason == REASON_NOTHING || all->reason == REASON_READ)
                all->reason = reason;
}

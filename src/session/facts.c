#include "session/facts.h"

/* The strongest class wins, and the first statement that has it gives the reason; effects add up. */
void facts_merge(struct facts *all, const struct facts *one)
{
        if (one->class > all->class) {
                all->class = one->class;
                all->reason = one->reason;
                all->token = one->token;
        } else if (one->class == all->class && one->writes && !all->writes) {
                all->reason = one->reason;
                all->token = one->token;
        }
        classify_add_modes(all, one);
        if (one->setting != SETTING_NONE) {
                all->setting = all->statements == 0 ? one->setting : SETTING_UNKNOWN;
                all->setting_name = one->setting_name;
                all->setting_value = one->setting_value;
        }
        all->commits = all->commits || one->commits;
        all->writes = all->writes || one->writes;
        all->piecewise = all->piecewise || one->piecewise;
        all->defines = all->defines || one->defines;
        all->lacks = all->lacks || one->lacks;
        all->pins |= one->pins;
        all->unpins |= one->unpins;
        all->copy_from_stdin = all->copy_from_stdin || one->copy_from_stdin;
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
        bool blind = reason == REASON_UNKNOWN_STATEMENT || reason == REASON_TOO_LARGE;

        all->class = CLASS_WRITE;
        all->writes = all->writes || reason_writes(reason);
        all->commits = all->commits || blind;
        all->piecewise = all->piecewise || blind;
        if (all->reason == REASON_NOTHING || all->reason == REASON_READ)
                all->reason = reason;
}

#include "health/news.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <string.h>

static const char *describe(const struct topology_node *node)
{
        switch (node->state) {
        case NODE_UP: return node->role == ROLE_PRIMARY ? "primary" : "standby";
        case NODE_NEW: return "unknown";
        case NODE_EJECTED: return node->role == ROLE_STANDBY ? "standby, not used" : "not used";
        case NODE_DOWN:
        case NODE_FENCED: break;
        }
        return node_state_name(node->state);
}

/* How loud a verdict is: what takes capacity away is a warning; that the others are asked first is over in a
 * moment, and what comes of it is said then. */
static enum log_level level_of(enum elect_cause cause)
{
        switch (cause) {
        case CAUSE_UNCONFIRMED:
        case CAUSE_NOT_ASKED: return LOG_DEBUG_;
        case CAUSE_PRIMARY:
        case CAUSE_STANDBY:
        case CAUSE_FENCED:
        case CAUSE_DRAINED:
        case CAUSE_YIELDING:
        case CAUSE_PROBATION: return LOG_INFO_;
        case CAUSE_PRIMARY_READ_ONLY:
        case CAUSE_PRIMARY_KEPT:
        case CAUSE_STANDBY_KEPT:
        case CAUSE_LAG:
        case CAUSE_TIMELINE:
        case CAUSE_OLD_TIMELINE:
        case CAUSE_TWIN:
        case CAUSE_FOREIGN:
        case CAUSE_LOGIN:
        case CAUSE_GONE:
        case CAUSE_COUNT: break;
        }
        return LOG_WARNING_;
}

void news_of_node(const char *name, enum elect_cause cause, const struct topology_node *was,
                  const struct topology_node *is)
{
        if (was->role != is->role || was->state != is->state || strcmp(was->why, is->why) != 0)
                log_write(level_of(cause), "%s: node %s is now %s (was %s): %s", name, is->node->name,
                          describe(is), describe(was), is->why);
}

void news_of_primary(const char *name, const struct topology *was, const struct topology *is)
{
        if (was->primary == is->primary)
                return;
        if (is->primary < 0)
                log_warning("%s: there is no primary: writes wait for one, reads go on", name);
        else
                log_info("%s: %s is the primary, timeline %u", name, is->nodes[is->primary].node->name,
                         (unsigned)is->nodes[is->primary].timeline);
}

void news_of_failover(const char *name, const struct failover *f)
{
        bool again = strcmp(f->to, f->from) == 0;

        log_warning("%s: failover: %s is the primary %s%s (%s), timeline %u, after %" PRId64
                    " ms without one; clients that waited: %" PRIu64 ", refused: %" PRIu64
                    ", rolled back (40001): %" PRIu64 ", outcome unknown (40003): %" PRIu64,
                    name, f->to, again ? "again" : "instead of ", again ? "" : f->from, f->why,
                    (unsigned)f->timeline, f->gap_us / US_PER_MS, f->toll[TOLL_HELD], f->toll[TOLL_REFUSED],
                    f->toll[TOLL_ROLLED_BACK], f->toll[TOLL_UNKNOWN]);
}

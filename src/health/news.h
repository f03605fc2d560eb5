/* news: what the log is told when the view of a cluster has changed. Decides nothing. `name` is that of the
 * line. */
#pragma once

#include "health/elect.h"
#include "health/history.h"

/* A node that has another role, state or reason than it had; nothing of one that has not. */
void news_of_node(const char *name, enum elect_cause cause, const struct topology_node *was,
                  const struct topology_node *is);

/* Who is the primary now, if that is another one. */
void news_of_primary(const char *name, const struct topology *was, const struct topology *is);

/* One that has replaced another: all that who is called for it must know, in one line. */
void news_of_failover(const char *name, const struct failover *f);

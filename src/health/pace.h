/* pace: how often a node is probed. Calm: health_check_interval. As long as something is wrong or unsettled,
 * or a reader waits for fresh standbys: many times a second. Pure. */
#pragma once

#include "cluster/topology.h"
#include "health/dossier.h"

struct pace {
        int64_t now_us;
        int64_t interval_us;   /* health_check_interval */
        bool primary;          /* there is one */
        int64_t no_primary_us; /* since when there is none */
        int64_t changed_us;    /* when the topology last changed */
        int64_t evidence_us;   /* when traffic last reported something */
        int64_t wanted_us;     /* when a read last wanted a fresher standby than there was */
        bool awaited;          /* readers wait for the next answers */
};

/* Microseconds from one question to the next. Never more than the interval. Faults that stay (a node that is
 * gone while there is a primary) calm down after a while; a server that turns our login away, or tells us
 * that it is starting, writes a log line for each try and is asked more rarely. */
int64_t pace_period(const struct pace *pace, const struct topology_node *node, const struct dossier *dossier);

/* How long to wait for an answer: `timeout_us`, and half of it for a node that has just failed, so that a
 * frozen primary is noticed within three timeouts of its freezing. */
int64_t pace_timeout(int64_t timeout_us, const struct dossier *dossier);

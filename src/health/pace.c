#include "health/pace.h"

#include "base/clock.h"
#include "cluster/cluster.h"

#define AWAITED        (2 * US_PER_MS)
#define FAST_SAMPLING  (20 * US_PER_MS)
#define TROUBLED       (25 * US_PER_MS)
#define SETTLING       (50 * US_PER_MS)
#define LONG_TROUBLED  (100 * US_PER_MS)
#define NOISY_SHUTDOWN (50 * US_PER_MS)
#define NOISY_LOGIN    (500 * US_PER_MS)

#define TROUBLED_LASTS (60 * US_PER_SEC)
#define SETTLING_LASTS (3 * US_PER_SEC)
#define EVIDENCE_LASTS (1 * US_PER_SEC)

static int64_t least(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

/* What this node alone asks for. */
static int64_t period_of_node(const struct pace *pace, const struct topology_node *node,
                              const struct dossier *dossier)
{
        bool fresh_news = pace->now_us - pace->changed_us < SETTLING_LASTS;

        switch (node->state) {
        case NODE_NEW: return TROUBLED;
        case NODE_UP: return dossier->failures > 0 ? TROUBLED : pace->interval_us;
        case NODE_EJECTED: return dossier->failures > 0 || fresh_news ? TROUBLED : pace->interval_us;
        case NODE_DOWN: return fresh_news ? TROUBLED : pace->interval_us;
        case NODE_FENCED: break;
        }
        return pace->interval_us;
}

int64_t pace_period(const struct pace *pace, const struct topology_node *node, const struct dossier *dossier)
{
        int64_t period = least(pace->interval_us, period_of_node(pace, node, dossier));

        if (!pace->primary)
                period = least(period, pace->now_us - pace->no_primary_us < TROUBLED_LASTS ? TROUBLED
                                                                                           : LONG_TROUBLED);
        if (pace->now_us - pace->evidence_us < EVIDENCE_LASTS)
                period = least(period, TROUBLED);
        if (pace->now_us - pace->changed_us < SETTLING_LASTS)
                period = least(period, SETTLING);
        if (node->state == NODE_UP && pace->now_us - pace->wanted_us < CLUSTER_WANT_LASTS_US)
                period = least(period, FAST_SAMPLING);
        if (node->state == NODE_UP && pace->awaited)
                period = least(period, AWAITED);
        if (dossier->last == ANSWER_LOGIN && period < NOISY_LOGIN)
                period = least(pace->interval_us, NOISY_LOGIN);
        if (dossier->last == ANSWER_SHUTDOWN && period < NOISY_SHUTDOWN)
                period = least(pace->interval_us, NOISY_SHUTDOWN);
        return period;
}

int64_t pace_timeout(int64_t timeout_us, const struct dossier *dossier)
{
        return dossier->failures > 0 ? timeout_us / 2 : timeout_us;
}

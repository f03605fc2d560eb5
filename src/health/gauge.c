#include "health/gauge.h"

#include "cluster/node.h"

/* Whether what node `i` has just said tells how far a standby must be: it is the primary, or was the last one
 * and gives way to the next, which must have all that it wrote. */
static bool is_source(const struct sight *sight, int i)
{
        const struct dossier *dossier = &sight->dossiers[i];

        return dossier->last == ANSWER_GOOD &&
               (sight->view->primary == i ||
                (sight->memory->primary == i && dossier->wish == WISH_YIELD && !dossier->facts.in_recovery &&
                 dossier->facts.timeline == sight->memory->timeline));
}

/* The primary's answer is a sample. Samples of another primary or timeline are of no use any more. */
void gauge_take(struct gauge *gauge, const struct sight *sight, int i)
{
        const struct dossier *dossier = &sight->dossiers[i];

        if (!is_source(sight, i))
                return;
        if (gauge->node != i || gauge->ring.timeline != dossier->facts.timeline) {
                ring_reset(&gauge->ring, dossier->facts.timeline);
                gauge->node = i;
        }
        ring_push(&gauge->ring, (struct ring_sample){.clock_us = dossier->good_us,
                                                     .lsn = dossier->facts.lsn,
                                                     .flush_lsn = dossier->facts.flush_lsn});
}

void gauge_lag(const struct gauge *gauge, struct dossier *dossier, int64_t now_us)
{
        if (!dossier->facts.in_recovery || dossier->facts.timeline != gauge->ring.timeline)
                return;
        dossier->lag_us = ring_lag_us(&gauge->ring, dossier->facts.lsn, now_us);
        dossier->lag_bytes = ring_lag_bytes(&gauge->ring, dossier->facts.lsn);
}

/* A moment before which everything is visible on node `i`. Only what was answered last counts: a standby that
 * restarts may come back with less than it had. */
static int64_t fresh_us(const struct gauge *gauge, const struct sight *sight, int i)
{
        const struct topology_node *node = &sight->view->nodes[i];
        const struct dossier *dossier = &sight->dossiers[i];

        if (node->state != NODE_UP)
                return 0;
        if (node->role == ROLE_PRIMARY)
                return INT64_MAX;
        if (dossier->last != ANSWER_GOOD || dossier->facts.timeline != gauge->ring.timeline)
                return 0;
        return ring_fresh_us(&gauge->ring, dossier->facts.lsn);
}

/* The same for its position in the WAL. */
static uint64_t lsn(const struct sight *sight, int i)
{
        const struct dossier *dossier = &sight->dossiers[i];

        return sight->view->nodes[i].state == NODE_UP && dossier->last == ANSWER_GOOD ? dossier->facts.lsn
                                                                                      : 0;
}

void gauge_publish(const struct gauge *gauge, const struct sight *sight)
{
        for (int i = 0; i < sight->view->count; i++) {
                struct node *node = sight->view->nodes[i].node;

                atomic_store_explicit(&node->fresh_us, fresh_us(gauge, sight, i), memory_order_release);
                atomic_store_explicit(&node->lsn, lsn(sight, i), memory_order_release);
                atomic_store_explicit(&node->asked_us, sight->dossiers[i].good_us, memory_order_release);
        }
}

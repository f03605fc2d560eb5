#include "health/dossier.h"

#include "cluster/node.h"

#include <stdio.h>
#include <string.h>

void dossier_init(struct dossier *dossier)
{
        memset(dossier, 0, sizeof(*dossier));
        dossier->lag_us = dossier->lag_bytes = -1;
}

/* It followed a timeline, and takes writes on the next one, all in one run: there the two part where its
 * recovery ended. With more than one step between them there is a timeline that we know nothing of. A server
 * in the middle of its promotion has noted the next one already, and is in recovery still. */
static struct branch branch_of(const struct dossier *dossier, const struct facts *facts)
{
        const struct facts *old = &dossier->facts;
        uint32_t parent = old->timeline == facts->timeline ? dossier->followed : old->timeline;

        if (!dossier->known || facts->in_recovery || old->system_id != facts->system_id)
                return (struct branch){0};
        if (!old->in_recovery && old->timeline == facts->timeline)
                return dossier->branch;
        if (!old->in_recovery || old->started_wall_us != facts->started_wall_us || parent == 0 ||
            facts->timeline != parent + 1 || facts->recovered_lsn == 0)
                return (struct branch){0};
        return (struct branch){.parent = parent, .lsn = facts->recovered_lsn};
}

static void note_facts(struct dossier *dossier, const struct answer *answer)
{
        const struct facts *old = &dossier->facts;
        struct facts facts = answer->facts;
        bool same_run = dossier->known && old->in_recovery && facts.in_recovery &&
                        old->system_id == facts.system_id && old->started_wall_us == facts.started_wall_us;

        if (same_run && old->timeline >= facts.timeline) {
                facts.timeline_sure =
                    old->timeline_sure || (facts.timeline_sure && old->timeline == facts.timeline);
                facts.timeline = old->timeline;
        }
        dossier->branch = branch_of(dossier, &facts);
        if (!same_run || facts.timeline_sure)
                dossier->followed = facts.timeline;
        else if (facts.timeline != old->timeline)
                dossier->followed = old->timeline;
        dossier->facts = facts;
        dossier->known = true;
        dossier->good_us = answer->sent_us;
}

bool dossier_may_have_restarted(const struct dossier *dossier, const struct answer *answer)
{
        const struct facts *old = &dossier->facts, *facts = &answer->facts;

        switch (answer->kind) {
        case ANSWER_NONE:
        case ANSWER_LOGIN:
        case ANSWER_TIMEOUT: return false;
        case ANSWER_SHUTDOWN:
        case ANSWER_REFUSED:
        case ANSWER_LOST: return true;
        case ANSWER_GOOD: break;
        }
        return dossier->known && (old->started_wall_us != facts->started_wall_us ||
                                  old->system_id != facts->system_id || facts->lsn < old->lsn);
}

void dossier_note(struct dossier *dossier, const struct answer *answer)
{
        dossier->last = answer->kind;
        switch (answer->kind) {
        case ANSWER_NONE: return;
        case ANSWER_GOOD:
                note_facts(dossier, answer);
                dossier->failures = dossier->hard_failures = 0;
                dossier->successes++;
                dossier->traffic = dossier->quits = false;
                dossier->lag_us = dossier->lag_bytes = -1;
                dossier->text[0] = '\0';
                return;
        case ANSWER_LOGIN:
                dossier->failures = dossier->hard_failures = 0;
                dossier->quits = false;
                break;
        case ANSWER_SHUTDOWN:
        case ANSWER_REFUSED:
        case ANSWER_LOST: dossier->hard_failures++; dossier->quits = true; /* fall through */
        case ANSWER_TIMEOUT: dossier->failures++; break;
        }
        dossier->successes = 0;
        snprintf(dossier->text, sizeof(dossier->text), "%s", answer->text);
}

void dossier_note_traffic(struct dossier *dossier, uint32_t bits)
{
        if ((bits & (EVIDENCE_REFUSED | EVIDENCE_LOST | EVIDENCE_SHUTDOWN)) != 0)
                dossier->traffic = true;
        if ((bits & EVIDENCE_SHUTDOWN) != 0)
                dossier->quits = true;
}

#include "health/ballot.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

static void write_why_lag(const struct ballot *b, int i, char *out, size_t size)
{
        const struct dossier *dossier = &b->dossiers[i];
        double limit = (double)b->rules->max_lag_us / (double)US_PER_SEC;

        if (b->rules->max_lag_bytes > 0 && dossier->lag_bytes > b->rules->max_lag_bytes)
                snprintf(out, size,
                         "replays %" PRId64 " bytes behind the primary, max_standby_lag_bytes is %" PRId64,
                         dossier->lag_bytes, b->rules->max_lag_bytes);
        else if (b->presence[i] == GOOD)
                snprintf(out, size, "replays %.1f s behind the primary, max_standby_lag is %.1f s",
                         (double)dossier->lag_us / (double)US_PER_SEC, limit);
        else
                snprintf(out, size, "may be over max_standby_lag (%.1f s) by now: %.60s", limit,
                         dossier->text);
}

static void write_why_timeline(const struct ballot *b, int i, char *out, size_t size)
{
        const struct facts *facts = &b->dossiers[i].facts;
        uint32_t primary = b->primary != NONE ? b->dossiers[b->primary].facts.timeline : b->timeline;

        snprintf(out, size, "%s timeline %" PRIu32 ", the primary is on %" PRIu32 "%s",
                 facts->timeline_sure ? "follows" : "seen on", facts->timeline, primary,
                 facts->timeline_sure ? "" : "; what it receives needs pg_monitor to be seen");
}

void ballot_why(const struct ballot *b, int i, enum elect_cause cause, char *out, size_t size)
{
        const struct dossier *dossier = &b->dossiers[i];
        const struct facts *facts = &dossier->facts;
        int twin = b->memory->nodes[i].twin_of;

        switch (cause) {
        case CAUSE_NOT_ASKED:
                snprintf(out, size, "no answer yet%s%s", *dossier->text ? ": " : "", dossier->text);
                return;
        case CAUSE_PRIMARY: snprintf(out, size, "takes writes on timeline %" PRIu32, facts->timeline); return;
        case CAUSE_PRIMARY_READ_ONLY:
                snprintf(out, size,
                         "is the primary, but default_transaction_read_only is on: writes will fail");
                return;
        case CAUSE_PRIMARY_KEPT:
        case CAUSE_STANDBY_KEPT:
                snprintf(out, size, "stays what it was: it runs, but monitoring cannot ask it: %.60s",
                         dossier->text);
                return;
        case CAUSE_STANDBY: snprintf(out, size, "follows timeline %" PRIu32, facts->timeline); return;
        case CAUSE_PROBATION:
                if (b->memory->nodes[i].falls > 1)
                        snprintf(out, size, "answers again, but has been lost %d times: serves after a while",
                                 b->memory->nodes[i].falls);
                else
                        snprintf(out, size, "answers again, serves after %d good probes in a row",
                                 b->rules->successes);
                return;
        case CAUSE_LAG: write_why_lag(b, i, out, size); return;
        case CAUSE_TIMELINE: write_why_timeline(b, i, out, size); return;
        case CAUSE_UNCONFIRMED:
                snprintf(out, size, "%s, the other nodes are asked first",
                         facts->in_recovery ? "is a standby" : "takes writes");
                return;
        case CAUSE_OLD_TIMELINE:
                snprintf(out, size,
                         "an old primary: takes writes on timeline %" PRIu32 ", but timeline %" PRIu32
                         " has begun; stop it",
                         facts->timeline, b->timeline);
                return;
        case CAUSE_TWIN:
                snprintf(out, size,
                         "split brain: takes writes on timeline %" PRIu32 " like %.40s; stop one of them",
                         facts->timeline, twin != NONE ? b->now->nodes[twin].node->name : "another node");
                return;
        case CAUSE_FOREIGN:
                snprintf(out, size,
                         "another cluster: system identifier %" PRIu64 ", ours is %" PRIu64
                         "; wrong address?",
                         facts->system_id, b->system_id);
                return;
        case CAUSE_FENCED: snprintf(out, size, "fenced by an operator: UNFENCE lets it serve again"); return;
        case CAUSE_DRAINED:
                snprintf(out, size, "drained by an operator: it gets no new work until UNDRAIN");
                return;
        case CAUSE_YIELDING:
                snprintf(out, size, "gives way to another primary (SWITCHOVER): writes wait");
                return;
        case CAUSE_LOGIN:
        case CAUSE_GONE:
        case CAUSE_COUNT: break;
        }
        snprintf(out, size, "%s", dossier->text);
}

#include "health/elect.h"

#include "base/clock.h"
#include "health/ballot.h"

#include <string.h>

enum { CONFIRMING_ANSWERS = 2, HARD_FAILURES_ENOUGH = 2, DOUBLINGS_MAX = 6 };

/* How long the second of them is not forgiven; each further one twice as long. */
#define FLAPPING_REST (US_PER_SEC / 2)
#define FLAPPING      (300 * US_PER_SEC) /* falls closer to each other than this are flapping */

void elect_init(struct elect_memory *memory)
{
        memset(memory, 0, sizeof(*memory));
        memory->primary = NONE;
        for (int i = 0; i < TOPOLOGY_NODES_MAX; i++)
                memory->nodes[i].twin_of = NONE;
}

static enum presence presence_of(const struct elect_rules *rules, const struct dossier *dossier)
{
        int enough = rules->failures < HARD_FAILURES_ENOUGH ? rules->failures : HARD_FAILURES_ENOUGH;

        switch (dossier->last) {
        case ANSWER_NONE: return UNSEEN;
        case ANSWER_GOOD: return GOOD;
        case ANSWER_LOGIN: return LOGIN;
        case ANSWER_SHUTDOWN:
        case ANSWER_REFUSED:
        case ANSWER_LOST:
        case ANSWER_TIMEOUT: break;
        }
        if (dossier->failures >= rules->failures || dossier->hard_failures >= enough ||
            (dossier->hard_failures > 0 && dossier->traffic))
                return GONE;
        return dossier->known ? DOUBT : UNSEEN;
}

static bool is_foreign(const struct ballot *b, int i)
{
        uint64_t id = b->dossiers[i].facts.system_id;

        return id != 0 && b->system_id != 0 && id != b->system_id;
}

static bool is_running(enum presence presence)
{
        return presence == GOOD || presence == LOGIN || presence == DOUBT;
}

/* Before there ever was a primary: what most nodes say, the first of the line if undecided. */
static uint64_t system_id_of_most(const struct ballot *b)
{
        uint64_t best = 0;
        int best_votes = 0;

        for (int i = 0; i < b->now->count; i++) {
                uint64_t id = b->dossiers[i].facts.system_id;
                int votes = 0;

                for (int j = 0; j < b->now->count; j++)
                        votes += b->presence[j] == GOOD && b->dossiers[j].facts.system_id == id;
                if (b->presence[i] == GOOD && id != 0 && votes > best_votes) {
                        best = id;
                        best_votes = votes;
                }
        }
        return best;
}

/* The cluster was replaced as a whole (pg_upgrade, restored): its last primary itself answers with another
 * identifier, and no node that runs has the old one. Without the last primary nothing follows from strangers.
 */
static bool was_replaced(const struct ballot *b)
{
        const struct elect_memory *memory = b->memory;
        const struct facts *facts;

        if (memory->primary == NONE || memory->system_id == 0 || b->presence[memory->primary] != GOOD)
                return false;
        facts = &b->dossiers[memory->primary].facts;
        if (facts->system_id == 0 || facts->system_id == memory->system_id)
                return false;
        for (int i = 0; i < b->now->count; i++)
                if (is_running(b->presence[i]) && b->dossiers[i].facts.system_id == memory->system_id)
                        return false;
        return true;
}

static void settle_identity(struct ballot *b)
{
        bool unheard = false;

        for (int i = 0; i < b->now->count; i++) {
                b->presence[i] = presence_of(b->rules, &b->dossiers[i]);
                unheard = unheard || b->presence[i] == UNSEEN;
        }
        if (was_replaced(b)) {
                b->now->primary = NONE;
                b->memory->primary = NONE;
                b->memory->system_id = 0;
                b->memory->timeline = 0;
        }
        b->system_id = b->memory->system_id != 0 ? b->memory->system_id : system_id_of_most(b);
        b->cold = b->memory->primary == NONE && unheard;
        for (int i = 0; i < b->now->count; i++)
                if (b->dossiers[i].known && !is_foreign(b, i) && b->dossiers[i].facts.timeline > b->timeline)
                        b->timeline = b->dossiers[i].facts.timeline;
}

/* A second primary is forgiven when it became a standby or was promoted, or when the one it stood beside did
 * become a standby. That the other one died forgives nothing: what the two wrote differs. */
static void forgive_twins(struct ballot *b)
{
        for (int i = 0; i < b->now->count; i++) {
                struct elect_node_memory *node = &b->memory->nodes[i];
                const struct facts *facts = &b->dossiers[i].facts;

                if (node->twin_of == NONE)
                        continue;
                if ((b->presence[i] == GOOD &&
                     (facts->in_recovery || facts->timeline > node->twin_timeline)) ||
                    (b->presence[node->twin_of] == GOOD && b->dossiers[node->twin_of].facts.in_recovery))
                        node->twin_of = NONE;
        }
}

/* Whether node `i` can be the primary by what it says; only the present primary may claim in silence. */
static bool is_claiming(const struct ballot *b, int i)
{
        const struct dossier *dossier = &b->dossiers[i];

        if (!dossier->known || dossier->facts.in_recovery || is_foreign(b, i) ||
            dossier->facts.timeline < b->timeline || b->memory->nodes[i].twin_of != NONE ||
            dossier->wish == WISH_FENCE || dossier->wish == WISH_YIELD)
                return false;
        return b->presence[i] == GOOD || (b->now->primary == i && is_running(b->presence[i]));
}

/* A claim on a timeline that is not new may come from a primary that slept while another was promoted: the
 * others are asked once more first, and this one too. */
static bool is_confirmed(const struct ballot *b, int i)
{
        const struct dossier *dossier = &b->dossiers[i];

        if (b->cold)
                return false;
        if (b->memory->primary == NONE || dossier->facts.timeline > b->memory->timeline)
                return true;
        return dossier->successes >= CONFIRMING_ANSWERS;
}

static int choose_primary(struct ballot *b)
{
        int only = NONE;

        for (int i = 0; i < b->now->count; i++) {
                if (!is_claiming(b, i))
                        continue;
                b->claims++;
                only = i;
        }
        if (b->now->primary != NONE && is_claiming(b, b->now->primary))
                return b->now->primary;
        if (b->memory->primary != NONE && is_claiming(b, b->memory->primary))
                only = b->memory->primary;
        else if (b->claims != 1)
                return NONE;
        return is_confirmed(b, only) ? only : NONE;
}

static enum elect_cause judge_claimant(struct ballot *b, int i)
{
        struct elect_node_memory *node = &b->memory->nodes[i];
        const struct facts *facts = &b->dossiers[i].facts;

        if (facts->timeline < b->timeline)
                return CAUSE_OLD_TIMELINE;
        if (node->twin_of != NONE)
                return CAUSE_TWIN;
        if (b->dossiers[i].wish == WISH_YIELD)
                return CAUSE_YIELDING;
        if (b->presence[i] != GOOD) /* what it is by now is not sure */
                return node->cause == CAUSE_TWIN || node->cause == CAUSE_UNCONFIRMED ? node->cause
                                                                                     : CAUSE_LOGIN;
        if (b->primary != NONE) {
                if (b->presence[b->primary] == GOOD) { /* they run side by side beyond doubt */
                        node->twin_of = b->primary;
                        node->twin_timeline = facts->timeline;
                }
                return CAUSE_TWIN;
        }
        return b->claims > 1 && !b->cold ? CAUSE_TWIN : CAUSE_UNCONFIRMED;
}

/* Who is out comes back at half the limit. */
static bool is_over(int64_t lag, int64_t limit, bool out)
{
        return limit > 0 && lag > (out ? limit / 2 : limit);
}

/* Without a primary nobody gets ahead, so nobody is judged by lag: reads go on. How many bytes a standby that
 * does not answer is behind by now, nobody knows; how long, we do. */
static bool lags_too_much(const struct ballot *b, int i)
{
        const struct elect_rules *rules = b->rules;
        const struct dossier *dossier = &b->dossiers[i];
        int64_t lag = dossier->lag_us > 0 ? dossier->lag_us : 0;
        bool out = b->memory->nodes[i].cause == CAUSE_LAG;

        if (rules->max_lag_us == 0 && rules->max_lag_bytes == 0)
                return false;
        if (b->primary == NONE || (b->presence[i] == GOOD && dossier->lag_us < 0))
                return out;
        if (b->presence[i] != GOOD)
                lag += rules->now_us - dossier->good_us;
        return is_over(lag, rules->max_lag_us, out) || is_over(dossier->lag_bytes, rules->max_lag_bytes, out);
}

static bool follows_wrong_timeline(const struct ballot *b, int i)
{
        uint32_t timeline = b->dossiers[i].facts.timeline;

        if (b->primary == NONE)
                return b->memory->nodes[i].cause == CAUSE_TIMELINE;
        return timeline != 0 && timeline != b->dossiers[b->primary].facts.timeline;
}

int64_t ballot_rest_us(const struct ballot *b, int i)
{
        const struct elect_node_memory *node = &b->memory->nodes[i];
        int doublings = node->falls - 2;
        int64_t rest;

        if (doublings < 0)
                return 0;
        rest = node->fell_us + (FLAPPING_REST << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX)) -
               b->rules->now_us;
        return rest > 0 ? rest : 0;
}

static void note_fall(const struct ballot *b, struct elect_node_memory *node)
{
        bool flaps = node->falls > 0 && b->rules->now_us - node->fell_us < FLAPPING;

        node->falls = flaps ? node->falls + 1 : 1;
        node->fell_us = b->rules->now_us;
}

static enum elect_cause judge_standby(const struct ballot *b, int i)
{
        enum elect_cause before = b->memory->nodes[i].cause;

        if (b->cold)
                return CAUSE_UNCONFIRMED;
        if (follows_wrong_timeline(b, i))
                return CAUSE_TIMELINE;
        if (lags_too_much(b, i))
                return CAUSE_LAG;
        if (b->presence[i] != GOOD && before != CAUSE_STANDBY && before != CAUSE_STANDBY_KEPT)
                return before == CAUSE_GONE || before == CAUSE_NOT_ASKED ? CAUSE_LOGIN : before;
        if (b->presence[i] == LOGIN)
                return CAUSE_STANDBY_KEPT;
        if ((before == CAUSE_GONE || before == CAUSE_PROBATION) &&
            (b->dossiers[i].successes < b->rules->successes || ballot_rest_us(b, i) > 0))
                return CAUSE_PROBATION;
        return CAUSE_STANDBY;
}

static enum elect_cause judge(struct ballot *b, int i)
{
        const struct dossier *dossier = &b->dossiers[i];

        if (b->presence[i] == UNSEEN)
                return CAUSE_NOT_ASKED;
        if (b->presence[i] == GONE)
                return CAUSE_GONE;
        if (!dossier->known)
                return CAUSE_LOGIN;
        if (is_foreign(b, i))
                return CAUSE_FOREIGN;
        if (dossier->wish == WISH_FENCE)
                return CAUSE_FENCED;
        if (i == b->primary && b->presence[i] == LOGIN)
                return CAUSE_PRIMARY_KEPT;
        if (i == b->primary)
                return dossier->facts.read_only ? CAUSE_PRIMARY_READ_ONLY : CAUSE_PRIMARY;
        if (!dossier->facts.in_recovery)
                return judge_claimant(b, i);
        return dossier->wish == WISH_DRAIN ? CAUSE_DRAINED : judge_standby(b, i);
}

static enum node_state state_for(enum elect_cause cause)
{
        static const enum node_state states[CAUSE_COUNT] = {
            [CAUSE_NOT_ASKED] = NODE_NEW,        [CAUSE_PRIMARY] = NODE_UP,
            [CAUSE_PRIMARY_READ_ONLY] = NODE_UP, [CAUSE_PRIMARY_KEPT] = NODE_UP,
            [CAUSE_STANDBY] = NODE_UP,           [CAUSE_STANDBY_KEPT] = NODE_UP,
            [CAUSE_PROBATION] = NODE_EJECTED,    [CAUSE_LAG] = NODE_EJECTED,
            [CAUSE_TIMELINE] = NODE_EJECTED,     [CAUSE_UNCONFIRMED] = NODE_EJECTED,
            [CAUSE_OLD_TIMELINE] = NODE_FENCED,  [CAUSE_TWIN] = NODE_FENCED,
            [CAUSE_FOREIGN] = NODE_FENCED,       [CAUSE_FENCED] = NODE_FENCED,
            [CAUSE_DRAINED] = NODE_EJECTED,      [CAUSE_YIELDING] = NODE_EJECTED,
            [CAUSE_LOGIN] = NODE_EJECTED,        [CAUSE_GONE] = NODE_DOWN};

        return states[cause];
}

static enum node_role role_for(const struct ballot *b, int i)
{
        const struct dossier *dossier = &b->dossiers[i];

        if (i == b->primary)
                return ROLE_PRIMARY;
        if (dossier->known && dossier->facts.in_recovery && !is_foreign(b, i))
                return ROLE_STANDBY;
        return ROLE_UNKNOWN;
}

/* Writes the verdict on node `i`; returns whether it differs from the last view. */
static bool pronounce(struct ballot *b, int i)
{
        const struct facts *facts = &b->dossiers[i].facts;
        struct topology_node *node = &b->now->nodes[i];
        enum elect_cause cause = judge(b, i), before = b->memory->nodes[i].cause;
        enum node_state state = state_for(cause);
        enum node_role role = role_for(b, i);
        bool quits = b->dossiers[i].quits;
        bool changed = role != node->role || state != node->state || cause != before ||
                       (state == NODE_DOWN && quits != node->quits) || facts->timeline != node->timeline ||
                       facts->system_id != node->system_id;

        node->role = role;
        node->state = state;
        node->readable = state == NODE_UP;
        node->quits = quits;
        node->timeline = facts->timeline;
        node->branch = b->dossiers[i].branch;
        node->system_id = facts->system_id;
        node->lsn = facts->lsn;
        node->receive_lsn = facts->in_recovery ? facts->flush_lsn : 0;
        node->lag_us = role == ROLE_STANDBY ? b->dossiers[i].lag_us : -1;
        node->lag_bytes = role == ROLE_STANDBY ? b->dossiers[i].lag_bytes : -1;
        b->memory->nodes[i].cause = cause;
        if (cause == CAUSE_GONE &&
            (before == CAUSE_STANDBY || before == CAUSE_STANDBY_KEPT || before == CAUSE_LAG))
                note_fall(b, &b->memory->nodes[i]);
        /* Sentences hold numbers that change all the time: one is written anew only when the verdict is new.
         */
        if (changed || node->why[0] == '\0')
                ballot_why(b, i, cause, node->why, sizeof(node->why));
        return changed;
}

bool elect(const struct elect_rules *rules, const struct dossier *dossiers, struct elect_memory *memory,
           struct topology *now)
{
        struct ballot b = {.rules = rules, .dossiers = dossiers, .memory = memory, .now = now};
        bool changed;

        settle_identity(&b);
        forgive_twins(&b);
        b.primary = choose_primary(&b);
        changed = b.primary != now->primary;
        now->primary = b.primary;
        if (b.primary != NONE) {
                memory->primary = b.primary;
                memory->timeline = dossiers[b.primary].facts.timeline;
                memory->system_id = b.system_id;
        }
        for (int i = 0; i < now->count; i++)
                changed = pronounce(&b, i) || changed;
        return changed;
}

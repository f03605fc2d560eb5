#include "health/elect.h"

#include "health/world.h"
#include "unit.h"

#include <string.h>

/* Every combination of what three nodes say, against an oracle that was written from the rules alone:
 *
 *   one identity; the highest timeline that anybody is known to have been on; whoever takes writes there is
 * the primary, if it is one: the present one first, then who was heard first, and of two that are found side
 * by side without one none; silence ends it, a login that fails does not. */

enum { PAST_TIMELINE = 2, ROUNDS = 3 };

enum says {
        SAYS_NOTHING, /* it is not asked */
        SAYS_REFUSED,
        SAYS_SILENCE,
        SAYS_LOGIN,
        SAYS_STRANGER,
        SAYS_STANDBY_1,
        SAYS_STANDBY_2,
        SAYS_STANDBY_3,
        SAYS_PRIMARY_1,
        SAYS_PRIMARY_2,
        SAYS_PRIMARY_3,
        SAYS_COUNT,
};

static const char *const words[SAYS_COUNT] = {"nothing", "refused", "silence", "login", "stranger", "s1",
                                              "s2",      "s3",      "p1",      "p2",    "p3"};

static void hear(struct world *world, int i, enum says says)
{
        struct answer answer = {.kind = ANSWER_GOOD, .sent_us = world->rules.now_us, .text = "seen so"};
        struct facts *facts = &answer.facts;

        facts->system_id = says == SAYS_STRANGER ? THEIRS : OURS;
        facts->timeline_sure = true;
        if (says == SAYS_REFUSED)
                answer.kind = ANSWER_REFUSED;
        else if (says == SAYS_SILENCE)
                answer.kind = ANSWER_TIMEOUT;
        else if (says == SAYS_LOGIN)
                answer.kind = ANSWER_LOGIN;
        else if (says == SAYS_STRANGER)
                facts->timeline = 9;
        else if (says >= SAYS_PRIMARY_1)
                facts->timeline = 1 + (uint32_t)(says - SAYS_PRIMARY_1);
        else
                facts->timeline = 1 + (uint32_t)(says - SAYS_STANDBY_1);
        facts->in_recovery = says >= SAYS_STANDBY_1 && says <= SAYS_STANDBY_3;
        if (says != SAYS_NOTHING)
                dossier_note(&world->dossiers[i], &answer);
        if (facts->in_recovery)
                world->dossiers[i].lag_us = 0;
        world_elect(world);
}

static void begin(struct world *world, const enum says past[NODES])
{
        world_init(world);
        world->rules = (struct elect_rules){.failures = 2, .successes = 3, .now_us = 1000};
        for (int i = 0; i < NODES; i++)
                hear(world, i, past[i]);
}

/* ---- the oracle ---- */

/* What is known of a node in the end. */
struct known {
        bool good, gone, any; /* its last answer; it is gone; it has ever said what it is */
        bool primary, ours;
        uint32_t timeline;
};

static struct known known_of(enum says past, enum says says)
{
        struct known known = {.good = says >= SAYS_STRANGER || (says == SAYS_NOTHING && past != SAYS_NOTHING),
                              .gone = says == SAYS_REFUSED || says == SAYS_SILENCE,
                              .ours = says != SAYS_STRANGER};
        enum says last = says >= SAYS_STRANGER ? says : past;

        known.any = last != SAYS_NOTHING;
        if (last == SAYS_STRANGER)
                known.timeline = 9;
        else if (last >= SAYS_PRIMARY_1)
                known.timeline = 1 + (uint32_t)(last - SAYS_PRIMARY_1);
        else if (last >= SAYS_STANDBY_1)
                known.timeline = 1 + (uint32_t)(last - SAYS_STANDBY_1);
        known.primary = last >= SAYS_PRIMARY_1 || last == SAYS_STRANGER;
        /* a standby that runs on does not leave a timeline for an older one */
        if (past == SAYS_STANDBY_2 && !known.primary && known.any && known.timeline < PAST_TIMELINE)
                known.timeline = PAST_TIMELINE;
        return known;
}

struct expected {
        int primary;
        bool undecided;          /* from the start, and somebody has not been heard */
        bool second_was_primary; /* for a moment, after a healthy past */
        uint32_t timeline;
        struct known nodes[NODES];
};

static void settle_strangers(struct expected *e)
{
        int ours = 0, theirs = 0, first = -1;

        for (int i = 0; i < NODES; i++) {
                if (!e->nodes[i].good)
                        continue;
                first = first < 0 ? i : first;
                *(e->nodes[i].ours ? &ours : &theirs) += 1;
        }
        if (theirs > ours || (theirs == ours && first >= 0 && !e->nodes[first].ours))
                for (int i = 0; i < NODES; i++)
                        e->nodes[i].ours = !e->nodes[i].ours;
}

static struct expected expect(const enum says past[NODES], const enum says says[NODES])
{
        struct expected e = {.primary = -1};
        bool cold = past[0] == SAYS_NOTHING;
        int claims = 0;

        for (int i = 0; i < NODES; i++) {
                e.nodes[i] = known_of(past[i], says[i]);
                e.undecided = e.undecided || (cold && says[i] == SAYS_NOTHING);
        }
        e.second_was_primary = !cold && says[1] == SAYS_PRIMARY_2;
        if (cold)
                settle_strangers(&e);
        for (int i = 0; i < NODES; i++)
                if (e.nodes[i].any && e.nodes[i].ours && e.nodes[i].timeline > e.timeline)
                        e.timeline = e.nodes[i].timeline;
        for (int i = NODES - 1; i >= 0; i--) {
                const struct known *k = &e.nodes[i];
                bool holds = !cold && i == 0 && says[i] == SAYS_LOGIN;

                if (!k->any || !k->ours || !k->primary || k->timeline != e.timeline || !(k->good || holds))
                        continue;
                e.primary = i; /* the first of the line is heard first */
                claims++;
        }
        /* Side by side: before there was any, while the old one was still believed in, or while somebody was
         * known to be further. */
        if (claims > 1 && (cold || (e.primary != 0 && (e.timeline < PAST_TIMELINE ||
                                                       (e.timeline == PAST_TIMELINE && e.nodes[0].gone)))))
                e.primary = -1;
        if (e.undecided)
                e.primary = -1;
        return e;
}

static const char *standing_of(const struct expected *e, int i, enum says says, bool cold)
{
        const struct known *k = &e->nodes[i];

        if (k->gone)
                return "down";
        if (!k->any)
                return says == SAYS_LOGIN ? "ejected" : "new";
        if (!k->ours)
                return "fenced";
        if (i == e->primary)
                return "primary";
        if (k->primary)
                return e->undecided && k->timeline == e->timeline ? "ejected" : "fenced";
        if (cold && e->undecided)
                return "ejected";
        /* The second was the primary until the third was heard; whom it put out stays out. */
        if (e->primary < 0 && i == 0 && e->second_was_primary && k->timeline < PAST_TIMELINE)
                return "ejected";
        return e->primary < 0 || k->timeline == e->nodes[e->primary].timeline ? "standby" : "ejected";
}

/* ---- the comparison ---- */

static const char *standing(const struct world *world, int i)
{
        const struct topology_node *node = &world->view.nodes[i];

        return node->state == NODE_UP ? node_role_name(node->role) : node_state_name(node->state);
}

static void compare(const enum says past[NODES], const enum says says[NODES])
{
        struct world world;
        struct expected e = expect(past, says);

        begin(&world, past);
        for (int round = 0; round < ROUNDS; round++)
                for (int i = 0; i < NODES; i++)
                        hear(&world, i, says[i]);
        unit_row("after %s: %s %s %s", words[past[0]], words[says[0]], words[says[1]], words[says[2]]);
        UNIT_ASSERT(world.view.primary == e.primary);
        for (int i = 0; i < NODES; i++) {
                const char *right = standing_of(&e, i, says[i], past[0] == SAYS_NOTHING);

                unit_row("after %s: %s %s %s: node %d is %s, not %s", words[past[0]], words[says[0]],
                         words[says[1]], words[says[2]], i, standing(&world, i), right);
                UNIT_ASSERT(strcmp(standing(&world, i), right) == 0);
        }
}

static void compare_all(const enum says past[NODES])
{
        for (int n = 0; n < SAYS_COUNT * SAYS_COUNT * SAYS_COUNT; n++) {
                const enum says says[NODES] = {(enum says)(n % SAYS_COUNT),
                                               (enum says)(n / SAYS_COUNT % SAYS_COUNT),
                                               (enum says)(n / SAYS_COUNT / SAYS_COUNT)};

                /* That the whole cluster was replaced is a matter of its own: test_elect.c. */
                if (past[0] == SAYS_NOTHING || says[0] != SAYS_STRANGER)
                        compare(past, says);
        }
}

static void agrees_with_the_oracle_from_the_start(void)
{
        compare_all((const enum says[NODES]){SAYS_NOTHING, SAYS_NOTHING, SAYS_NOTHING});
}

static void agrees_with_the_oracle_after_a_healthy_past(void)
{
        compare_all((const enum says[NODES]){SAYS_PRIMARY_2, SAYS_STANDBY_2, SAYS_STANDBY_2});
}

UNIT_SUITE(health_election, UNIT_CASE(agrees_with_the_oracle_from_the_start),
           UNIT_CASE(agrees_with_the_oracle_after_a_healthy_past))

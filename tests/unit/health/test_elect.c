#include "health/world.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

struct scenario {
        const char *row;
        const char *rounds[7];
        const char *expected;
        const char
            *why; /* part of the sentence of a node that is not in its usual place; NULL: not looked at */
};

static const struct scenario scenarios[] = {
    /* finding out */
    {"a healthy cluster", {"p1 s1 s1"}, "primary standby standby", "takes writes on timeline 1"},
    {"nobody was asked", {". . ."}, "new new new", "no answer yet"},
    {"the first answers wait for the others",
     {"p1 s1 ."},
     "ejected ejected new",
     "other nodes are asked first"},
    {"one host is dead from the start", {"p1 s1 r", ". . r"}, "primary standby down", "seen so"},
    {"only standbys are there", {"r s1 s1", "r . ."}, "down standby standby", NULL},
    {"a start in the middle of a split", {"p1 p2 s2"}, "fenced primary standby", "an old primary"},
    {"the old primary answers last", {". p2 s2", "p1 . ."}, "fenced primary standby", "an old primary"},
    {"two equal primaries from the start", {"p1 p1 s1"}, "fenced fenced standby", "split brain"},
    {"the operator stops one of the two", {"p1 p1 s1", "r p1 s1", "r p1 s1"}, "down primary standby", NULL},
    {"most nodes say which cluster it is", {"F5 p1 s1"}, "fenced primary standby", "another cluster"},
    {"undecided: the line's first host", {"p1 F5 r", ". . r"}, "primary fenced down", NULL},
    {"a primary whose identifier is hidden", {"n1 s1 s1"}, "primary standby standby", NULL},
    {"set read-only by the operator",
     {"q1 s1 s1"},
     "primary standby standby",
     "default_transaction_read_only"},
    {"only our login fails everywhere", {"a a a"}, "ejected ejected ejected", "seen so"},
    /* what operators want */
    {"a standby is drained", {"p1 s1 s1", ". D ."}, "primary ejected standby", "drained by an operator"},
    {"and serves again", {"p1 s1 s1", ". D .", ". U ."}, "primary standby standby", NULL},
    {"a drained standby can be promoted",
     {"p1 s1 s1", ". D .", "r . .", "r p2 s2"},
     "down primary standby",
     NULL},
    {"a standby is fenced", {"p1 s1 s1", ". X ."}, "primary fenced standby", "fenced by an operator"},
    {"the primary is fenced", {"p1 s1 s1", "X . ."}, "fenced standby standby", "fenced by an operator"},
    {"and is the primary again", {"p1 s1 s1", "X . .", "U . .", "p1 . ."}, "primary standby standby", NULL},
    {"a fenced primary is replaced", {"p1 s1 s1", "X . .", ". p2 s2"}, "fenced primary standby", NULL},
    {"and stays out afterwards",
     {"p1 s1 s1", "X . .", ". p2 s2", "U . .", "p1 . ."},
     "fenced primary standby",
     "an old primary"},
    {"the primary gives way", {"p1 s1 s1", "Y . ."}, "ejected standby standby", "gives way"},
    {"and is the primary again", {"p1 s1 s1", "Y . .", "p1 s1 s1", "U . ."}, "primary standby standby", NULL},
    {"and is replaced", {"p1 s1 s1", "Y . .", ". p2 s2"}, "fenced primary standby", "an old primary"},
    {"and stays out afterwards",
     {"p1 s1 s1", "Y . .", ". p2 s2", "U . .", "p1 . ."},
     "fenced primary standby",
     "an old primary"},
    {"and dies", {"p1 s1 s1", "Y . .", "r . .", "r . ."}, "down standby standby", NULL},
    {"a standby cannot give way", {"p1 s1 s1", ". Y ."}, "primary standby standby", NULL},
    {"a fenced node dies", {"p1 s1 s1", ". X .", ". r .", ". r ."}, "primary down standby", NULL},
    {"a fenced standby that is promoted is not followed",
     {"p1 s1 s1", ". X .", "r p2 .", "r . ."},
     "down fenced standby",
     NULL},
    /* losing the primary */
    {"one refusal is not enough", {"p1 s1 s1", "r . ."}, "primary standby standby", NULL},
    {"two refusals are", {"p1 s1 s1", "r . .", "r . ."}, "down standby standby", "seen so"},
    {"lost, then refused", {"p1 s1 s1", "l . .", "r . ."}, "down standby standby", NULL},
    {"shutting down twice", {"p1 s1 s1", "h . .", "h . ."}, "down standby standby", NULL},
    {"traffic saw it too", {"p1 s1 s1", "R . ."}, "down standby standby", NULL},
    {"one timeout is not enough", {"p1 s1 s1", "t . ."}, "primary standby standby", NULL},
    {"two timeouts are", {"p1 s1 s1", "t . .", "t . ."}, "down standby standby", NULL},
    {"a good answer between two timeouts",
     {"p1 s1 s1", "t . .", "p1 . .", "t . ."},
     "primary standby standby",
     NULL},
    {"the login fails for ever",
     {"p1 s1 s1", "a . .", "a . .", "a . .", "a . ."},
     "primary standby standby",
     "monitoring cannot ask it: seen so"},
    {"the login fails, then nobody listens",
     {"p1 s1 s1", "a . .", "r . .", "r . ."},
     "down standby standby",
     NULL},
    {"the login fails after it was down",
     {"p1 s1 s1", "r . .", "r . .", "a . ."},
     "ejected standby standby",
     NULL},
    /* the next primary */
    {"promotion", {"p1 s1 s1", "r . .", "r . .", ". p2 ."}, "down primary ejected", "the primary is on 2"},
    {"the other standby follows", {"p1 s1 s1", "r . .", "r . .", ". p2 s2"}, "down primary standby", NULL},
    {"promotion while the old one still answers",
     {"p1 s1 s1", ". p2 ."},
     "fenced primary ejected",
     "an old primary"},
    {"promotion while only our login fails", {"p1 s1 s1", "a . .", ". p2 ."}, "fenced primary ejected", NULL},
    {"a frozen primary thaws",
     {"p1 s1 s1", "t . .", "t . .", ". p2 s2", "p1 . ."},
     "fenced primary standby",
     NULL},
    {"fenced stays fenced when the new one dies",
     {"p1 s1 s1", "r . .", "r . .", "p1 p2 s2", ". r .", "p1 r .", "p1 . s2"},
     "fenced down standby",
     "timeline 2 has begun"},
    {"a standby knows of a timeline that was promoted out of sight",
     {"p1 s1 s1", ". s2 ."},
     "fenced standby standby",
     NULL},
    {"the old primary comes back as a standby",
     {"p1 s1 s1", "r . .", "r . .", "s2 p2 s2", "s2 . .", "s2 . ."},
     "standby primary standby",
     NULL},
    {"and is on probation before",
     {"p1 s1 s1", "r . .", "r . .", "s2 p2 s2"},
     "ejected primary standby",
     "answers again"},
    {"two are promoted at once",
     {"p1 s1 s1", "r . .", "r . .", ". p2 .", ". . p2"},
     "down primary fenced",
     "split brain"},
    {"a cascade of failovers",
     {"p1 s1 s1", "r . .", "r p2 s2", ". r .", ". r p3"},
     "down down primary",
     NULL},
    {"a standby became a primary without a new timeline",
     {"p1 s1 s1", "p1 p1 s1"},
     "primary fenced standby",
     "like a:1"},
    {"such a twin is not elected when the primary dies",
     {"p1 s1 s1", "p1 p1 s1", "r p1 s1", "r p1 s1", ". p1 s1"},
     "down fenced standby",
     "split brain"},
    {"it is when the primary gave up for it",
     {"p1 s1 s1", "p1 p1 s1", "s1 p1 s1", ". p1 ."},
     "standby primary standby",
     NULL},
    {"it is when it was promoted", {"p1 s1 s1", "p1 p1 s1", "r p2 s1"}, "fenced primary ejected", NULL},
    /* the same primary again */
    {"a crash restart needs two answers",
     {"p1 s1 s1", "l . .", "r . .", "p1 . ."},
     "ejected standby standby",
     "asked first"},
    {"and then has its place back",
     {"p1 s1 s1", "l . .", "r . .", "p1 . .", "p1 . ."},
     "primary standby standby",
     NULL},
    {"not when another was promoted meanwhile",
     {"p1 s1 s1", "l . .", "r . .", "p1 . .", ". p2 .", "p1 . ."},
     "fenced primary ejected",
     NULL},
    {"the disk moved to another host",
     {"p1 s1 r", "r . r", "r . p1", ". . p1"},
     "down standby primary",
     NULL},
    {"the disk moved while the old host was in doubt",
     {"p1 s1 r", ". . r", "t . p1", "t . p1"},
     "down standby primary",
     NULL},
    {"demoted by its operator", {"p1 s1 s1", "s1 . ."}, "standby standby standby", NULL},
    /* strangers */
    {"a stranger behind a standby's address",
     {"p1 s1 s1", ". . f1"},
     "primary standby fenced",
     "another cluster"},
    {"a stranger never takes over", {"p1 s1 F9", "r . .", "r . F9", ". . F9"}, "down standby fenced", NULL},
    {"replaced as a whole",
     {"p1 s1 s1", "r r r", "r r r", "F1 . .", "F1 f1 ."},
     "primary ejected down",
     NULL},
    {"not replaced while an old node runs",
     {"p1 s1 s1", "r . .", "r . .", "F1 . .", "F1 . ."},
     "fenced standby standby",
     NULL},
    /* standbys */
    {"a standby refused once", {"p1 s1 s1", ". r ."}, "primary standby standby", NULL},
    {"a standby is gone", {"p1 s1 s1", ". r .", ". r ."}, "primary down standby", NULL},
    {"two good answers are too few",
     {"p1 s1 s1", ". r .", ". r .", ". s1 .", ". s1 ."},
     "primary ejected standby",
     NULL},
    {"three are enough",
     {"p1 s1 s1", ". r .", ". r .", ". s1 .", ". s1 .", ". s1 ."},
     "primary standby standby",
     NULL},
    {"a failure on probation starts it anew",
     {"p1 s1 s1", ". r .", ". r .", ". s1 .", ". s1 .", ". t .", ". s1 ."},
     "primary ejected standby",
     NULL},
    {"lag below the limit", {"p1 L5 s1"}, "primary standby standby", NULL},
    {"lag over it", {"p1 L6 s1"}, "primary ejected standby", "12.0 s behind"},
    {"not back at once", {"p1 L6 s1", ". L4 ."}, "primary ejected standby", NULL},
    {"back at half the limit", {"p1 L6 s1", ". L2 ."}, "primary standby standby", NULL},
    {"bytes below the limit", {"p1 B5 s1"}, "primary standby standby", NULL},
    {"bytes over it", {"p1 B6 s1"}, "primary ejected standby", "6000 bytes behind"},
    {"not back at once by bytes", {"p1 B6 s1", ". B3 ."}, "primary ejected standby", NULL},
    {"back at half the limit in bytes", {"p1 B6 s1", ". B2 ."}, "primary standby standby", NULL},
    {"out by bytes, silent, and then by time", {"p1 B6 s1", ". a ."}, "primary ejected standby", NULL},
    {"no lag counts without a primary", {"p1 s1 s1", "r . .", "r L9 ."}, "down standby standby", NULL},
    {"a laggard stays out without a primary", {"p1 L9 s1", "r . .", "r L9 ."}, "down ejected standby", NULL},
    {"login fails: stays", {"p1 s1 s1", ". a ."}, "primary standby standby", "monitoring cannot ask it"},
    {"until its lag may be over the limit",
     {"p1 s1 s1", ". a .", ". w .", ". w .", ". a ."},
     "primary ejected standby",
     "by now"},
    {"a standby on the old timeline",
     {"p2 s1 s2"},
     "primary ejected standby",
     "follows timeline 1, the primary is on 2"},
    {"perhaps on the old timeline", {"p2 u1 s2"}, "primary ejected standby", "pg_monitor"},
    {"a timeline that we may not see at all", {"p2 z0 s2"}, "primary standby standby", NULL},
    {"what was once seen for sure stays seen", {"p2 s2 s2", ". u1 ."}, "primary standby standby", NULL},
};

static void follows_the_scenarios(void)
{
        for (size_t s = 0; s < sizeof(scenarios) / sizeof(scenarios[0]); s++) {
                const struct scenario *scenario = &scenarios[s];
                struct world world;
                char got[64];
                bool said = scenario->why == NULL;

                world_init(&world);
                for (int r = 0; r < 7 && scenario->rounds[r] != NULL; r++)
                        world_hear_round(&world, scenario->rounds[r]);
                snprintf(got, sizeof(got), "%s %s %s", world_standing(&world, 0), world_standing(&world, 1),
                         world_standing(&world, 2));
                unit_row("%s: %s", scenario->row, got);
                UNIT_ASSERT(strcmp(got, scenario->expected) == 0);
                for (int i = 0; i < NODES; i++)
                        said = said || strstr(world.view.nodes[i].why, scenario->why) != NULL;
                unit_row("%s: [%s] [%s] [%s]", scenario->row, world.view.nodes[0].why,
                         world.view.nodes[1].why, world.view.nodes[2].why);
                UNIT_ASSERT(said);
        }
}

UNIT_SUITE(health_elect, UNIT_CASE(follows_the_scenarios))

#include "base/clock.h"
#include "health/elect.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

enum { NODES = 3, OURS = 7, THEIRS = 9 };

static struct node nodes[NODES] = {{.name = "a:1"}, {.name = "b:1"}, {.name = "c:1"}};

/* A cluster of three under test. */
struct world {
        struct elect_rules rules;
        struct dossier dossiers[NODES];
        struct elect_memory memory;
        struct topology view;
};

static void world_init(struct world *world)
{
        memset(world, 0, sizeof(*world));
        world->rules = (struct elect_rules){.failures = 2,
                                            .successes = 3,
                                            .max_lag_us = 10 * US_PER_SEC,
                                            .max_lag_bytes = 5000,
                                            .now_us = 1000 * US_PER_SEC};
        elect_init(&world->memory);
        world->view.primary = -1;
        world->view.count = NODES;
        for (int i = 0; i < NODES; i++) {
                world->view.nodes[i].node = &nodes[i];
                dossier_init(&world->dossiers[i]);
        }
}

static bool world_elect(struct world *world)
{
        return elect(&world->rules, world->dossiers, &world->memory, &world->view);
}

static void answer_good(struct world *world, int i, struct facts facts)
{
        struct answer answer = {.kind = ANSWER_GOOD, .facts = facts, .sent_us = world->rules.now_us};

        dossier_note(&world->dossiers[i], &answer);
        if (facts.in_recovery)
                world->dossiers[i].lag_us = 0;
}

static void answer_bad(struct world *world, int i, enum answer_kind kind)
{
        struct answer answer = {.kind = kind, .sent_us = world->rules.now_us, .text = "seen so"};

        dossier_note(&world->dossiers[i], &answer);
}

/* One answer, as a word:
 *   p1 a primary on timeline 1   q1 the same, read-only   s1 a standby on timeline 1   u1 the same, not for
 * sure z1 a standby whose timeline we may not see      F1 another cluster's primary     f1 another cluster's
 * standby n1 a primary of unknown system identifier r refused   l lost   h shutting down   t no answer in
 * time   a our login fails   R refused, as traffic said L1..L9 a standby on timeline 1, so many times 2 s
 * behind   B1..B9 so many kB behind   w 6 s go by   W 600 s   D, X, Y, U an operator wants it drained,
 * fenced, replaced, none of it   . nothing */
static void hear(struct world *world, int i, const char *word)
{
        struct facts facts = {.timeline = (uint32_t)(word[0] != '\0' ? word[1] - '0' : 0),
                              .timeline_sure = true,
                              .system_id = OURS};

        switch (word[0]) {
        case 'q': facts.read_only = true; /* fall through */
        case 'p': answer_good(world, i, facts); return;
        case 'u': facts.timeline_sure = false; /* fall through */
        case 's':
                facts.in_recovery = true;
                answer_good(world, i, facts);
                return;
        case 'z':
                facts.in_recovery = true;
                facts.timeline_sure = false;
                facts.timeline = 0;
                answer_good(world, i, facts);
                return;
        case 'f': facts.in_recovery = true; /* fall through */
        case 'F':
                facts.system_id = THEIRS;
                answer_good(world, i, facts);
                return;
        case 'n':
                facts.system_id = 0;
                answer_good(world, i, facts);
                return;
        case 'L':
        case 'B':
                facts.in_recovery = true;
                facts.timeline = 1;
                answer_good(world, i, facts);
                if (word[0] == 'L')
                        world->dossiers[i].lag_us = (word[1] - '0') * 2 * US_PER_SEC;
                else
                        world->dossiers[i].lag_bytes = (word[1] - '0') * 1000;
                return;
        case 'R': dossier_note_traffic(&world->dossiers[i], EVIDENCE_REFUSED); /* fall through */
        case 'r': answer_bad(world, i, ANSWER_REFUSED); return;
        case 'l': answer_bad(world, i, ANSWER_LOST); return;
        case 'h': answer_bad(world, i, ANSWER_SHUTDOWN); return;
        case 't': answer_bad(world, i, ANSWER_TIMEOUT); return;
        case 'a': answer_bad(world, i, ANSWER_LOGIN); return;
        case 'D': world->dossiers[i].wish = WISH_DRAIN; return;
        case 'X': world->dossiers[i].wish = WISH_FENCE; return;
        case 'Y': world->dossiers[i].wish = WISH_YIELD; return;
        case 'U': world->dossiers[i].wish = WISH_NONE; return;
        case 'w': world->rules.now_us += 6 * US_PER_SEC; return;
        case 'W': world->rules.now_us += 600 * US_PER_SEC; return;
        case '.': return;
        }
        UNIT_ASSERT(!"a word of the table is unknown");
}

/* "p1 s1 s1": node 0's answer, node 1's, node 2's; an election after each, as it is in life. */
static void hear_round(struct world *world, const char *round)
{
        char copy[64], *save = NULL, *word;
        int i = 0;

        snprintf(copy, sizeof(copy), "%s", round);
        for (word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save), i++) {
                hear(world, i, word);
                world_elect(world);
        }
        UNIT_ASSERT(i == NODES);
}

static const char *standing(const struct world *world, int i)
{
        const struct topology_node *node = &world->view.nodes[i];

        if (node->state != NODE_UP)
                return node_state_name(node->state);
        return node_role_name(node->role);
}

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
                        hear_round(&world, scenario->rounds[r]);
                snprintf(got, sizeof(got), "%s %s %s", standing(&world, 0), standing(&world, 1),
                         standing(&world, 2));
                unit_row("%s: %s", scenario->row, got);
                UNIT_ASSERT(strcmp(got, scenario->expected) == 0);
                for (int i = 0; i < NODES; i++)
                        said = said || strstr(world.view.nodes[i].why, scenario->why) != NULL;
                unit_row("%s: [%s] [%s] [%s]", scenario->row, world.view.nodes[0].why,
                         world.view.nodes[1].why, world.view.nodes[2].why);
                UNIT_ASSERT(said);
        }
}

static bool is_running_primary(const struct dossier *dossier)
{
        return dossier->last == ANSWER_GOOD && !dossier->facts.in_recovery;
}

static bool is_ours(const struct world *world, int i)
{
        uint64_t id = world->dossiers[i].facts.system_id;

        return id == 0 || world->memory.system_id == 0 || id == world->memory.system_id;
}

static bool is_gone(const struct world *world, int i)
{
        const struct dossier *dossier = &world->dossiers[i];

        return dossier->failures >= world->rules.failures || dossier->hard_failures >= 2 ||
               (dossier->hard_failures > 0 && dossier->traffic);
}

static void check_primary(const struct world *world)
{
        int p = world->view.primary, named = 0;
        const struct dossier *dossier = p >= 0 ? &world->dossiers[p] : NULL;

        for (int i = 0; i < NODES; i++)
                named += world->view.nodes[i].role == ROLE_PRIMARY;
        UNIT_ASSERT(named == (p >= 0));
        if (p < 0)
                return;
        UNIT_ASSERT(world->view.nodes[p].role == ROLE_PRIMARY && world->view.nodes[p].state == NODE_UP);
        UNIT_ASSERT(dossier->known && !dossier->facts.in_recovery && !is_gone(world, p) && is_ours(world, p));
        UNIT_ASSERT(world->memory.nodes[p].twin_of == -1);
        for (int i = 0; i < NODES; i++) {
                if (i == p || !world->dossiers[i].known || !is_ours(world, i))
                        continue;
                UNIT_ASSERT(world->dossiers[i].facts.timeline <= dossier->facts.timeline);
        }
}

static void check_node(const struct world *world, int i)
{
        const struct topology_node *node = &world->view.nodes[i];
        const struct dossier *dossier = &world->dossiers[i];
        int p = world->view.primary;

        UNIT_ASSERT(node->readable == (node->state == NODE_UP));
        UNIT_ASSERT(node->why[0] != '\0');
        if (is_gone(world, i))
                UNIT_ASSERT(node->state == NODE_DOWN);
        if (dossier->last == ANSWER_GOOD && !is_ours(world, i))
                UNIT_ASSERT(node->state == NODE_FENCED);
        /* whoever takes writes and is not the primary gets none, and no reads */
        if (is_running_primary(dossier) && i != p)
                UNIT_ASSERT(p >= 0 ? node->state == NODE_FENCED : !node->readable);
        if (node->state == NODE_UP && node->role == ROLE_STANDBY && p >= 0)
                UNIT_ASSERT(node->timeline == 0 || node->timeline == world->view.nodes[p].timeline);
        if (node->state == NODE_UP && i != p)
                UNIT_ASSERT(node->role == ROLE_STANDBY && dossier->facts.in_recovery);
}

/* A primary that answers as before keeps its place unless a higher timeline is known or the whole cluster was
 * replaced; so it does when only our login fails or a single answer is missing. */
static void check_stability(const struct world *world, const struct world *past)
{
        int before = past->view.primary;
        const struct dossier *dossier = before >= 0 ? &world->dossiers[before] : NULL;

        if (dossier == NULL || world->memory.system_id != past->memory.system_id ||
            dossier->facts.in_recovery || is_gone(world, before) || !is_ours(world, before))
                return;
        for (int i = 0; i < NODES; i++)
                if (world->dossiers[i].known && is_ours(world, i) &&
                    world->dossiers[i].facts.timeline > dossier->facts.timeline)
                        return;
        UNIT_ASSERT(world->view.primary == before);
}

static void check_all(struct world *world, const struct world *past)
{
        struct world again;

        check_primary(world);
        for (int i = 0; i < NODES; i++)
                check_node(world, i);
        check_stability(world, past);
        again = *world;
        UNIT_ASSERT(!world_elect(&again)); /* the same evidence gives the same verdict */
        UNIT_ASSERT(again.view.primary == world->view.primary);
}

/* Everything a node can have said lately, as words one after the other. */
static const char *const lives[] = {
    ".",      "p1",     "p2",        "p1 p1",     "s1",   "s2",   "u1",   "F5",   "f1",   "n1",
    "p1 r r", "p2 r r", "s2 r r",    "r r",       "p1 t", "p2 t", "s1 t", "p1 a", "s1 a", "a",
    "p1 t t", "p1 R",   "s1 r r s1", "p1 h h p1", "t",    "L9",   "q1",   "z0",
};
enum { LIVES = sizeof(lives) / sizeof(lives[0]) };

static void live(struct world *world, int i, const char *life)
{
        char copy[32], *save = NULL;

        snprintf(copy, sizeof(copy), "%s", life);
        for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
                hear(world, i, word);
}

static void holds_for_every_combination(void)
{
        static const char *const pasts[] = {". . .",    "p1 s1 s1", "p2 s2 s1", "s1 p1 s1", "p1 p1 s1",
                                            "p1 s1 F5", "r p2 s2",  "p1 r r",   "s1 s1 s1"};

        for (size_t past = 0; past < sizeof(pasts) / sizeof(pasts[0]); past++) {
                struct world before;

                world_init(&before);
                hear_round(&before, pasts[past]);
                for (int n = 0; n < LIVES * LIVES * LIVES; n++) {
                        struct world world = before;

                        live(&world, 0, lives[n % LIVES]);
                        live(&world, 1, lives[n / LIVES % LIVES]);
                        live(&world, 2, lives[n / LIVES / LIVES]);
                        unit_row("after \"%s\": %s | %s | %s", pasts[past], lives[n % LIVES],
                                 lives[n / LIVES % LIVES], lives[n / LIVES / LIVES]);
                        world_elect(&world);
                        check_all(&world, &before);
                }
        }
}

/* Long lives: what holds must hold after any history. The seed is fixed; a failure names the step. */
static void holds_after_any_history(void)
{
        uint64_t seed = 20261121;

        for (int walk = 0; walk < 300; walk++) {
                struct world world;

                world_init(&world);
                for (int step = 0; step < 200; step++) {
                        struct world before = world;
                        int node;
                        const char *life;

                        seed = seed * 6364136223846793005U + 1442695040888963407U;
                        node = (int)(seed >> 33) % NODES;
                        life = lives[(seed >> 40) % LIVES];
                        live(&world, node, life);
                        world_elect(&world);
                        unit_row("walk %d step %d: node %d \"%s\"", walk, step, node, life);
                        check_all(&world, &before);
                }
        }
}

/* A node that was fenced beside a primary gets no write when that one falls silent, whatever happens to the
 * rest. */
static void a_twin_is_never_elected_by_silence(void)
{
        static const char *const silences[] = {"t t", "r r", "R", "a", "h h", "l r"};

        for (size_t s = 0; s < sizeof(silences) / sizeof(silences[0]); s++)
                for (int third = 0; third < LIVES; third++) {
                        struct world world;

                        world_init(&world);
                        hear_round(&world, "p1 s1 s1");
                        hear_round(&world, "p1 p1 s1");
                        unit_row("%s, third %s", silences[s], lives[third]);
                        live(&world, 0, silences[s]);
                        live(&world, 2, lives[third]);
                        world_elect(&world);
                        UNIT_ASSERT(world.view.primary != 1);
                        hear(&world, 1, "p1");
                        world_elect(&world);
                        UNIT_ASSERT(world.view.primary != 1);
                }
}

/* How long it takes until node 1 is back after it fell, an answer every 25 ms. */
static int64_t time_to_return(struct world *world)
{
        int64_t began = world->rules.now_us;

        hear_round(world, ". r .");
        hear_round(world, ". r .");
        UNIT_ASSERT(world->view.nodes[1].state == NODE_DOWN);
        while (world->view.nodes[1].state != NODE_UP && world->rules.now_us - began < 100 * US_PER_SEC) {
                world->rules.now_us += 25 * US_PER_MS;
                hear_round(world, ". s1 .");
        }
        return world->rules.now_us - began;
}

static void flapping_costs_more_each_time(void)
{
        static const int expected_ms[] = {75, 500, 1000, 2000, 4000, 8000, 16000, 32000, 32000};
        struct world world;

        world_init(&world);
        hear_round(&world, "p1 s1 s1");
        for (size_t i = 0; i < sizeof(expected_ms) / sizeof(expected_ms[0]); i++) {
                unit_row("fall %d", (int)i + 1);
                UNIT_ASSERT(time_to_return(&world) == expected_ms[i] * US_PER_MS);
                hear_round(&world, "w . .");
        }
        hear_round(&world, "W . ."); /* it has been quiet since */
        UNIT_ASSERT(time_to_return(&world) == 75 * US_PER_MS);
}

static void numbers_alone_are_no_news(void)
{
        struct world world;
        struct facts facts = {.timeline = 1, .system_id = OURS, .lsn = 4711};

        world_init(&world);
        hear_round(&world, "p1 s1 s1");
        answer_good(&world, 0, facts);
        UNIT_ASSERT(!world_elect(&world));
        UNIT_ASSERT(world.view.nodes[0].lsn == 4711);
        world.dossiers[1].lag_us = 1234;
        UNIT_ASSERT(!world_elect(&world));
        UNIT_ASSERT(world.view.nodes[1].lag_us == 1234);
        facts.read_only = true;
        answer_good(&world, 0, facts);
        UNIT_ASSERT(world_elect(&world));
}

UNIT_SUITE(health_elect, UNIT_CASE(follows_the_scenarios), UNIT_CASE(holds_for_every_combination),
           UNIT_CASE(holds_after_any_history), UNIT_CASE(a_twin_is_never_elected_by_silence),
           UNIT_CASE(flapping_costs_more_each_time), UNIT_CASE(numbers_alone_are_no_news))

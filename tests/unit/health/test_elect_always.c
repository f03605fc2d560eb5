/* What holds whatever happens. */
#include "health/world.h"

#include "unit.h"

#include <string.h>

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
                world_hear(world, i, word);
}

static void holds_for_every_combination(void)
{
        static const char *const pasts[] = {". . .",    "p1 s1 s1", "p2 s2 s1", "s1 p1 s1", "p1 p1 s1",
                                            "p1 s1 F5", "r p2 s2",  "p1 r r",   "s1 s1 s1"};

        for (size_t past = 0; past < sizeof(pasts) / sizeof(pasts[0]); past++) {
                struct world before;

                world_init(&before);
                world_hear_round(&before, pasts[past]);
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
                        world_hear_round(&world, "p1 s1 s1");
                        world_hear_round(&world, "p1 p1 s1");
                        unit_row("%s, third %s", silences[s], lives[third]);
                        live(&world, 0, silences[s]);
                        live(&world, 2, lives[third]);
                        world_elect(&world);
                        UNIT_ASSERT(world.view.primary != 1);
                        world_hear(&world, 1, "p1");
                        world_elect(&world);
                        UNIT_ASSERT(world.view.primary != 1);
                }
}

/* How long it takes until node 1 is back after it fell, an answer every 25 ms. */
static int64_t time_to_return(struct world *world)
{
        int64_t began = world->rules.now_us;

        world_hear_round(world, ". r .");
        world_hear_round(world, ". r .");
        UNIT_ASSERT(world->view.nodes[1].state == NODE_DOWN);
        while (world->view.nodes[1].state != NODE_UP && world->rules.now_us - began < 100 * US_PER_SEC) {
                world->rules.now_us += 25 * US_PER_MS;
                world_hear_round(world, ". s1 .");
        }
        return world->rules.now_us - began;
}

static void flapping_costs_more_each_time(void)
{
        static const int expected_ms[] = {75, 500, 1000, 2000, 4000, 8000, 16000, 32000, 32000};
        struct world world;

        world_init(&world);
        world_hear_round(&world, "p1 s1 s1");
        for (size_t i = 0; i < sizeof(expected_ms) / sizeof(expected_ms[0]); i++) {
                unit_row("fall %d", (int)i + 1);
                UNIT_ASSERT(time_to_return(&world) == expected_ms[i] * US_PER_MS);
                world_hear_round(&world, "w . .");
        }
        world_hear_round(&world, "W . ."); /* it has been quiet since */
        UNIT_ASSERT(time_to_return(&world) == 75 * US_PER_MS);
}

static void numbers_alone_are_no_news(void)
{
        struct world world;
        struct facts facts = {.timeline = 1, .system_id = OURS, .lsn = 4711};

        world_init(&world);
        world_hear_round(&world, "p1 s1 s1");
        world_answer(&world, 0, facts);
        UNIT_ASSERT(!world_elect(&world));
        UNIT_ASSERT(world.view.nodes[0].lsn == 4711);
        world.dossiers[1].lag_us = 1234;
        UNIT_ASSERT(!world_elect(&world));
        UNIT_ASSERT(world.view.nodes[1].lag_us == 1234);
        facts.read_only = true;
        world_answer(&world, 0, facts);
        UNIT_ASSERT(world_elect(&world));
}

UNIT_SUITE(health_elect_always, UNIT_CASE(holds_for_every_combination), UNIT_CASE(holds_after_any_history),
           UNIT_CASE(a_twin_is_never_elected_by_silence), UNIT_CASE(flapping_costs_more_each_time),
           UNIT_CASE(numbers_alone_are_no_news))

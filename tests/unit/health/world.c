#include "health/world.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

static struct node nodes[NODES] = {{.name = "a:1"}, {.name = "b:1"}, {.name = "c:1"}};

void world_init(struct world *world)
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

bool world_elect(struct world *world)
{
        return elect(&world->rules, world->dossiers, &world->memory, &world->view);
}

void world_answer(struct world *world, int i, struct facts facts)
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

void world_hear(struct world *world, int i, const char *word)
{
        struct facts facts = {.timeline = (uint32_t)(word[0] != '\0' ? word[1] - '0' : 0),
                              .timeline_sure = true,
                              .system_id = OURS};

        switch (word[0]) {
        case 'q': facts.read_only = true; /* fall through */
        case 'p': world_answer(world, i, facts); return;
        case 'u': facts.timeline_sure = false; /* fall through */
        case 's':
                facts.in_recovery = true;
                world_answer(world, i, facts);
                return;
        case 'z':
                facts.in_recovery = true;
                facts.timeline_sure = false;
                facts.timeline = 0;
                world_answer(world, i, facts);
                return;
        case 'f': facts.in_recovery = true; /* fall through */
        case 'F':
                facts.system_id = THEIRS;
                world_answer(world, i, facts);
                return;
        case 'n':
                facts.system_id = 0;
                world_answer(world, i, facts);
                return;
        case 'L':
        case 'B':
                facts.in_recovery = true;
                facts.timeline = 1;
                world_answer(world, i, facts);
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

void world_hear_round(struct world *world, const char *round)
{
        char copy[64], *save = NULL, *word;
        int i = 0;

        snprintf(copy, sizeof(copy), "%s", round);
        for (word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save), i++) {
                world_hear(world, i, word);
                world_elect(world);
        }
        UNIT_ASSERT(i == NODES);
}

const char *world_standing(const struct world *world, int i)
{
        const struct topology_node *node = &world->view.nodes[i];

        if (node->state != NODE_UP)
                return node_state_name(node->state);
        return node_role_name(node->role);
}

/* world: a cluster of three nodes before an election, told in words what its nodes answer. */
#pragma once

#include "base/clock.h"
#include "health/elect.h"

enum { NODES = 3, OURS = 7, THEIRS = 9 };

struct world {
        struct elect_rules rules;
        struct dossier dossiers[NODES];
        struct elect_memory memory;
        struct topology view;
};

/* Nobody was asked. */
void world_init(struct world *world);

/* As elect(). */
bool world_elect(struct world *world);

/* Node `i` has given a good answer. */
void world_answer(struct world *world, int i, struct facts facts);

/* One answer, as a word:
 *
 *     p1      a primary on timeline 1            q1   the same, read-only
 *     s1      a standby on timeline 1            u1   the same, not for sure
 *     z1      a standby whose timeline we may not see
 *     n1      a primary of unknown system identifier
 *     F1 f1   another cluster's primary, standby
 *     L1..L9  a standby on timeline 1, so many times 2 s behind
 *     B1..B9  the same, so many kB behind
 *     r       refused                            R    the same, as traffic said
 *     l       lost                               h    shutting down
 *     t       no answer in time                  a    our login fails
 *     w       6 s go by                          W    600 s
 *     D X Y U an operator wants it drained, fenced, replaced, none of it
 *     .       nothing */
void world_hear(struct world *world, int i, const char *word);

/* "p1 s1 s1": node 0's answer, node 1's, node 2's; an election after each, as it is in life. */
void world_hear_round(struct world *world, const char *round);

/* The role of a node that is up, else its state. */
const char *world_standing(const struct world *world, int i);

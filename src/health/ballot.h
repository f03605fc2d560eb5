/* ballot: one election at work. Shared by elect.c, which decides, and why.c, which puts verdicts into words;
 * nobody else includes it. */
#pragma once

#include "health/elect.h"

enum { NONE = -1 };

enum presence {
        UNSEEN, /* nothing sure yet */
        GOOD,   /* the last answer is good */
        LOGIN,  /* runs, but our login fails */
        DOUBT,  /* failed lately, not often enough */
        GONE,
};

struct ballot {
        const struct elect_rules *rules;
        const struct dossier *dossiers;
        struct elect_memory *memory;
        struct topology *now;
        enum presence presence[TOPOLOGY_NODES_MAX];
        uint64_t system_id; /* ours; 0: unknown */
        uint32_t timeline;  /* the highest that any node of ours is known to have been on */
        bool cold;          /* no primary was ever elected, and somebody was not heard yet */
        int claims;         /* nodes that take writes on the highest timeline */
        int primary;        /* the verdict; NONE: there is none */
};

/* How long node `i` has to wait yet before it serves again, besides giving good answers: the longer the more
 * often it fell soon after it had returned. */
int64_t ballot_rest_us(const struct ballot *ballot, int i);

/* Why node `i` got `cause`: one sentence for a log line and for SHOW NODES. */
void ballot_why(const struct ballot *ballot, int i, enum elect_cause cause, char *out, size_t size);

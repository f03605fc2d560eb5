/* stage: pools of one or two workers on loops that the test turns, with fake servers and guests that lease.
 */
#pragma once

#include "net/turns.h"
#include "pool/fakes.h"
#include "pool/pool.h"

enum { GUESTS = 16 };

struct guest {
        struct waiter waiter;
        struct server *server;
        int turn; /* the how many-th to be granted; 0: not yet */
        int failed;
        enum pool_trouble trouble;
        struct refusal refusal;
        const char *lost;
        size_t heard; /* bytes its server has said */
};

struct stage {
        struct fakes fakes;
        struct conf *conf;
        struct loop loop[2];
        struct pools pools[2];
        struct pools *peers[2];
        struct pool *pool[2];
        struct node *node;
        int workers, granted;
        int reserved; /* connections opened out of the reserve */
        struct guest guest[GUESTS];
};

extern struct stage stage; /* of the test that runs */

/* `line` and `settings` are added to the [databases] line of "app" and to [pgbouncer]. */
void stage_init(int workers, const char *line, const char *settings);
void stage_fini(void);

/* A guest of worker `w` asks; true when it is served at once. */
bool stage_lease(struct guest *g, int w);
void stage_give_back(struct guest *g);

/* Turns everything until `until` is true, at most 10 s; returns whether it is. */
bool stage_till(bool (*until)(void));
void stage_rest(int ms);

/* Conditions for stage_till. */
bool all_quiet(void);  /* nobody waits, nothing logs in */
bool last_known(void); /* a login has failed */

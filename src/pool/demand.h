/* demand: gets servers for the clients that wait in a pool: an idle one of another worker, a new connection
 * within the limits, one out of the reserve, or one in the room that another pool's idle server makes
 * ("evicted"). With it the letters between the workers' pools. Owner and thread: the pool's worker. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct blocked;
struct pool;
struct server;

/* Serves those who wait, as far as limits let it. Harmless when nobody does. */
void demand_serve(struct pool *pool);

/* Nobody waits here any more: who has been kept from opening a connection by our place in the queue may. */
void demand_drop(struct pool *pool);

/* There may be room in the pool's budgets: tells who is next. */
void demand_tell(struct pool *pool);

/* Asks for one idle server to be closed, of whatever pool: of those that share the budget that is used up; of
 * this pool in another worker. */
void demand_make_room(struct pool *pool, const struct blocked *blocked);
void demand_evict(struct pool *pool);

/* Whether a server of this pool that is free should be closed, because somebody in another pool has waited
 * for the room since before `since_us`. To be asked only when budgets_wanted(). */
bool demand_elsewhere(const struct pool *pool, int64_t since_us);

/* Another worker gets a server that is at rest. */
void demand_send(struct pool *pool, struct server *s, int worker);

/* Another worker's pool shall look again: there is room in the quota. */
void demand_wake(struct pool *pool, int worker);

#include "session/census_memory.h"

#include "net/loop.h"
#include "session/client.h"

#include <string.h>

/* In the order of SHOW MEM. */
enum cache { POOLS, OUTLETS, REPLIES, SERVERS, CLIENTS, SCRATCH, BUFFERS, SETTINGS, PREPARED, TEXTS, CACHES };

_Static_assert((int)CACHES == (int)CENSUS_CACHES, "each cache has its place");

static void count(struct census_cache *cache, size_t used)
{
        cache->used += used;
        cache->bytes += used * cache->size;
}

static void count_buf(struct census_cache *cache, const struct buf *b)
{
        cache->used += b->cap > 0;
        cache->bytes += b->cap;
}

/* Replies that do not fit into the server itself. */
static void count_replies(struct census_cache *cache, const struct replies *r)
{
        size_t bytes = replies_memory(r);

        if (bytes == 0)
                return;
        cache->used += r->count;
        cache->spare += r->cap - r->count;
        cache->bytes += bytes;
}

static void count_servers(const struct list *list, struct census_cache *caches)
{
        list_for_each (node, list) {
                const struct server *s = list_item(node, const struct server, in_pool);

                count(&caches[SERVERS], 1);
                count(&caches[PREPARED], s->prepared.count);
                count_replies(&caches[REPLIES], &s->replies);
                count_buf(&caches[BUFFERS], &s->in);
                count_buf(&caches[BUFFERS], &s->replay);
                count_buf(&caches[BUFFERS], &s->stream.out);
        }
}

static void count_pools(const struct room *room, struct census_cache *caches)
{
        struct pool *pool, *next;

        HASH_ITER (hh, room->pools.pools, pool, next) {
                const struct list *const lists[] = {&pool->leased, &pool->idle, &pool->login,
                                                    &pool->resetting, &pool->parked};

                count(&caches[POOLS], 1);
                for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
                        count_servers(lists[i], caches);
        }
        list_for_each (node, &room->pools.outlets)
                count(&caches[OUTLETS], 1);
}

static void count_clients(const struct room *room, struct census_cache *caches)
{
        const struct slab *slab = &room->clients_slab;

        count(&caches[CLIENTS], slab->live);
        if (slab->total > slab->live) { /* not so where each is malloc's own */
                caches[CLIENTS].spare = slab->total - slab->live;
                caches[CLIENTS].bytes = slab->total * slab->size;
        }
        list_for_each (node, &room->clients) {
                const struct client *c = list_item(node, const struct client, in_clients);

                count_buf(&caches[BUFFERS], &c->in);
                count_buf(&caches[BUFFERS], &c->unnamed);
                count_buf(&caches[BUFFERS], &c->stream.out);
        }
}

void census_count_memory(const struct room *room, struct census_cache caches[CENSUS_CACHES])
{
        const struct census_cache empty[CACHES] = {
            [POOLS] = {.name = "pool_cache", .size = sizeof(struct pool)},
            [OUTLETS] = {.name = "peer_pool_cache", .size = sizeof(struct outlet)},
            [REPLIES] = {.name = "outstanding_request_cache", .size = sizeof(struct reply)},
            [SERVERS] = {.name = "server_cache", .size = sizeof(struct server)},
            [CLIENTS] = {.name = room->clients_slab.name, .size = room->clients_slab.size},
            [SCRATCH] = {.name = "iobuf_cache", .size = LOOP_SCRATCH_BYTES},
            [BUFFERS] = {.name = "buffer_cache"},
            [SETTINGS] = {.name = "var_list_cache"},
            [PREPARED] = {.name = "server_prepared_statement_cache", .size = prepared_entry_size()},
            [TEXTS] = {.name = "statement_cache"},
        };

        memcpy(caches, empty, sizeof(empty));
        count_pools(room, caches);
        count_clients(room, caches);
        count(&caches[SCRATCH], 1);
        caches[TEXTS].bytes = statements_memory(&room->statements, &caches[TEXTS].used);
        caches[SETTINGS].bytes = settings_memory(&room->pools.settings, &caches[SETTINGS].used);
}

#include "pool/hosts.h"

#include "base/clock.h"
#include "cluster/node.h"
#include "net/names.h"

#include <string.h>

/* Between two looks at which names are in use; with dns_max_ttl=0, between two lookups. */
static const int64_t LOOK_US = US_PER_SEC;

static bool is_gone(const struct name_answer *answer, const struct server *s)
{
        if (strcmp(server_host(s), answer->name) != 0)
                return false;
        for (int i = 0; i < answer->count; i++)
                if (address_same_host(&answer->list[i], &s->peer))
                        return false;
        return true;
}

/* One that still dials has asked for the address itself, and no other is known yet. */
static void look_at(struct list *list, const struct name_answer *answer)
{
        list_for_each_safe (node, list) {
                struct server *s = list_item(node, struct server, in_pool);

                if (s->state == SERVER_CONNECTING || server_is_outdated(s) || !is_gone(answer, s))
                        continue;
                s->close_needed = true;
                if (s->state == SERVER_IDLE)
                        server_close(s, "obsolete connection");
        }
}

static void on_fresh(void *arg, const struct name_answer *answer)
{
        struct pools *pools = arg;
        struct pool *pool, *next;

        HASH_ITER (hh, pools->pools, pool, next) {
                look_at(&pool->idle, answer);
                look_at(&pool->leased, answer);
                look_at(&pool->login, answer);
                look_at(&pool->resetting, answer);
                look_at(&pool->parked, answer);
        }
}

static void keep(struct pools *pools, const char *host, int port)
{
        struct address ignored;

        if (address_parse(host, port, &ignored) == STATUS_ABSENT)
                names_keep(names_of(pools->loop), host);
}

void hosts_tick(struct pools *pools)
{
        int64_t now = loop_now(pools->loop);
        struct pool *pool, *next;

        if (now < pools->hosts_due_us)
                return;
        pools->hosts_due_us = now + LOOK_US;
        HASH_ITER (hh, pools->pools, pool, next) {
                const struct conf_database *line = pool->line;

                if (line == NULL ||
                    pool->idle_count + pool->leased_count + pool->resetting_count + pool->parked_count == 0)
                        continue;
                if (!pool_is_plain(pool)) {
                        keep(pools, pool->node->host, pool->node->port);
                        continue;
                }
                for (int i = 0; i < line->host_count; i++)
                        keep(pools, line->hosts[i].host, line->hosts[i].port);
        }
}

void hosts_configure(struct pools *pools)
{
        names_configure(names_of(pools->loop), &pools->conf->opt);
        names_watch(names_of(pools->loop), on_fresh, pools);
}

void hosts_stop(struct pools *pools)
{
        names_watch(names_of(pools->loop), NULL, NULL);
}

#include "pool/solo.h"

#include "base/clock.h"
#include "pool/stage.h"
#include "unit.h"

#include <string.h>

static struct guest *const g = stage.guest;
static struct buf params;

static void want(struct guest *guest, int w)
{
        if (buf_len(&params) == 0)
                UNIT_ASSERT(buf_append(&params, "replication\0yes\0a\0b\0", 20, 100) == STATUS_OK);
        solo_wait(stage.pool[w], &guest->waiter, REPLICATION_PHYSICAL, &params);
}

static void begin(int workers, const char *line)
{
        stage_init(workers, line, "");
}

static void end(void)
{
        stage_fini();
        buf_release(&params);
}

static void leave(struct guest *guest)
{
        struct server *s = guest->server;

        guest->server = NULL;
        server_close(s, "replication client was closed");
}

static bool first_has_one(void)
{
        return g[0].server != NULL;
}

static bool second_has_one(void)
{
        return g[1].server != NULL;
}

static bool third_has_one(void)
{
        return g[2].server != NULL;
}

static bool first_failed(void)
{
        return g[0].failed > 0;
}

static void it_is_opened_with_its_own_parameters(void)
{
        struct pool *pool;

        begin(1, "pool_size=3");
        pool = stage.pool[0];
        stage_lease(&g[1], 0);
        UNIT_ASSERT(stage_till(all_quiet));
        stage_give_back(&g[1]);
        want(&g[0], 0);
        UNIT_ASSERT(pool->solo_count == 1 && pool->solo_logins == 1 && pool->idle_count == 1);
        UNIT_ASSERT(stage_till(first_has_one) && stage.fakes.count == 2); /* the idle one is not for it */
        UNIT_ASSERT(memmem(stage.fakes.fake[1].startup, stage.fakes.fake[1].startup_n,
                           "replication\0yes\0a\0b\0\0", 21) != NULL);
        UNIT_ASSERT(memmem(stage.fakes.fake[0].startup, stage.fakes.fake[0].startup_n, "replication", 11) ==
                    NULL);
        UNIT_ASSERT(g[0].server->replication == REPLICATION_PHYSICAL && g[0].server->state == SERVER_LEASED);
        UNIT_ASSERT(pool->solo_count == 0 && pool->solo_logins == 0 && pool->solo_open == 1);
        leave(&g[0]);
        UNIT_ASSERT(pool->solo_open == 0 && atomic_load(&pool->quota->open) == 1);
        end();
}

static void an_idle_one_makes_room(void)
{
        for (int elsewhere = 0; elsewhere <= 1; elsewhere++) {
                unit_row("%s", elsewhere ? "in another worker" : "here");
                begin(2, "pool_size=2");
                for (int i = 1; i <= 2; i++)
                        stage_lease(&g[i], elsewhere);
                UNIT_ASSERT(stage_till(all_quiet));
                want(&g[0], 0);
                stage_rest(5);
                UNIT_ASSERT(g[0].server == NULL && atomic_load(&stage.pool[0]->quota->open) == 2);
                stage_give_back(&g[1]);
                if (elsewhere) /* as a tick would */
                        pool_retry(stage.pool[0]);
                UNIT_ASSERT(stage_till(first_has_one));
                UNIT_ASSERT(atomic_load(&stage.pool[0]->quota->open) == 2 && fakes_open(&stage.fakes) == 2);
                leave(&g[0]);
                end();
        }
}

/* Two queues, one order. */
static void who_came_first_goes_first(void)
{
        begin(1, "pool_size=1");
        stage_lease(&g[1], 0);
        UNIT_ASSERT(stage_till(second_has_one));
        want(&g[0], 0);
        stage.loop[0].now_us = 0;
        stage_rest(2);
        stage_lease(&g[2], 0);
        stage_give_back(&g[1]);
        UNIT_ASSERT(stage_till(first_has_one) && g[2].server == NULL);
        leave(&g[0]);
        UNIT_ASSERT(stage_till(third_has_one));
        want(&g[0], 0);
        stage_rest(2);
        UNIT_ASSERT(g[0].server == NULL);
        stage_give_back(&g[2]);
        UNIT_ASSERT(stage_till(first_has_one));
        leave(&g[0]);
        end();
}

static void a_refusal_is_for_one(void)
{
        static const char no[] = "E\0\0\0\43SFATAL\0C28000\0Mno replication\0\0";

        begin(1, "");
        stage.fakes.login = no;
        stage.fakes.login_n = sizeof(no) - 1;
        want(&g[0], 0);
        UNIT_ASSERT(stage_till(first_failed) && g[0].trouble == POOL_REJECTED);
        UNIT_ASSERT(strcmp(g[0].refusal.text, "login failed") == 0);
        UNIT_ASSERT(stage.pool[0]->last.severity == NULL && stage.pool[0]->solo_open == 0);
        stage.fakes.login = NULL;
        stage_lease(&g[1], 0);
        UNIT_ASSERT(stage_till(second_has_one) && g[1].failed == 0);
        end();
}

static void who_gives_up_takes_it_along(void)
{
        begin(1, "");
        want(&g[0], 0);
        pool_cancel_wait(&g[0].waiter);
        UNIT_ASSERT(stage.pool[0]->solo_count == 0 && stage.pool[0]->solo_open == 0);
        UNIT_ASSERT(atomic_load(&stage.pool[0]->quota->open) == 0);
        pools_pause(&stage.pools[0], NULL, true);
        want(&g[0], 0);
        UNIT_ASSERT(stage.pool[0]->solo_open == 0);
        pools_pause(&stage.pools[0], NULL, false);
        UNIT_ASSERT(stage_till(first_has_one));
        pools_reconnect(&stage.pools[0], NULL);
        pools_tick(&stage.pools[0]);
        UNIT_ASSERT(g[0].server == NULL && strcmp(g[0].lost, "database configuration changed") == 0);
        end();
}

UNIT_SUITE(pool_solo, UNIT_CASE(it_is_opened_with_its_own_parameters), UNIT_CASE(an_idle_one_makes_room),
           UNIT_CASE(who_came_first_goes_first), UNIT_CASE(a_refusal_is_for_one),
           UNIT_CASE(who_gives_up_takes_it_along))

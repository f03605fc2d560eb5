/* Limits that pools share, and who gets the room there is. */
#include "pool/demand.h"

#include "base/clock.h"
#include "conf/files.h"
#include "pool/stage.h"
#include "unit.h"

#include <stdio.h>

static struct guest *const g = stage.guest;

/* Pools beside stage.pool: they share its database or its user. */
static struct pool *pool_for(int worker, const char *database, const char *user)
{
        return pools_get(&stage.pools[worker], conf_find_database(stage.conf, "app"), database, user,
                         stage.node);
}

static struct pool *of_user(int worker, const char *user)
{
        return pool_for(worker, "app", user);
}

static void lease_from(struct guest *guest, struct pool *pool)
{
        guest->server = pool_lease(pool, &guest->waiter, NULL);
}

static struct guest *expected;

static bool is_in(void)
{
        return expected->server != NULL;
}

static bool comes_in(struct guest *guest)
{
        expected = guest;
        return stage_till(is_in);
}

/* The server it gives back has been idle for so long. */
static void give_back_earlier(struct guest *guest, int64_t us)
{
        struct server *s = guest->server;

        stage_give_back(guest);
        UNIT_ASSERT(s->state == SERVER_IDLE);
        s->since_us -= us;
        pool_publish_idle(s->pool);
}

static void the_longest_idle_makes_room(void)
{
        static const struct {
                const char *name, *line, *settings;
                bool user; /* whose limit it is */
                int workers;
        } rows[] = {
            {"database", "max_db_connections=2", "", false, 1},
            {"database, from another worker", "max_db_connections=2", "", false, 2},
            {"any database", "max_db_connections=0", "max_db_connections = 2", false, 2},
            {"user", "", "max_user_connections = 9\n[users]\nbob = max_user_connections=2", true, 1},
            {"any user, from another worker", "", "max_user_connections = 2", true, 2},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct pool *b, *c;

                unit_row("%s", rows[i].name);
                stage_init(rows[i].workers, rows[i].line, rows[i].settings);
                b = rows[i].user ? pool_for(0, "b", "bob") : of_user(0, "b");
                c = rows[i].user ? pool_for(rows[i].workers - 1, "c", "bob")
                                 : of_user(rows[i].workers - 1, "c");
                lease_from(&g[0], stage.pool[0]);
                lease_from(&g[1], b);
                UNIT_ASSERT(comes_in(&g[0]) && comes_in(&g[1]));
                give_back_earlier(&g[0], 1 * US_PER_SEC);
                give_back_earlier(&g[1], 2 * US_PER_SEC);
                lease_from(&g[2], c);
                UNIT_ASSERT(g[2].server == NULL && c->blocked.by != NULL);
                UNIT_ASSERT(comes_in(&g[2]));
                UNIT_ASSERT(stage.pool[0]->idle_count == 1 && b->idle_count == 0);
                UNIT_ASSERT(fakes_open(&stage.fakes) == 2 && stage.fakes.count == 3);
                UNIT_ASSERT(c->blocked.by == NULL && !budgets_wanted() && !c->evicting);
                stage_fini();
        }
}

static void who_becomes_idle_makes_room(void)
{
        for (int workers = 1; workers <= 2; workers++) {
                struct pool *other;

                unit_row("%d workers", workers);
                stage_init(workers, "max_db_connections=1", "");
                other = of_user(workers - 1, "eve");
                lease_from(&g[0], stage.pool[0]);
                UNIT_ASSERT(comes_in(&g[0]));
                lease_from(&g[1], other);
                stage_rest(3);
                UNIT_ASSERT(g[1].server == NULL && stage.fakes.count == 1);
                stage_give_back(&g[0]);
                UNIT_ASSERT(stage.pool[0]->idle_count == 0);
                UNIT_ASSERT(comes_in(&g[1]) && fakes_open(&stage.fakes) == 1);
                stage_fini();
        }
}

static void a_busy_pool_makes_room_for_who_waits_much_longer(void)
{
        static const struct {
                const char *name;
                int64_t earlier_us;
                bool makes_room;
        } rows[] = {{"much longer", 300000, true}, {"a little longer", 200000, false}, {"less", -1, false}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct pool *other;

                unit_row("%s", rows[i].name);
                stage_init(1, "max_db_connections=1", "");
                other = of_user(0, "eve");
                lease_from(&g[0], stage.pool[0]);
                UNIT_ASSERT(comes_in(&g[0]));
                lease_from(&g[1], other);
                g[1].waiter.since_us -= rows[i].earlier_us;
                pool_retry(other);
                lease_from(&g[2], stage.pool[0]);
                stage_give_back(&g[0]);
                UNIT_ASSERT((g[2].server != NULL) != rows[i].makes_room);
                if (rows[i].makes_room)
                        UNIT_ASSERT(comes_in(&g[1]) && g[2].server == NULL);
                /* And then the other one. */
                stage_give_back(rows[i].makes_room ? &g[1] : &g[2]);
                UNIT_ASSERT(comes_in(rows[i].makes_room ? &g[2] : &g[1]));
                stage_fini();
        }
}

static void room_is_kept_for_who_waits_longest(void)
{
        struct pool *eve, *amy;

        stage_init(1, "max_db_connections=1", "");
        eve = of_user(0, "eve");
        amy = of_user(0, "amy");
        lease_from(&g[0], stage.pool[0]);
        UNIT_ASSERT(comes_in(&g[0]));
        lease_from(&g[1], eve);
        lease_from(&g[2], amy);
        g[2].waiter.since_us -= US_PER_SEC;
        pool_retry(amy);
        server_close(g[0].server, "test");
        g[0].server = NULL;
        /* There is room; but eve, who looks first, has not waited longest. */
        pool_retry(eve);
        UNIT_ASSERT(eve->login_count == 0 && amy->login_count == 0);
        UNIT_ASSERT(comes_in(&g[2]) && g[1].server == NULL);
        stage_give_back(&g[2]);
        UNIT_ASSERT(comes_in(&g[1]));
        stage_fini();
}

static void room_nobody_takes_goes_to_the_next(void)
{
        enum { LEAVES, IS_PAUSED, CANNOT_LOG_IN, WAYS };
        static const char *const names[] = {"the client leaves", "PAUSE", "server_login_retry"};

        for (int way = LEAVES; way < WAYS; way++) {
                struct pool *eve, *amy;

                unit_row("%s", names[way]);
                stage_init(1, "max_db_connections=1", "");
                eve = of_user(0, "eve");
                amy = of_user(0, "amy");
                lease_from(&g[0], stage.pool[0]);
                UNIT_ASSERT(comes_in(&g[0]));
                lease_from(&g[1], eve);
                g[1].waiter.since_us -= US_PER_SEC;
                pool_retry(eve);
                lease_from(&g[2], amy);
                server_close(g[0].server, "test");
                g[0].server = NULL;
                if (way == LEAVES)
                        pool_cancel_wait(&g[1].waiter);
                eve->paused = way == IS_PAUSED;
                if (way == CANNOT_LOG_IN)
                        eve->retry_us = INT64_MAX;
                UNIT_ASSERT(comes_in(&g[2]) && g[1].server == NULL);
                stage_fini();
        }
}

static void the_reserve_is_for_who_has_waited(void)
{
        stage_init(1, "pool_size=1 reserve_pool_size=2", "reserve_pool_timeout = 5");
        lease_from(&g[0], stage.pool[0]);
        UNIT_ASSERT(comes_in(&g[0]));
        for (int i = 1; i <= 4; i++)
                lease_from(&g[i], stage.pool[0]);
        g[1].waiter.since_us -= 4 * US_PER_SEC;
        pools_tick(&stage.pools[0]);
        UNIT_ASSERT(stage.pool[0]->login_count == 0 && stage.reserved == 0);
        g[1].waiter.since_us -= 1 * US_PER_SEC;
        pools_tick(&stage.pools[0]);
        pools_tick(&stage.pools[0]);
        UNIT_ASSERT(stage.pool[0]->login_count == 1 && stage.reserved == 1); /* the others have not */
        UNIT_ASSERT(comes_in(&g[1]) && g[2].server == NULL);
        for (int i = 2; i <= 4; i++)
                g[i].waiter.since_us -= 5 * US_PER_SEC;
        pools_tick(&stage.pools[0]);
        UNIT_ASSERT(comes_in(&g[2]));
        pools_tick(&stage.pools[0]);
        stage_rest(3);
        UNIT_ASSERT(stage.reserved == 2 && g[3].server == NULL && stage.fakes.count == 3);
        /* What the reserve has opened stays. */
        stage_give_back(&g[0]);
        UNIT_ASSERT(g[3].server != NULL && fakes_open(&stage.fakes) == 3);
        stage_fini();
}

static void there_may_be_no_reserve(void)
{
        static const struct {
                const char *name, *line, *settings;
                int opened;
        } rows[] = {
            {"none", "pool_size=1", "", 1},
            {"of the line", "pool_size=1 reserve_pool=1", "reserve_pool_size = 0", 2},
            {"of all", "pool_size=1", "reserve_pool_size = 2", 3},
            {"of the user", "pool_size=1 reserve_pool_size=2", "[users]\nbob = reserve_pool_size=1", 2},
            {"the timeout is 0", "pool_size=1", "reserve_pool_size = 2\nreserve_pool_timeout = 0", 1},
            {"the database is full", "pool_size=1 reserve_pool_size=2 max_db_connections=2", "", 2},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                stage_init(1, rows[i].line, rows[i].settings);
                for (int k = 0; k < 4; k++) {
                        lease_from(&g[k], stage.pool[0]);
                        g[k].waiter.since_us -= 10 * US_PER_SEC;
                }
                UNIT_ASSERT(comes_in(&g[0]));
                for (int k = 0; k < 4; k++) {
                        pool_retry(stage.pool[0]);
                        stage_rest(2);
                }
                UNIT_ASSERT(stage.fakes.count == rows[i].opened && stage.reserved == rows[i].opened - 1);
                stage_fini();
        }
}

static void the_minimum_keeps_to_the_limits(void)
{
        static const struct {
                const char *name, *line, *settings;
                int opened;
        } rows[] = {
            {"no minimum", "", "", 0},
            {"three", "min_pool_size=3", "", 3},
            {"of all", "", "min_pool_size = 2", 2},
            {"more than the pool", "min_pool_size=3 pool_size=2", "reserve_pool_size = 5", 2},
            {"of a pool without limit", "min_pool_size=3 pool_size=0", "", 3},
            {"more than the database", "min_pool_size=3 max_db_connections=1", "", 1},
            {"more than the user", "min_pool_size=3", "max_user_connections = 2", 2},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                stage_init(1, rows[i].line, rows[i].settings);
                for (int k = 0; k < 5; k++) {
                        pools_keep_minimum(stage.pool[0]);
                        UNIT_ASSERT(stage_till(all_quiet));
                }
                UNIT_ASSERT(stage.pool[0]->idle_count == rows[i].opened);
                /* The idle timeout leaves them. */
                if (rows[i].opened == 3) {
                        stage_lease(&g[0], 0);
                        stage_lease(&g[1], 0);
                        stage_lease(&g[2], 0);
                        UNIT_ASSERT(!stage_lease(&g[3], 0));
                        UNIT_ASSERT(comes_in(&g[3]));
                        for (int k = 0; k < 4; k++)
                                give_back_earlier(&g[k], 700 * US_PER_SEC);
                        pools_tick(&stage.pools[0]);
                        UNIT_ASSERT(stage.pool[0]->idle_count == 3);
                }
                stage_fini();
        }
}

static void the_minimum_evicts_nobody(void)
{
        stage_init(1, "min_pool_size=3 max_db_connections=2", "");
        lease_from(&g[0], of_user(0, "eve"));
        UNIT_ASSERT(comes_in(&g[0]));
        stage_give_back(&g[0]);
        for (int k = 0; k < 3; k++) {
                pools_keep_minimum(stage.pool[0]);
                stage_rest(2);
        }
        UNIT_ASSERT(stage.pool[0]->idle_count == 1 && of_user(0, "eve")->idle_count == 1);
        UNIT_ASSERT(stage.fakes.count == 2 && !budgets_wanted());
        stage_fini();
}

static void new_limits_hold_at_once(void)
{
        char text[512];
        struct conf *conf;

        stage_init(1, "pool_size=1 max_db_connections=1", "");
        for (int i = 0; i < 3; i++)
                lease_from(&g[i], stage.pool[0]);
        lease_from(&g[3], of_user(0, "eve"));
        UNIT_ASSERT(comes_in(&g[0]));
        stage_rest(2);
        UNIT_ASSERT(stage.fakes.count == 1);
        snprintf(text, sizeof(text),
                 "[databases]\napp = host=127.0.0.1 port=%d user=bob\n[pgbouncer]\nauth_type = any\n"
                 "default_pool_size = 2\nmax_db_connections = 3\n",
                 stage.fakes.port);
        conf = files_load_good(text);
        pools_configure(&stage.pools[0], conf, NULL);
        UNIT_ASSERT(comes_in(&g[1]) && comes_in(&g[3]) && g[2].server == NULL && stage.fakes.count == 3);
        conf_unref(stage.conf);
        stage.conf = conf;
        stage_fini();
}

static void round_robin_takes_the_longest_idle(void)
{
        for (int robin = 0; robin <= 1; robin++) {
                struct server *first, *second;

                stage_init(1, "", robin ? "server_round_robin = 1" : "");
                lease_from(&g[0], stage.pool[0]);
                lease_from(&g[1], stage.pool[0]);
                UNIT_ASSERT(comes_in(&g[0]) && comes_in(&g[1]));
                first = g[0].server;
                second = g[1].server;
                stage_give_back(&g[0]);
                stage_give_back(&g[1]);
                unit_row("server_round_robin = %d", robin);
                UNIT_ASSERT(stage_lease(&g[2], 0) && g[2].server == (robin ? first : second));
                stage_give_back(&g[2]);
                UNIT_ASSERT(stage_lease(&g[2], 0) && g[2].server == second);
                stage_fini();
        }
}

UNIT_SUITE(pool_demand, UNIT_CASE(the_longest_idle_makes_room), UNIT_CASE(who_becomes_idle_makes_room),
           UNIT_CASE(a_busy_pool_makes_room_for_who_waits_much_longer),
           UNIT_CASE(room_is_kept_for_who_waits_longest), UNIT_CASE(room_nobody_takes_goes_to_the_next),
           UNIT_CASE(the_reserve_is_for_who_has_waited), UNIT_CASE(there_may_be_no_reserve),
           UNIT_CASE(the_minimum_keeps_to_the_limits), UNIT_CASE(the_minimum_evicts_nobody),
           UNIT_CASE(new_limits_hold_at_once), UNIT_CASE(round_robin_takes_the_longest_idle))

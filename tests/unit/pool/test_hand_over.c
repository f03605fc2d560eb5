/* Servers that go from one worker to another. */
#include "base/clock.h"
#include "pool/stage.h"
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct guest *const g = stage.guest;

static bool first_in(void)
{
        return g[0].server != NULL;
}

static bool second_in(void)
{
        return g[1].server != NULL;
}

static bool third_in(void)
{
        return g[2].server != NULL;
}

static void an_idle_one_is_asked_for(void)
{
        struct setting setting = {SV("a"), SV("1"), SETTING_KIND_SQL};
        struct setting found;
        struct server *s;

        stage_init(2, "pool_size=2", "session_state=1");
        stage_lease(&g[0], 0);
        UNIT_ASSERT(stage_till(first_in));
        s = g[0].server;
        UNIT_ASSERT(settings_with(&stage.pools[0].settings, NULL, &setting, &s->applied) == STATUS_OK);
        stage_give_back(&g[0]);
        UNIT_ASSERT(s->state == SERVER_IDLE && atomic_load(&stage.pool[0]->quota->idle) == 1);
        UNIT_ASSERT(!stage_lease(&g[1], 1));
        UNIT_ASSERT(stage_till(second_in) && g[1].server == s && s->pool == stage.pool[1]);
        UNIT_ASSERT(stage.fakes.count == 1 && stage.pool[0]->idle_count == 0);
        UNIT_ASSERT(atomic_load(&stage.pool[0]->quota->idle) == 0);
        UNIT_ASSERT(atomic_load(&stage.pool[0]->quota->waiting) == 0);
        /* It keeps what was set in it, and goes on hearing. */
        UNIT_ASSERT(settings_get(s->applied, SV("a"), &found) && sv_is(found.value, "1"));
        UNIT_ASSERT(stage.pools[0].settings.sets == NULL && stage.pools[1].settings.sets != NULL);
        FAKE_SAY(&stage.fakes.fake[0], "N\0\0\0\5\0");
        stage_rest(5);
        UNIT_ASSERT(g[1].heard == 6);
        /* What was asked for has come: the next one is not thought to be on its way. */
        UNIT_ASSERT(!stage_lease(&g[2], 1));
        UNIT_ASSERT(stage_till(third_in) && stage.fakes.count == 2);
        stage_fini();
}

static void one_given_back_goes_to_who_waits_elsewhere(void)
{
        static const struct {
                const char *name;
                int64_t earlier_us; /* that the other worker's client came before the own one */
                bool hands_over;
        } rows[] = {
            {"much earlier", 50000, true}, {"a little earlier", 500, false}, {"later", -50000, false}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                stage_init(2, "pool_size=1", "");
                stage_lease(&g[0], 0);
                UNIT_ASSERT(stage_till(first_in));
                stage_lease(&g[1], 1);
                stage_lease(&g[2], 0);
                stage_rest(2);
                g[2].waiter.since_us = g[1].waiter.since_us + rows[i].earlier_us;
                stage_give_back(&g[0]);
                stage_rest(4);
                UNIT_ASSERT((g[1].server != NULL) == rows[i].hands_over);
                UNIT_ASSERT((g[2].server != NULL) == !rows[i].hands_over);
                /* And then the other one. */
                stage_give_back(g[1].server != NULL ? &g[1] : &g[2]);
                stage_rest(4);
                UNIT_ASSERT(g[1].turn > 0 && g[2].turn > 0 && stage.fakes.count == 1);
                stage_fini();
        }
}

static void room_in_the_quota_is_told(void)
{
        stage_init(2, "pool_size=1", "");
        stage_lease(&g[0], 0);
        UNIT_ASSERT(stage_till(first_in));
        stage_lease(&g[1], 1);
        stage_rest(4);
        UNIT_ASSERT(g[1].server == NULL && stage.fakes.count == 1);
        g[0].server->close_needed = true;
        stage_give_back(&g[0]);
        UNIT_ASSERT(stage_till(second_in) && stage.fakes.count == 2);
        stage_fini();
}

/* ---- with two threads ---- */

enum { EACH = 6 };

struct visitor {
        struct waiter waiter;
        struct house *house;
        int left;
};

struct house {
        struct loop loop;
        struct pools pools;
        struct pool *pool;
        struct visitor visitors[EACH];
        int todo;
        pthread_t thread;
};

static struct house houses[2];
static _Atomic int inside, most, troubles;
static int rounds; /* each visitor's */

static void visit(struct visitor *v);

/* Has its turn, and gives the server back at once. */
static void enter(struct visitor *v, struct server *s)
{
        int n = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);

        while (n > seen && !atomic_compare_exchange_weak(&most, &seen, n))
                ;
        if (s->pool != v->house->pool || s->state != SERVER_LEASED)
                atomic_fetch_add(&troubles, 1);
        atomic_fetch_sub(&inside, 1);
        v->left--;
        v->house->todo--;
        pool_give_back(s);
}

struct again {
        struct letter letter;
        struct visitor *v;
};

static void open_again(struct letter *letter, void *owner)
{
        struct again *again = list_item(letter, struct again, letter);

        (void)owner;
        visit(again->v);
        free(again);
}

static void come_again(struct visitor *v)
{
        struct again *again;

        if (v->left == 0) {
                if (v->house->todo == 0)
                        loop_stop(&v->house->loop);
                return;
        }
        again = calloc(1, sizeof(*again));
        again->letter.open = open_again;
        again->v = v;
        mailbox_post(&v->house->loop.mailbox, &again->letter);
}

static void visit(struct visitor *v)
{
        struct server *s = pool_lease(v->house->pool, &v->waiter, NULL);

        if (s != NULL) {
                enter(v, s);
                come_again(v);
        }
}

static void on_granted(struct waiter *w, struct server *s)
{
        struct visitor *v = list_item(w, struct visitor, waiter);

        enter(v, s);
        come_again(v);
}

static void on_failed(struct waiter *w, enum pool_trouble trouble, const struct refusal *r)
{
        (void)w;
        (void)trouble;
        (void)r;
        atomic_fetch_add(&troubles, 1);
}

static void on_server(struct server *s)
{
        (void)s;
        atomic_fetch_add(&troubles, 1);
}

static void on_lost(struct server *s, const char *why)
{
        (void)why;
        on_server(s);
}

static void on_reserving(struct waiter *w)
{
        (void)w;
        atomic_fetch_add(&troubles, 1);
}

static const struct pool_ops ops = {on_granted, on_failed, on_server, on_server, on_lost, on_reserving};

static void *live(void *arg)
{
        struct house *house = arg;

        for (int i = 0; i < EACH; i++)
                visit(&house->visitors[i]);
        loop_run(&house->loop);
        return NULL;
}

static void house_init(struct house *house, struct pools **peers, int self, const char *user)
{
        *house = (struct house){.todo = EACH * rounds};
        peers[self] = &house->pools;
        house->pools.peers = peers;
        house->pools.count = 2;
        loop_init(&house->loop, &house->pools);
        pools_init(&house->pools, &house->loop, stage.conf, &ops, self);
        house->pool =
            pools_get(&house->pools, conf_find_database(stage.conf, "app"), "app", user, stage.node);
        for (int i = 0; i < EACH; i++) {
                house->visitors[i] = (struct visitor){.house = house, .left = rounds};
                list_init(&house->visitors[i].waiter.in_queue);
        }
}

/* Two workers whose clients fight for two servers: each of them gets all its turns. A lost wake-up, a server
 * that is lost on its way or a limit that is passed would hang or be counted. */
static void fight(const char *line, const char *user, int times)
{
        struct pools *peers[2];
        int64_t end = clock_us() + 60 * US_PER_SEC;
        bool over[2] = {false, false};

        stage_init(1, line, "");
        atomic_store(&most, 0);
        rounds = times;
        free(stage.node);
        stage.node = node_new("127.0.0.1", stage.fakes.port);
        for (int i = 0; i < 2; i++)
                house_init(&houses[i], peers, i, i == 0 ? "bob" : user);
        for (int i = 0; i < 2; i++)
                pthread_create(&houses[i].thread, NULL, live, &houses[i]);
        while (!(over[0] && over[1]) && clock_us() < end) {
                fakes_pump(&stage.fakes);
                UNIT_ASSERT(budget_numbers(BUDGET_DATABASE, "app").servers <= 2);
                usleep(200);
                for (int i = 0; i < 2; i++)
                        if (!over[i])
                                over[i] = pthread_tryjoin_np(houses[i].thread, NULL) == 0;
                        else
                                loop_drain(&houses[i].loop); /* the other one may still need what it has */
        }
        UNIT_ASSERT(over[0] && over[1]);
        if (!(over[0] && over[1]))
                abort(); /* the threads still use what this function owns */
        UNIT_ASSERT(houses[0].todo == 0 && houses[1].todo == 0);
        UNIT_ASSERT(atomic_load(&most) <= 2 && atomic_load(&troubles) == 0);
        UNIT_ASSERT(stage.fakes.count <= (strcmp(user, "bob") == 0 ? 2 : FAKES_MAX));
        for (int i = 0; i < 4; i++)
                loop_drain(&houses[i % 2].loop);
        for (int i = 0; i < 2; i++)
                pools_fini(&houses[i].pools);
        for (int i = 0; i < 2; i++)
                loop_drain(&houses[i].loop);
        UNIT_ASSERT(atomic_load(&houses[0].pool->quota->open) == 0);
        for (int i = 0; i < 2; i++) {
                UNIT_ASSERT(houses[i].pool->blocked.by == NULL && !houses[i].pool->evicting);
                pools_free(&houses[i].pools);
                loop_fini(&houses[i].loop);
        }
        stage_fini();
}

static void nobody_starves_with_two_threads(void)
{
        fight("pool_size=2", "bob", 1500);
}

/* The same with a pool each and a limit that these share: servers are closed to make room. */
static void nobody_starves_behind_a_shared_limit(void)
{
        fight("max_db_connections=2", "eve", 40);
}

UNIT_SUITE(pool_hand_over, UNIT_CASE(an_idle_one_is_asked_for),
           UNIT_CASE(one_given_back_goes_to_who_waits_elsewhere), UNIT_CASE(room_in_the_quota_is_told),
           UNIT_CASE(nobody_starves_with_two_threads), UNIT_CASE(nobody_starves_behind_a_shared_limit))

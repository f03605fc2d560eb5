#include "pool/delivery.h"

#include "base/clock.h"
#include "pool/errand.h"
#include "pool/stage.h"
#include "unit.h"

#include <string.h>

enum { REQUESTS = 4 };

/* What became of each request. */
static const char *ended[REQUESTS];
static int ends;
static struct guest *const g = stage.guest;

static void on_ended(void *arg, const char *why)
{
        *(const char **)arg = why;
        ends++;
}

static void set_up(const char *line, const char *settings)
{
        memset(ended, 0, sizeof(ended));
        ends = 0;
        stage_init(1, line, settings);
        /* A fake server takes a CancelRequest for a startup packet; it shall say nothing. */
        UNIT_ASSERT(!stage_lease(&g[0], 0) && stage_till(all_quiet) && g[0].server != NULL);
        stage.fakes.login = "";
        stage.fakes.login_n = 0;
}

static void ask(int i, const struct guest *guest)
{
        delivery_start(&stage.pool[0]->outlet, guest->server, NULL, on_ended, &ended[i]);
}

static bool is(const char *why, const char *expected)
{
        return why != NULL && strcmp(why, expected) == 0;
}

static int connections;

static bool connected(void)
{
        return stage.fakes.count == connections && stage.fakes.fake[connections - 1].started;
}

static bool till_connected(int n)
{
        connections = n;
        return stage_till(connected);
}

static int wanted_ends;

static bool enough_ended(void)
{
        return ends >= wanted_ends;
}

static bool till_ended(int n)
{
        wanted_ends = n;
        return stage_till(enough_ended);
}

static void the_server_hears_its_own_key(void)
{
        struct outlet *o;

        set_up("pool_size=1", "");
        o = &stage.pool[0]->outlet;
        ask(0, &g[0]);
        UNIT_ASSERT(g[0].server->cancels == 1 && o->dialling_count == 1);
        UNIT_ASSERT(till_connected(2));
        UNIT_ASSERT(stage.fakes.fake[1].startup_n == 16 &&
                    memcmp(stage.fakes.fake[1].startup, "\0\0\0\20\4\322\26\56\0\0\0M\1\2\3\4", 16) == 0);
        UNIT_ASSERT(o->sent_count == 1 && o->dialling_count == 0 && ended[0] == NULL);
        UNIT_ASSERT(atomic_load(&stage.pool[0]->quota->open) == 2);
        fake_close(&stage.fakes.fake[1]);
        UNIT_ASSERT(till_ended(1) && is(ended[0], "successfully sent cancel request"));
        UNIT_ASSERT(g[0].server->cancels == 0 && atomic_load(&stage.pool[0]->quota->open) == 1);
        stage_fini();
}

static void there_is_room_for_twice_the_pool(void)
{
        struct outlet *o;

        set_up("pool_size=2", "");
        o = &stage.pool[0]->outlet;
        for (int i = 0; i < 4; i++)
                ask(i, &g[0]);
        UNIT_ASSERT(till_connected(4));
        stage_rest(5);
        UNIT_ASSERT(stage.fakes.count == 4 && o->sent_count == 3 && o->waiting_count == 1);
        UNIT_ASSERT(!quota_exceeded(stage.pool[0]->quota)); /* no server is closed because of these */
        fake_close(&stage.fakes.fake[2]);
        UNIT_ASSERT(till_connected(5) && o->waiting_count == 0);
        for (int i = 0; i < 5; i++)
                fake_close(&stage.fakes.fake[i]);
        stage_rest(5);
        stage_fini();
        UNIT_ASSERT(ends == 4);
}

static void a_server_in_whose_place_another_runs_is_not_hit(void)
{
        struct server *s;

        set_up("pool_size=1", "");
        s = g[0].server;
        ask(0, &g[0]);
        ask(1, &g[0]);
        UNIT_ASSERT(till_connected(2));
        outlet_forget(&stage.pool[0]->outlet, s, false); /* as link.c does when the client is through */
        UNIT_ASSERT(ends == 1 && is(ended[1], "not sending cancel request for client that is now idle"));
        stage_give_back(&g[0]);
        stage_lease(&g[1], 0);
        UNIT_ASSERT(s->state == SERVER_PARKED && g[1].server == NULL);
        fake_close(&stage.fakes.fake[1]);
        UNIT_ASSERT(till_ended(2) && g[1].server == s && s->state == SERVER_LEASED);
        stage_fini();
}

static void a_reset_waits_for_it(void)
{
        struct server *s;

        set_up("pool_size=1", "");
        s = g[0].server;
        ask(0, &g[0]);
        UNIT_ASSERT(till_connected(2));
        g[0].server = NULL;
        errand_reset(s, "DISCARD ALL");
        stage_rest(5);
        UNIT_ASSERT(s->state == SERVER_PARKED && stage.fakes.fake[0].queries == 0);
        fake_close(&stage.fakes.fake[1]);
        UNIT_ASSERT(till_ended(1) && stage_till(all_quiet));
        UNIT_ASSERT(s->state == SERVER_IDLE && strcmp(stage.fakes.fake[0].query, "DISCARD ALL") == 0);
        stage_fini();
}

static void a_server_may_close_before(void)
{
        struct server *s;

        set_up("pool_size=1", "");
        s = g[0].server;
        ask(0, &g[0]);
        ask(1, &g[0]);
        UNIT_ASSERT(till_connected(2));
        g[0].server = NULL;
        server_close(s, "test");
        UNIT_ASSERT(ends == 1);
        stage_rest(5); /* it is buried */
        fake_close(&stage.fakes.fake[1]);
        UNIT_ASSERT(till_ended(2) && atomic_load(&stage.pool[0]->quota->open) == 0);
        stage_fini();
}

static void who_waits_too_long_is_given_up(void)
{
        int64_t began;

        set_up("pool_size=1", "cancel_wait_timeout = 0.2");
        ask(0, &g[0]);
        UNIT_ASSERT(till_connected(2));
        began = clock_us();
        ask(1, &g[0]);
        UNIT_ASSERT(till_ended(1) && is(ended[1], "cancel_wait_timeout"));
        UNIT_ASSERT(clock_us() - began >= 150 * US_PER_MS); /* timers count from the turn's beginning */
        UNIT_ASSERT(ended[0] == NULL);                      /* it has been sent */
        stage_fini();
        UNIT_ASSERT(ends == 2); /* what was under way is freed */
}

static void a_peer_hears_the_clients_key(void)
{
        struct cancel_key key = {.pid = 0x00020005, .size = 4, .secret = {1, 2, 3, 2}};
        struct conf_peer peer = {.peer_id = 2, .pool_size = 1};
        struct outlet *o;

        set_up("", "");
        peer.host = (struct conf_host){.host = "127.0.0.1", .port = stage.fakes.port};
        o = outlet_to_peer(&stage.pools[0], &peer);
        UNIT_ASSERT(outlet_to_peer(&stage.pools[0], &peer) == o);
        delivery_start(o, NULL, &key, on_ended, &ended[0]);
        delivery_start(o, NULL, &key, on_ended, &ended[1]);
        UNIT_ASSERT(till_connected(2));
        stage_rest(5);
        UNIT_ASSERT(o->sent_count == 1 && o->waiting_count == 1); /* pool_size=1 */
        UNIT_ASSERT(memcmp(stage.fakes.fake[1].startup, "\0\0\0\20\4\322\26\56\0\2\0\5\1\2\3\2", 16) == 0);
        fake_close(&stage.fakes.fake[1]);
        UNIT_ASSERT(till_connected(3) && ends == 1);
        stage_fini();
        UNIT_ASSERT(ends == 2);
}

UNIT_SUITE(pool_delivery, UNIT_CASE(the_server_hears_its_own_key),
           UNIT_CASE(there_is_room_for_twice_the_pool),
           UNIT_CASE(a_server_in_whose_place_another_runs_is_not_hit), UNIT_CASE(a_reset_waits_for_it),
           UNIT_CASE(a_server_may_close_before), UNIT_CASE(who_waits_too_long_is_given_up),
           UNIT_CASE(a_peer_hears_the_clients_key))

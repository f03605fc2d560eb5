#include "pool/pool.h"

#include "base/clock.h"
#include "pool/errand.h"
#include "pool/stage.h"
#include "unit.h"

static struct guest *const g = stage.guest;

static void leases_what_it_opens_and_keeps_it(void)
{
        struct server *s;

        stage_init(1, "dbname=real application_name=me", "");
        UNIT_ASSERT(!stage_lease(&g[0], 0) && stage.pool[0]->login_count == 1);
        UNIT_ASSERT(stage_till(all_quiet) && g[0].server != NULL);
        s = g[0].server;
        UNIT_ASSERT(s->state == SERVER_LEASED && s->key.pid == 77 && s->key.size == 4 &&
                    get_u32(s->key.secret) == 0x01020304);
        UNIT_ASSERT(s->tx == 'I' && s->local_port != 0 && strcmp(s->address, "127.0.0.1") == 0);
        UNIT_ASSERT(stage.fakes.fake[0].startup_n == 52 &&
                    memcmp(stage.fakes.fake[0].startup,
                           "\0\0\0\64\0\3\0\0user\0bob\0database\0real\0application_name\0me\0\0", 52) == 0);
        stage_give_back(&g[0]);
        UNIT_ASSERT(s->state == SERVER_IDLE && stage.pool[0]->idle_count == 1);
        UNIT_ASSERT(stage_lease(&g[1], 0) && g[1].server == s);
        stage_give_back(&g[1]);
        stage_rest(2);
        UNIT_ASSERT(stage.fakes.count == 1 && atomic_load(&stage.pool[0]->quota->open) == 1);
        stage_fini();
}

static void serves_in_the_order_they_came(void)
{
        stage_init(1, "pool_size=1", "");
        for (int i = 0; i < 6; i++)
                UNIT_ASSERT(!stage_lease(&g[i], 0));
        pool_cancel_wait(&g[2].waiter);
        pool_cancel_wait(&g[2].waiter);
        for (int i = 0; i < 6; i++) {
                int served = 0;

                unit_row("the %d.", i);
                stage_rest(3);
                for (int k = 0; k < 6; k++)
                        served += g[k].server != NULL;
                if (i == 2)
                        continue;
                UNIT_ASSERT(served == 1 && g[i].server != NULL);
                stage_give_back(&g[i]);
        }
        UNIT_ASSERT(g[2].turn == 0 && stage.fakes.count == 1 && stage.pool[0]->queue_count == 0);
        stage_fini();
}

static bool three_in(void)
{
        return stage.granted >= 3;
}

static void keeps_to_its_limit(void)
{
        stage_init(1, "pool_size=3", "");
        for (int i = 0; i < 8; i++)
                stage_lease(&g[i], 0);
        UNIT_ASSERT(stage_till(three_in));
        stage_rest(10);
        UNIT_ASSERT(stage.granted == 3 && stage.fakes.count == 3 && stage.pool[0]->queue_count == 5);
        UNIT_ASSERT(atomic_load(&stage.pool[0]->quota->open) == 3);
        /* One that breaks makes room for one more. */
        fake_close(&stage.fakes.fake[0]);
        stage_rest(10);
        UNIT_ASSERT(stage.granted == 4 && stage.fakes.count == 4 && stage.pool[0]->queue_count == 4);
        stage_fini();
}

static void the_last_one_back_goes_out_first(void)
{
        struct server *first, *last;
        struct setting setting = {SV("a"), SV("1"), SETTING_KIND_SQL};
        struct settings *set;

        stage_init(1, "", "");
        for (int i = 0; i < 3; i++)
                stage_lease(&g[i], 0);
        UNIT_ASSERT(stage_till(three_in));
        first = g[0].server;
        last = g[2].server;
        UNIT_ASSERT(settings_with(&stage.pools[0].settings, NULL, &setting, &set) == STATUS_OK);
        settings_unref(&stage.pools[0].settings, first->applied);
        first->applied = set;
        for (int i = 0; i < 3; i++)
                stage_give_back(&g[i]);
        UNIT_ASSERT(stage_lease(&g[0], 0) && g[0].server == last);
        stage_give_back(&g[0]);
        /* One with the right settings is better than the last one. */
        g[1].server = pool_lease(stage.pool[0], &g[1].waiter, set);
        UNIT_ASSERT(g[1].server == first);
        stage_fini();
}

static void make_old(struct server *s)
{
        s->connected_us -= 3601 * US_PER_SEC;
        atomic_store(&s->pool->quota->lifetime_end_us, 0); /* the last test's end is of no account */
}

static void make_broken(struct server *s)
{
        s->stream.broken = true;
}

static void make_needless(struct server *s)
{
        s->close_needed = true;
}

static void make_obsolete(struct server *s)
{
        atomic_fetch_add(&s->pool->quota->generation, 1);
}

static void make_too_many(struct server *s)
{
        atomic_store(&s->pool->quota->limit, 1);
        UNIT_ASSERT(quota_take(s->pool->quota, 1, NULL, 0) == QUOTA_FULL);
}

static void make_unwanted(struct server *s)
{
        s->pool->line = NULL;
}

static void make_nothing(struct server *s)
{
        (void)s;
}

static const struct {
        const char *name;
        void (*make)(struct server *s);
        bool stays;
} fates[] = {{"as it should be", make_nothing, true},
             {"older than server_lifetime", make_old, false},
             {"broken", make_broken, false},
             {"close_needed", make_needless, false},
             {"of an older configuration", make_obsolete, false},
             {"over the limit", make_too_many, false},
             {"of a line that is gone", make_unwanted, false}};

static void a_server_that_comes_back_may_have_to_go(void)
{
        for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
                unit_row("%s", fates[i].name);
                stage_init(1, "", "server_lifetime = 3600");
                stage_lease(&g[0], 0);
                stage_lease(&g[1], 0);
                UNIT_ASSERT(stage_till(all_quiet));
                fates[i].make(g[0].server);
                stage_give_back(&g[0]);
                UNIT_ASSERT(stage.pool[0]->idle_count == fates[i].stays);
                UNIT_ASSERT(atomic_load(&stage.pool[0]->quota->open) == 1 + fates[i].stays);
                stage_rest(3);
                UNIT_ASSERT(fakes_open(&stage.fakes) == 1 + fates[i].stays);
                stage_fini();
        }
}

static void make_idle_long(struct server *s)
{
        s->since_us -= 601 * US_PER_SEC;
}

static void an_idle_server_may_have_to_go(void)
{
        for (size_t i = 0; i <= sizeof(fates) / sizeof(fates[0]); i++) {
                bool last = i == sizeof(fates) / sizeof(fates[0]);
                void (*make)(struct server * s) = last ? make_idle_long : fates[i].make;
                struct server *s;

                if (make == make_broken)
                        continue; /* is met by reading */
                unit_row("%s", last ? "idle for longer than server_idle_timeout" : fates[i].name);
                stage_init(1, "", "server_lifetime = 3600\nserver_idle_timeout = 600");
                stage_lease(&g[0], 0);
                stage_lease(&g[1], 0);
                UNIT_ASSERT(stage_till(all_quiet));
                s = g[0].server;
                stage_give_back(&g[0]);
                make(s);
                pools_tick(&stage.pools[0]);
                UNIT_ASSERT(stage.pool[0]->idle_count == (!last && fates[i].stays));
                stage_fini();
        }
}

static void an_idle_server_speaks_only_to_announce(void)
{
        static const struct {
                const char *name, *bytes;
                size_t n;
                bool stays;
                uint32_t evidence;
        } rows[] = {
            {"a notice", "N\0\0\0\11Mhm\0\0", 10, true, 0},
            {"a parameter", "S\0\0\0\10a\0b\0", 9, true, 0},
            {"two at once", "S\0\0\0\10a\0b\0S\0\0\0\10a\0c\0", 18, true, 0},
            {"recovery", "S\0\0\0\26in_hot_standby\0on\0", 23, true, EVIDENCE_RECOVERY},
            {"a parameter without its NUL", "S\0\0\0\7a\0b", 8, false, 0},
            {"shutdown", "E\0\0\0\23SFATAL\0C57P01\0\0", 20, false, EVIDENCE_SHUTDOWN},
            {"another error", "E\0\0\0\23SFATAL\0C53300\0\0", 20, false, 0},
            {"a row", "D\0\0\0\6\0\0", 7, false, 0},
            {"ready, unasked", "Z\0\0\0\5I", 6, false, 0},
            {"a broken length", "N\0\0\0\3", 5, false, 0},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct sv value = SV("");
                struct server *s;

                unit_row("%s", rows[i].name);
                stage_init(1, "", "");
                stage_lease(&g[0], 0);
                UNIT_ASSERT(stage_till(all_quiet));
                s = g[0].server;
                stage_give_back(&g[0]);
                node_take_evidence(stage.node);
                fake_say(&stage.fakes.fake[0], rows[i].bytes, rows[i].n);
                stage_rest(5);
                UNIT_ASSERT(stage.pool[0]->idle_count == rows[i].stays);
                UNIT_ASSERT(node_take_evidence(stage.node) == rows[i].evidence);
                if (rows[i].n == 18)
                        UNIT_ASSERT(params_get(&s->params, SV("a"), &value) && sv_is(value, "c"));
                stage_fini();
        }
}

static void an_idle_server_that_goes_is_evidence(void)
{
        stage_init(1, "", "");
        stage_lease(&g[0], 0);
        UNIT_ASSERT(stage_till(all_quiet));
        stage_give_back(&g[0]);
        fake_close(&stage.fakes.fake[0]);
        stage_rest(5);
        UNIT_ASSERT(stage.pool[0]->idle_count == 0 && atomic_load(&stage.pool[0]->quota->open) == 0);
        UNIT_ASSERT(node_take_evidence(stage.node) == EVIDENCE_LOST);
        stage_fini();
}

static const char *reset_answer;
static size_t reset_answer_n;
static char first_query[200];

static void answer_reset(struct fakes *fakes, struct fake *fake, const struct msg *m)
{
        (void)fakes;
        if (m->type == FE_QUERY && (first_query[0] == '\0' || first_query[0] == '-'))
                snprintf(first_query, sizeof(first_query), "%s", (const char *)m->body);
        if (m->type == FE_QUERY)
                fake_say(fake, reset_answer, reset_answer_n);
}

static void a_reset_ends_idle_or_closed(void)
{
        static const struct {
                const char *name, *bytes;
                size_t n;
                bool stays;
                uint32_t kept; /* statements */
        } rows[] = {
            {"done", "C\0\0\0\20DISCARD ALL\0Z\0\0\0\5I", 23, true, 0},
            {"nothing says that it was done", "Z\0\0\0\5I", 6, false, 0},
            {"parameters come with it", "S\0\0\0\10a\0b\0C\0\0\0\20DISCARD ALL\0Z\0\0\0\5I", 32, true, 0},
            {"a transaction is open", "Z\0\0\0\5T", 6, false, 0},
            {"a failed transaction", "Z\0\0\0\5E", 6, false, 0},
            {"an error", "E\0\0\0\23SERROR\0C25001\0\0Z\0\0\0\5I", 26, false, 0},
            {"ready without a status", "Z\0\0\0\4", 5, false, 0},
            {"a parameter without its NUL", "S\0\0\0\7a\0bZ\0\0\0\5I", 14, false, 0},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct server *s;
                uint64_t key[2] = {1, 2};

                unit_row("%s", rows[i].name);
                stage_init(1, "", "session_state=1");
                stage.fakes.on_message = answer_reset;
                reset_answer = rows[i].bytes;
                reset_answer_n = rows[i].n;
                stage_lease(&g[0], 0);
                UNIT_ASSERT(stage_till(all_quiet));
                s = g[0].server;
                s->dirty = true;
                prepared_add(&s->prepared, key, 0);
                g[0].server = NULL;
                errand_reset(s, "DISCARD ALL");
                UNIT_ASSERT(s->state == SERVER_RESETTING);
                UNIT_ASSERT(stage_till(all_quiet));
                UNIT_ASSERT(strcmp(stage.fakes.fake[0].query, "DISCARD ALL") == 0);
                UNIT_ASSERT(stage.pool[0]->idle_count == rows[i].stays);
                if (rows[i].stays)
                        UNIT_ASSERT(!s->dirty && s->prepared.count == rows[i].kept && s->replies.count == 0 &&
                                    s->applied == NULL);
                stage_fini();
        }
}

/* Any query may be configured; only what the server says is believed. */
static void a_reset_clears_what_it_says(void)
{
        static const struct {
                const char *name, *sql, *bytes;
                size_t n;
                bool set;
                unsigned prepared;
                const char *first; /* query */
        } rows[] = {
            {"statements", "DEALLOCATE ALL", "C\0\0\0\23DEALLOCATE ALL\0Z\0\0\0\5I", 26, false, 0,
             "DEALLOCATE ALL"},
            {"neither", "SELECT 1", "C\0\0\0\15SELECT 1\0Z\0\0\0\5I", 20, false, 1, "SELECT 1"},
            {"settings are undone first", "SELECT 1", "C\0\0\0\15SELECT 1\0Z\0\0\0\5I", 20, true, 1, "RESET"},
            {"settings need not be", "discard all", "C\0\0\0\20DISCARD ALL\0Z\0\0\0\5I", 23, true, 0,
             "discard all"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct setting setting = {SV("work_mem"), SV("7"), SETTING_KIND_STRING};
                struct server *s;
                uint64_t key[2] = {1, 2};

                unit_row("%s", rows[i].name);
                stage_init(1, "", "session_state=1");
                stage.fakes.on_message = answer_reset;
                reset_answer = rows[i].bytes;
                reset_answer_n = rows[i].n;
                stage_lease(&g[0], 0);
                UNIT_ASSERT(stage_till(all_quiet));
                s = g[0].server;
                prepared_add(&s->prepared, key, 0);
                if (rows[i].set)
                        UNIT_ASSERT(settings_with(&stage.pools[0].settings, NULL, &setting, &s->applied) ==
                                    STATUS_OK);
                g[0].server = NULL;
                first_query[0] = '\0';
                errand_reset(s, rows[i].sql);
                UNIT_ASSERT(stage_till(all_quiet));
                UNIT_ASSERT(strncmp(first_query, rows[i].first, strlen(rows[i].first)) == 0);
                UNIT_ASSERT(stage.pool[0]->idle_count == 1 && s->applied == NULL);
                UNIT_ASSERT(s->prepared.count == rows[i].prepared);
                stage_fini();
        }
}

static struct server *idle_one(const char *settings)
{
        stage_init(1, "pool_size=1", settings);
        stage.fakes.on_message = answer_reset;
        stage_lease(&g[0], 0);
        UNIT_ASSERT(stage_till(all_quiet));
        stage_give_back(&g[0]);
        return list_item(stage.pool[0]->idle.next, struct server, in_pool);
}

static void an_idle_server_is_tried_before_it_is_lent(void)
{
        static const struct {
                const char *name, *settings, *bytes;
                size_t n;
                int64_t idle_us;
                bool tried, lent;
        } rows[] = {
            {"young", "server_check_delay = 30", "", 0, 29 * US_PER_SEC, false, true},
            {"old", "server_check_delay = 30", "I\0\0\0\4Z\0\0\0\5I", 11, 30 * US_PER_SEC, true, true},
            {"always", "server_check_delay = 0", "I\0\0\0\4Z\0\0\0\5I", 11, 0, true, true},
            {"never", "server_check_delay = 0\nserver_check_query =", "", 0, 99 * US_PER_SEC, false, true},
            {"an error is an answer", "server_check_delay = 0", "E\0\0\0\23SERROR\0C42000\0\0Z\0\0\0\5I", 26,
             0, true, true},
            {"a fatal one is none", "server_check_delay = 0\nserver_login_retry = 0",
             "E\0\0\0\23SFATAL\0C57P01\0\0", 20, 0, true, false},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct server *s;

                unit_row("%s", rows[i].name);
                reset_answer = rows[i].bytes;
                reset_answer_n = rows[i].n;
                s = idle_one(rows[i].settings);
                first_query[0] = '-';
                s->since_us -= rows[i].idle_us;
                stage_lease(&g[1], 0);
                UNIT_ASSERT((g[1].server == NULL) == rows[i].tried);
                UNIT_ASSERT(stage.pool[0]->resetting_count == rows[i].tried);
                UNIT_ASSERT(stage_till(all_quiet));
                UNIT_ASSERT((first_query[0] == '\0') == rows[i].tried);
                UNIT_ASSERT(g[1].server != NULL && (g[1].server == s) == rows[i].lent);
                stage_fini();
        }
}

static void orders_of_the_console(void)
{
        static struct node *another;

        stage_init(1, "", "");
        stage_lease(&g[0], 0);
        stage_lease(&g[1], 0);
        UNIT_ASSERT(stage_till(all_quiet));
        stage_give_back(&g[1]);
        UNIT_ASSERT(!pools_pause(&stage.pools[0], "other", true) && stage.pool[0]->idle_count == 1);
        UNIT_ASSERT(pools_pause(&stage.pools[0], "app", true) && stage.pool[0]->idle_count == 0);
        UNIT_ASSERT(!stage_lease(&g[1], 0));
        stage_rest(5);
        UNIT_ASSERT(g[1].server == NULL && stage.fakes.count == 2);
        stage_give_back(&g[0]); /* it is not for those who wait */
        UNIT_ASSERT(g[1].server == NULL);
        UNIT_ASSERT(!pools_pause(&stage.pools[0], NULL, true));
        pools_pause(&stage.pools[0], NULL, false);
        UNIT_ASSERT(stage_till(all_quiet) && g[1].server != NULL);
        /* RECONNECT: the leased one goes when it comes back. */
        pools_reconnect(&stage.pools[0], "other");
        UNIT_ASSERT(!g[1].server->close_needed);
        pools_reconnect(&stage.pools[0], NULL);
        UNIT_ASSERT(g[1].server->close_needed);
        stage_give_back(&g[1]);
        UNIT_ASSERT(stage.pool[0]->idle_count == 0 && atomic_load(&stage.pool[0]->quota->open) == 0);
        /* A node that is lost takes all with it, leased ones through the session. */
        stage_lease(&g[0], 0);
        stage_lease(&g[1], 0);
        UNIT_ASSERT(stage_till(all_quiet));
        stage_give_back(&g[1]);
        if (another == NULL)
                another = node_new("127.0.0.1", 1);
        pools_close_node(&stage.pools[0], another, true, "another");
        UNIT_ASSERT(g[0].server != NULL && stage.pool[0]->idle_count == 1);
        pools_close_node(&stage.pools[0], stage.node, false, "node is down");
        UNIT_ASSERT(g[0].server != NULL && server_is_outdated(g[0].server) && stage.pool[0]->idle_count == 0);
        pools_close_node(&stage.pools[0], stage.node, true, "node is fenced");
        UNIT_ASSERT(g[0].server == NULL && g[0].lost != NULL && stage.pool[0]->idle_count == 0);
        UNIT_ASSERT(atomic_load(&stage.pool[0]->quota->open) == 0);
        stage_lease(&g[0], 0);
        UNIT_ASSERT(stage_till(all_quiet));
        stage_give_back(&g[0]);
        pools_kill(&stage.pools[0], "app");
        UNIT_ASSERT(stage.pool[0]->paused && stage.pool[0]->idle_count == 0);
        stage_fini();
}

static void a_cancel_under_way_parks_it(void)
{
        struct server *s;

        stage_init(1, "pool_size=1", "");
        stage_lease(&g[0], 0);
        UNIT_ASSERT(stage_till(all_quiet));
        s = g[0].server;
        s->cancels = 1;
        stage_lease(&g[1], 0);
        stage_give_back(&g[0]);
        stage_rest(5);
        UNIT_ASSERT(s->state == SERVER_PARKED && g[1].server == NULL);
        s->cancels = 0;
        pool_give_back(s);
        UNIT_ASSERT(g[1].server == s && s->state == SERVER_LEASED);
        stage_fini();
}

static bool asked(void)
{
        return stage.fakes.count == 1 && stage.fakes.fake[0].started;
}

static void a_silent_server_is_given_up(void)
{
        stage_init(1, "", "server_connect_timeout = 15\nserver_login_retry = 30");
        stage.fakes.login = "";
        stage_lease(&g[0], 0);
        UNIT_ASSERT(stage_till(asked));
        pools_tick(&stage.pools[0]);
        UNIT_ASSERT(stage.pool[0]->login_count == 1);
        list_item(stage.pool[0]->login.next, struct server, in_pool)->connected_us -= 16 * US_PER_SEC;
        pools_tick(&stage.pools[0]);
        UNIT_ASSERT(stage.pool[0]->login_count == 0 &&
                    strcmp(stage.pool[0]->last.text, "connect timeout") == 0);
        UNIT_ASSERT(node_take_evidence(stage.node) == EVIDENCE_REFUSED);
        /* Tried again when server_login_retry is over, and the client has waited for it. */
        stage.fakes.login = NULL;
        stage_rest(5);
        pools_tick(&stage.pools[0]);
        UNIT_ASSERT(stage.pool[0]->login_count == 0 && g[0].failed == 0);
        stage.pool[0]->retry_us = 0;
        pools_tick(&stage.pools[0]);
        UNIT_ASSERT(stage_till(all_quiet) && g[0].server != NULL);
        UNIT_ASSERT(stage.pool[0]->last.severity == NULL);
        stage_fini();
}

UNIT_SUITE(pool_pool, UNIT_CASE(leases_what_it_opens_and_keeps_it), UNIT_CASE(serves_in_the_order_they_came),
           UNIT_CASE(keeps_to_its_limit), UNIT_CASE(the_last_one_back_goes_out_first),
           UNIT_CASE(a_server_that_comes_back_may_have_to_go), UNIT_CASE(an_idle_server_may_have_to_go),
           UNIT_CASE(an_idle_server_speaks_only_to_announce), UNIT_CASE(an_idle_server_that_goes_is_evidence),
           UNIT_CASE(a_reset_ends_idle_or_closed), UNIT_CASE(a_reset_clears_what_it_says),
           UNIT_CASE(an_idle_server_is_tried_before_it_is_lent), UNIT_CASE(orders_of_the_console),
           UNIT_CASE(a_cancel_under_way_parks_it), UNIT_CASE(a_silent_server_is_given_up))

#include "admin/bench.h"

#include "unit.h"

#include <event2/event.h>
#include <string.h>
#include <unistd.h>

static void pause_waits_for_the_busy(void)
{
        struct bench *b = bench_new(true);
        int waiting = b->fd;

        b->busy = 2;
        bench_forget(b);
        bench_send_query(b, "PAUSE app; SHOW VERSION");
        UNIT_ASSERT(b->types[0] == 0);

        unit_row("another console meanwhile");
        bench_connect_client(b, true);
        bench_forget(b);
        bench_send_query(b, "SHOW STATE");
        UNIT_ASSERT(strcmp(b->types, "TDDDCZ") == 0);
        close(b->fd);
        b->fd = waiting;
        unit_row("still waiting");
        bench_forget(b);
        bench_wait_poll(b);
        UNIT_ASSERT(b->types[0] == 0);
        unit_row("done");
        bench_wait_poll(b);
        UNIT_ASSERT(strcmp(b->types, "CTDCZ") == 0 && bench_contains(b, 'C', "PAUSE"));
        UNIT_ASSERT(strcmp(b->orders, "PAUSE app;PAUSE app;PAUSE app;") == 0);
        UNIT_ASSERT(paused_has(&b->admin->paused, "app") && !paused_has(&b->admin->paused, "other"));
        bench_free(b);
}

static void resume_ends_a_waiting_pause(void)
{
        struct bench *b = bench_new(true);
        int waiting = b->fd;

        b->busy = 1000;
        bench_forget(b);
        bench_send_query(b, "PAUSE");
        UNIT_ASSERT(b->types[0] == 0);
        bench_connect_client(b, true);
        bench_forget(b);
        bench_send_query(b, "PAUSE");
        UNIT_ASSERT(bench_contains(b, 'E', "already suspended/paused"));
        bench_forget(b);
        bench_send_query(b, "RESUME");
        UNIT_ASSERT(strcmp(b->types, "CZ") == 0);
        close(b->fd);
        b->fd = waiting;
        bench_forget(b);
        bench_wait_poll(b);
        UNIT_ASSERT(strcmp(b->types, "EZ") == 0 && bench_contains(b, 'E', "PAUSE was ended by RESUME"));
        bench_free(b);
}

static void resume_of_all_leaves_named_ones_paused(void)
{
        struct bench *b = bench_new(true);

        bench_send_query(b, "PAUSE app");
        bench_send_query(b, "PAUSE");
        b->orders[0] = 0;
        bench_send_query(b, "RESUME");
        UNIT_ASSERT(strcmp(b->orders, "RESUME ;PAUSE app;") == 0);
        UNIT_ASSERT(!b->admin->paused.all && paused_has(&b->admin->paused, "app"));
        bench_send_query(b, "RESUME app");
        UNIT_ASSERT(strcmp(b->orders, "RESUME ;PAUSE app;RESUME app;") == 0);
        UNIT_ASSERT(!paused_has(&b->admin->paused, "app"));
        bench_send_query(b, "KILL");
        UNIT_ASSERT(!b->admin->paused.all && paused_has(&b->admin->paused, "other"));
        bench_forget(b);
        bench_send_query(b, "RESUME");
        UNIT_ASSERT(strcmp(b->types, "CZ") == 0 && !paused_has(&b->admin->paused, "other"));
        bench_free(b);
}

static void a_client_that_leaves_ends_its_waiting(void)
{
        struct bench *b = bench_new(true);

        b->busy = 1000;
        bench_send_query(b, "PAUSE app");
        close(b->fd);
        b->fd = -1;
        for (int i = 0; i < 3; i++)
                event_base_loop(b->loop.base, EVLOOP_NONBLOCK);
        UNIT_ASSERT(b->admin->console_count == 0);
        b->orders[0] = 0;
        usleep(ADMIN_POLL_US + 10000);
        event_base_loop(b->loop.base, EVLOOP_NONBLOCK);
        UNIT_ASSERT(b->orders[0] == 0);
        UNIT_ASSERT(paused_has(&b->admin->paused, "app")); /* as in PgBouncer the database stays paused */
        bench_free(b);
}

static void suspend_waits_until_all_is_at_rest(void)
{
        struct bench *b = bench_new(true);

        b->conf.opt.suspend_timeout_us = 10000000;
        b->busy = 2;
        bench_forget(b);
        bench_send_query(b, "SUSPEND");
        UNIT_ASSERT(b->types[0] == 0 && b->admin->paused.suspended);
        for (int i = 0; i < 4; i++)
                bench_wait_poll(b);
        UNIT_ASSERT(strcmp(b->types, "CZ") == 0 && bench_contains(b, 'C', "SUSPEND"));
        UNIT_ASSERT(strcmp(b->orders, "SUSPEND ;SUSPEND ;SUSPEND ;") == 0);
        bench_forget(b);
        bench_send_query(b, "SHOW STATE");
        UNIT_ASSERT(bench_contains(b, 'D', "active|") && bench_contains(b, 'D', "no"));
        static const char *const refused[] = {"PAUSE", "PAUSE app", "SUSPEND", "KILL app"};
        for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
                unit_row("%s", refused[i]);
                bench_forget(b);
                bench_send_query(b, refused[i]);
                UNIT_ASSERT(bench_contains(b, 'E', "already suspended/paused"));
        }
        b->orders[0] = 0;
        bench_send_query(b, "RESUME");
        UNIT_ASSERT(strcmp(b->orders, "WAKE ;") == 0 && !b->admin->paused.suspended);
        bench_free(b);
}

static void suspend_forces_after_its_timeout(void)
{
        struct bench *b = bench_new(true);

        b->conf.opt.suspend_timeout_us = 1000;
        b->busy = 1;
        bench_forget(b);
        bench_send_query(b, "SUSPEND");
        bench_wait_poll(b);
        bench_wait_poll(b);
        UNIT_ASSERT(strcmp(b->orders, "SUSPEND ;SUSPEND_FORCED ;") == 0);
        UNIT_ASSERT(strcmp(b->types, "CZ") == 0);
        bench_send_query(b, "RESUME");
        bench_send_query(b, "PAUSE app");
        bench_forget(b);
        bench_send_query(b, "SUSPEND");
        UNIT_ASSERT(bench_contains(b, 'E', "cannot suspend with paused databases"));
        bench_free(b);
}

static void the_last_consoles_end_wakes(void)
{
        struct bench *b = bench_new(true);
        int first = b->fd;

        bench_send_query(b, "SUSPEND");
        bench_wait_poll(b);
        bench_connect_client(b, true);
        b->orders[0] = 0;
        close(first);
        bench_pump(b);
        UNIT_ASSERT(b->admin->console_count == 1 && b->admin->paused.suspended && b->orders[0] == 0);
        close(b->fd);
        b->fd = -1;
        for (int i = 0; i < 3; i++)
                event_base_loop(b->loop.base, EVLOOP_NONBLOCK);
        UNIT_ASSERT(!b->admin->paused.suspended && strcmp(b->orders, "WAKE ;") == 0);
        bench_free(b);
}

static void disables_and_kills_clients(void)
{
        static const struct {
                const char *sql, *error, *orders;
        } rows[] = {
            {"DISABLE", "a database is required", ""},
            {"ENABLE", "a database is required", ""},
            {"DISABLE nix", "no such database: nix", ""},
            {"DISABLE pgbouncer", "cannot disable admin db: pgbouncer", ""},
            {"ENABLE pgbouncer", "cannot enable admin db: pgbouncer", ""},
            {"RESUME pgbouncer", "database pgbouncer is not paused", ""},
            {"KILL_CLIENT", "invalid client pointer supplied", ""},
            {"KILL_CLIENT abc", "invalid client pointer supplied", ""},
            {"KILL_CLIENT 4711", "client not found", "KILL_CLIENT 4711;"},
            {"KILL_CLIENT 17", NULL, "KILL_CLIENT 17;"},
            {"DISABLE app", NULL, "DISABLE app;"},
            {"ENABLE app", NULL, "ENABLE app;"},
        };
        struct bench *b = bench_new(true);

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].sql);
                bench_forget(b);
                b->orders[0] = 0;
                bench_send_query(b, rows[i].sql);
                UNIT_ASSERT(strcmp(b->types, rows[i].error != NULL ? "EZ" : "CZ") == 0);
                UNIT_ASSERT(rows[i].error == NULL || bench_contains(b, 'E', rows[i].error));
                UNIT_ASSERT(strcmp(b->orders, rows[i].orders) == 0);
        }
        unit_row("itself");
        list_item(list_first(&b->admin->consoles), struct console, in_admin)->id = 5;
        bench_forget(b);
        bench_send_query(b, "KILL_CLIENT 5; SHOW VERSION");
        UNIT_ASSERT(strcmp(b->types, "E") == 0 && bench_contains(b, 'E', "admin forced disconnect"));
        UNIT_ASSERT(b->admin->console_count == 0);
        bench_free(b);
}

static void resume_fails_while_shutting_down(void)
{
        struct bench *b = bench_new(true);

        bench_send_query(b, "PAUSE");
        atomic_store(&b->crowd.refusing, true);
        bench_forget(b);
        bench_send_query(b, "RESUME");
        UNIT_ASSERT(bench_contains(b, 'E', "pooler is shutting down") && b->admin->paused.all);
        bench_free(b);
}

static void note_found(void *arg, bool found)
{
        *(int *)arg = found;
}

static void cancel_undoes_a_waiting_pause(void)
{
        struct bench *b = bench_new(true);
        struct console *c = list_item(list_first(&b->admin->consoles), struct console, in_admin);
        struct cancel_key wrong;
        int found = -1;

        b->busy = 1000;
        bench_forget(b);
        bench_send_query(b, "PAUSE app");
        b->orders[0] = 0;
        wrong = c->key;
        wrong.secret[3] ^= 1;
        admin_cancel(b->admin, &wrong, note_found, &found);
        bench_pump(b);
        UNIT_ASSERT(b->orders[0] == 0 && found == 0);
        admin_cancel(b->admin, &c->key, note_found, &found);
        bench_wait_poll(b);
        UNIT_ASSERT(found == 1);
        UNIT_ASSERT(strcmp(b->orders, "RESUME app;") == 0 && !paused_has(&b->admin->paused, "app"));
        UNIT_ASSERT(strcmp(b->types, "EZ") == 0 && bench_contains(b, 'E', "C57014|"));
        bench_free(b);
}

UNIT_SUITE(admin_orders, UNIT_CASE(pause_waits_for_the_busy), UNIT_CASE(resume_ends_a_waiting_pause),
           UNIT_CASE(resume_of_all_leaves_named_ones_paused),
           UNIT_CASE(a_client_that_leaves_ends_its_waiting), UNIT_CASE(suspend_waits_until_all_is_at_rest),
           UNIT_CASE(suspend_forces_after_its_timeout), UNIT_CASE(the_last_consoles_end_wakes),
           UNIT_CASE(disables_and_kills_clients), UNIT_CASE(resume_fails_while_shutting_down),
           UNIT_CASE(cancel_undoes_a_waiting_pause))

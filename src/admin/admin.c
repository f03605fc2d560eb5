#include "admin/admin.h"

#include "admin/console.h"
#include "admin/inner.h"
#include "admin/switchover.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

static const struct admin_workers real_workers = {census_take, census_free, orders_give};

struct admin *admin_ref(struct admin *admin)
{
        atomic_fetch_add_explicit(&admin->refs, 1, memory_order_relaxed);
        return admin;
}

void admin_unref(struct admin *admin)
{
        if (atomic_fetch_sub_explicit(&admin->refs, 1, memory_order_acq_rel) > 1)
                return;
        averages_fini(&admin->averages);
        latency_history_fini(&admin->latency);
        paused_fini(&admin->paused);
        free(admin);
}

/* ---- averages and the stats line ---- */

static void schedule_stats(struct admin *a)
{
        timer_once(a->stats_timer, a->ops->conf(a->arg)->opt.stats_period_us);
}

/* Of the period that has just ended. */
static void log_stats(const struct admin *a)
{
        struct counters sum = totals_sum(&a->averages.newer);
        struct counters avg = averages_of(&a->averages, NULL, &sum, a->averages.newer_us);
        char line[512];

        averages_line(&avg, line, sizeof(line));
        log_info("stats: %s", line);
}

static void on_stats(struct letter *letter, void *owner)
{
        struct census *census = (struct census *)(void *)letter;
        struct admin *a = census->arg;
        struct totals now;
        struct latencies latencies;

        (void)owner;
        if (!a->closed) {
                totals_make(&now, census, &a->own);
                averages_shift(&a->averages, &now, clock_us());
                latencies_make(&latencies, census);
                latency_history_shift(&a->latency, &latencies);
                if (a->ops->conf(a->arg)->opt.log_stats)
                        log_stats(a);
        }
        a->workers->census_free(census);
        admin_unref(a);
}

static void on_stats_timer(void *arg)
{
        struct admin *a = arg;

        (void)a->workers->census(a->crowd, CENSUS_STATS | CENSUS_LATENCY, &a->loop->mailbox, admin_ref(a),
                                 on_stats);
        schedule_stats(a);
}

/* ---- life ---- */

struct admin *admin_new_with(struct loop *loop, struct crowd *crowd, const struct admin_ops *ops, void *arg,
                             const struct admin_workers *workers)
{
        struct admin *a = xcalloc(1, sizeof(*a));

        atomic_init(&a->refs, 1);
        a->loop = loop;
        a->crowd = crowd;
        a->ops = ops;
        a->arg = arg;
        a->workers = workers;
        list_init(&a->consoles);
        averages_init(&a->averages, clock_us());
        list_init(&a->statements);
        a->stats_timer = timer_new(loop, on_stats_timer, a);
        schedule_stats(a);
        return a;
}

struct admin *admin_new(struct loop *loop, struct crowd *crowd, const struct admin_ops *ops, void *arg)
{
        return admin_new_with(loop, crowd, ops, arg, &real_workers);
}

void admin_free(struct admin *admin)
{
        struct list *it;

        if (admin == NULL)
                return;
        while ((it = list_first(&admin->consoles)) != NULL)
                console_close(list_item(it, struct console, in_admin), "shutting down");
        switchover_stop(admin);
        timer_free(admin->stats_timer);
        timer_free(admin->suspend_timer);
        admin->suspend_timer = NULL;
        timer_free(admin->takeover_timer);
        admin->takeover_timer = NULL;
        admin_drop_statements(admin);
        admin->closed = true;
        admin_unref(admin);
}

/* ---- clients ---- */

/* A client on its way from a worker; the visitor's pointers lead into here. */
struct adoption {
        struct letter letter;
        struct admin *admin;
        struct visitor visitor;
        struct stream stream;
        struct buf in;
        char *user, *application_name;
        char address[64];
};

static void on_adoption(struct letter *letter, void *owner)
{
        struct adoption *adoption = (struct adoption *)(void *)letter;
        struct admin *a = adoption->admin;

        (void)owner;
        if (a->closed) {
                stream_close(&adoption->stream);
                buf_release(&adoption->in);
                budgets_leave(adoption->visitor.budget);
        } else {
                struct console *c = console_open(a, &adoption->visitor);

                if (a->console_count > CONSOLES_MAX)
                        console_close(c, "no more connections allowed");
                else
                        console_go_on(c);
        }
        admin_unref(a);
        free(adoption->user);
        free(adoption->application_name);
        free(adoption);
}

void admin_adopt(void *admin, const struct visitor *visitor)
{
        struct adoption *adoption = xcalloc(1, sizeof(*adoption));
        struct admin *a = admin_ref(admin);

        if (visitor->stream->loop != NULL)
                stream_detach(visitor->stream);
        adoption->letter.open = on_adoption;
        adoption->admin = a;
        adoption->visitor = *visitor;
        adoption->stream = *visitor->stream;
        memset(&adoption->stream.event, 0,
               sizeof(adoption->stream.event)); /* it belonged to the other loop */
        adoption->in = *visitor->in;
        adoption->user = xstrdup(visitor->user);
        adoption->application_name = xstrdup(visitor->application_name);
        snprintf(adoption->address, sizeof(adoption->address), "%s", visitor->address);
        adoption->visitor.stream = &adoption->stream;
        adoption->visitor.in = &adoption->in;
        adoption->visitor.user = adoption->user;
        adoption->visitor.application_name = adoption->application_name;
        adoption->visitor.address = adoption->address;
        visitor->stream->fd = -1;
        visitor->stream->session = NULL;
        visitor->stream->out = (struct buf){0};
        *visitor->in = (struct buf){0};
        mailbox_post(&a->loop->mailbox, &adoption->letter);
}

struct cancel {
        struct letter letter;
        struct admin *admin;
        struct cancel_key key;
        void (*done)(void *arg, bool found);
        void *done_arg;
};

static void on_cancel(struct letter *letter, void *owner)
{
        struct cancel *cancel = (struct cancel *)(void *)letter;
        bool found = false;

        (void)owner;
        list_for_each (it, &cancel->admin->consoles) {
                struct console *c = list_item(it, struct console, in_admin);

                if (!cancel_key_equal(&c->key, &cancel->key))
                        continue;
                found = true;
                if (c->job != NULL)
                        job_cancel(c->job);
                break;
        }
        cancel->done(cancel->done_arg, found);
        admin_unref(cancel->admin);
        free(cancel);
}

void admin_cancel(void *admin, const struct cancel_key *key, void (*done)(void *arg, bool found),
                  void *done_arg)
{
        struct cancel *cancel = xcalloc(1, sizeof(*cancel));
        struct admin *a = admin_ref(admin);

        *cancel = (struct cancel){
            .letter.open = on_cancel, .admin = a, .key = *key, .done = done, .done_arg = done_arg};
        mailbox_post(&a->loop->mailbox, &cancel->letter);
}

bool admin_kill_console(struct admin *admin, uint64_t id)
{
        list_for_each (it, &admin->consoles) {
                struct console *c = list_item(it, struct console, in_admin);

                if (c->id == id) {
                        console_kill(c, "08P01", "admin forced disconnect");
                        return true;
                }
        }
        return false;
}

struct census_socket *admin_consoles(struct admin *admin, size_t *count)
{
        struct census_socket *rows = xcalloc(admin->console_count + 1, sizeof(*rows));
        size_t n = 0;

        list_for_each (it, &admin->consoles) {
                struct console *c = list_item(it, struct console, in_admin);

                rows[n++] = (struct census_socket){
                    .user = c->user,
                    .database = "pgbouncer",
                    .state = "idle", /* it never has a server */
                    .node = "",
                    .addr = c->address,
                    .port = c->port,
                    .local_addr = c->local_addr,
                    .local_port = c->local_port,
                    .application_name = c->application_name,
                    .tls = c->tls,
                    .replication = "none",
                    .connect_wall_us = c->since_wall_us,
                    .request_wall_us = c->request_wall_us,
                    .ptr = (uint64_t)(uintptr_t)c,
                    .remote_pid = c->remote_pid,
                    .prepared_statements = c->saved_count,
                    .unread = buf_len(&c->in) + (c->state != CONSOLE_IDLE ? c->asking : 0),
                    .unsent = stream_unsent(&c->stream),
                    .id = c->id,
                    .worker = -1,
                    .pin = "",
                };
        }
        *count = n;
        return rows;
}

/* ---- signals ---- */

void admin_resumed(struct admin *admin)
{
        admin->paused.all = false;
        admin->paused.killed = false;
        for (size_t i = 0; i < admin->paused.names.count; i++)
                admin->workers->order(admin->crowd, ORDER_PAUSE, admin->paused.names.names[i],
                                      &admin->loop->mailbox, NULL, NULL);
}

void admin_pause(struct admin *admin)
{
        admin->paused.all = true;
        admin->workers->order(admin->crowd, ORDER_PAUSE, "", &admin->loop->mailbox, NULL, NULL);
}

void admin_pause_signal(struct admin *admin)
{
        if (admin->paused.all || admin->paused.suspended) {
                log_info("got SIGUSR1, but already paused/suspended");
                return;
        }
        log_info("got SIGUSR1, pausing all activity");
        admin_pause(admin);
}

void admin_resume_signal(struct admin *admin)
{
        if (admin->paused.suspended) {
                log_info("got SIGUSR2, continuing from SUSPEND");
                admin_wake(admin);
        } else if (admin->paused.all || admin->paused.killed) {
                log_info("got SIGUSR2, continuing from PAUSE");
                admin->workers->order(admin->crowd, ORDER_RESUME, "", &admin->loop->mailbox, NULL, NULL);
                admin_resumed(admin);
        } else {
                log_info("got SIGUSR2, but not paused/suspended");
        }
}

bool admin_is_suspended(const struct admin *admin)
{
        return admin->paused.suspended;
}

size_t admin_console_count(const struct admin *admin)
{
        return admin->console_count;
}

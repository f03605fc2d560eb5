#include "admin/job.h"
#include "base/log.h"
#include "session/learned.h"

#include <stdio.h>
#include <stdlib.h>

/* The commands that give workers orders: PAUSE and WAIT_CLOSE ask again and again until they are done. */

static void give_order(struct job *job, enum order_kind kind, void (*done)(void *arg, int busy))
{
        struct admin *a = job->admin;

        job->letters++;
        a->workers->order(a->crowd, kind, job->command.name, &a->loop->mailbox, done, job);
}

static bool is_console(const char *name)
{
        return strcmp(name, "pgbouncer") == 0 || strcmp(name, "pgsteer") == 0;
}

/* The database that a command names must exist and be no console. */
static bool check_database(struct job *job, const char *doing)
{
        const char *name = job->command.name;

        if (name[0] == 0)
                return true;
        if (is_console(name)) {
                job_fail(job, "cannot %s admin db: %s", doing, name);
                return false;
        }
        if (conf_find_database(job->admin->ops->conf(job->admin->arg), name) == NULL) {
                job_fail(job, "no such database: %s", name);
                return false;
        }
        return true;
}

/* PAUSE, SUSPEND and KILL go together with no PAUSE of all and no SUSPEND. */
static bool check_going(struct job *job)
{
        if (job->admin->paused.all || job->admin->paused.suspended) {
                job_fail(job, "already suspended/paused");
                return false;
        }
        return true;
}

static void log_order(const struct job *job)
{
        if (job->command.name[0] == 0)
                log_info("%s command issued", job->command.tag);
        else
                log_info("%s '%s' command issued", job->command.tag, job->command.name);
}

static void on_done(void *arg, int busy)
{
        struct job *job = arg;

        (void)busy;
        if (job_letter_back(job))
                job_end(job);
}

bool job_settle(struct job *job)
{
        give_order(job, ORDER_NOTHING, on_done);
        return false;
}

/* ---- PAUSE, which waits ---- */

static void poll_again(struct job *job, void (*look)(void *arg))
{
        if (job->timer == NULL)
                job->timer = timer_new(job->admin->loop, look, job);
        timer_once(job->timer, ADMIN_POLL_US);
}

static bool was_cancelled(struct job *job)
{
        if (!job->cancelled)
                return false;
        job_fail(job, "canceling statement due to user request");
        job->outcome.refusal.sqlstate = "57014";
        job_end(job);
        return true;
}

static bool still_paused(const struct job *job)
{
        const struct paused *paused = &job->admin->paused;

        return job->command.name[0] == 0 ? paused->all : paused_has(paused, job->command.name);
}

static void on_paused(void *arg, int busy);

static void on_pause_timer(void *arg)
{
        struct job *job = arg;

        if (was_cancelled(job))
                return;
        if (!still_paused(job)) {
                job_fail(job, "PAUSE was ended by RESUME");
                job_end(job);
                return;
        }
        give_order(job, ORDER_PAUSE, on_paused);
}

static void on_paused(void *arg, int busy)
{
        struct job *job = arg;

        if (!job_letter_back(job))
                return;
        if (busy > 0)
                poll_again(job, on_pause_timer);
        else
                job_end(job);
}

bool job_pause(struct job *job)
{
        struct admin *a = job->admin;

        if (!check_going(job))
                return true;
        log_order(job);
        if (!check_database(job, "pause"))
                return true;
        if (job->command.name[0] == 0)
                a->paused.all = true;
        else
                nameset_add(&a->paused.names, job->command.name);
        give_order(job, ORDER_PAUSE, on_paused);
        return false;
}

bool job_kill(struct job *job)
{
        struct admin *a = job->admin;

        if (!check_going(job))
                return true;
        log_order(job);
        if (!check_database(job, "kill"))
                return true;
        if (job->command.name[0] == 0)
                a->paused.killed = true;
        else
                nameset_add(&a->paused.names, job->command.name);
        give_order(job, ORDER_KILL, on_done);
        return false;
}

bool job_resume(struct job *job)
{
        struct admin *a = job->admin;

        log_order(job);
        if (job->command.name[0] == 0 && atomic_load(&a->crowd->refusing))
                return job_fail(job, "pooler is shutting down");
        if (job->command.name[0] != 0) {
                /* The console is a database that cannot be paused. */
                if (!is_console(job->command.name) && !check_database(job, "resume"))
                        return true;
                if (!nameset_remove(&a->paused.names, job->command.name))
                        return job_fail(job, "database %s is not paused", job->command.name);
                give_order(job, ORDER_RESUME, on_done);
                return false;
        }
        if (a->paused.suspended) {
                admin_wake(a);
                return true;
        }
        if (!a->paused.all && !a->paused.killed) {
                job_fail(job, "pooler is not paused/suspended");
                if (a->paused.names.count > 0)
                        job->outcome.refusal.hint = "RESUME with the name of a database resumes it.";
                return true;
        }
        give_order(job, ORDER_RESUME, on_done);
        admin_resumed(a);
        return false;
}

bool job_reconnect(struct job *job)
{
        log_order(job);
        if (!check_database(job, "reconnect"))
                return true;
        give_order(job, ORDER_RECONNECT, on_done);
        return false;
}

bool job_forget(struct job *job)
{
        const char *name = job->command.name;
        size_t n;

        log_order(job);
        if (check_database(job, "forget")) {
                n = learned_forget(name[0] != '\0' ? name : NULL);
                log_info("%zu learned statement%s forgotten", n, n == 1 ? "" : "s");
        }
        return true;
}

void job_cancel(struct job *job)
{
        struct admin *a = job->admin;
        const char *name = job->command.name;

        if (job->cancelled)
                return;
        job->cancelled = true;
        job_sql_stop(job);
        job_switchover_cancel(job);
        if (job->command.verb == VERB_SUSPEND && a->paused.suspended)
                admin_wake(a);
        if (job->command.verb != VERB_PAUSE || !still_paused(job))
                return;
        a->workers->order(a->crowd, ORDER_RESUME, name, &a->loop->mailbox, NULL, NULL);
        if (name[0] == 0)
                admin_resumed(a);
        else
                nameset_remove(&a->paused.names, name);
}

/* ---- SUSPEND, which waits too ---- */

static void look_at_suspend(void *arg)
{
        struct job *job = arg;
        struct admin *a = job->admin;

        if (was_cancelled(job))
                return;
        if (a->paused.suspended && !a->suspended) {
                poll_again(job, look_at_suspend);
                return;
        }
        if (!a->paused.suspended)
                job_fail(job, "SUSPEND was ended by RESUME");
        job_end(job);
}

bool job_suspend(struct job *job)
{
        struct admin *a = job->admin;

        if (!check_going(job))
                return true;
        /* What waits for a paused database would never come to rest. */
        if (a->paused.names.count > 0 || a->paused.killed)
                return job_fail(job, "cannot suspend with paused databases");
        log_order(job);
        admin_suspend(a);
        poll_again(job, look_at_suspend);
        return false;
}

/* ---- DISABLE, ENABLE, KILL_CLIENT ---- */

bool job_disable(struct job *job)
{
        struct admin *a = job->admin;
        const char *name = job->command.name;
        bool disable = job->command.verb == VERB_DISABLE;

        if (name[0] == 0)
                return job_fail(job, "a database is required");
        log_order(job);
        if (!check_database(job, disable ? "disable" : "enable"))
                return true;
        if (disable)
                nameset_add(&a->paused.disabled, name);
        else
                nameset_remove(&a->paused.disabled, name);
        give_order(job, disable ? ORDER_DISABLE : ORDER_ENABLE, on_done);
        return false;
}

static void on_client_killed(void *arg, int found)
{
        struct job *job = arg;

        if (!job_letter_back(job))
                return;
        if (found == 0)
                job_fail(job, "client not found");
        job_end(job);
}

bool job_kill_client(struct job *job)
{
        struct admin *a = job->admin;
        char *end;
        unsigned long long id = strtoull(job->command.name, &end, 10);

        if (end == job->command.name) /* what stands behind a number does not matter */
                return job_fail(job, "invalid client pointer supplied");
        if (admin_kill_console(a, id))
                return true;
        snprintf(job->command.name, sizeof(job->command.name), "%llu", id);
        give_order(job, ORDER_KILL_CLIENT, on_client_killed);
        return false;
}

/* ---- WAIT_CLOSE ---- */

static bool on_closing(struct job *job, const struct census *census);

static void on_close_timer(void *arg)
{
        if (!was_cancelled(arg))
                job_ask_census(arg, CENSUS_SERVERS, on_closing);
}

static bool some_closing(const struct census *census, const char *database)
{
        for (int w = 0; w < census->workers; w++)
                for (size_t i = 0; i < census->worker[w].server_count; i++)
                        if (census->worker[w].servers[i].close_needed &&
                            (database[0] == 0 ||
                             strcmp(census->worker[w].servers[i].database, database) == 0))
                                return true;
        return false;
}

static bool on_closing(struct job *job, const struct census *census)
{
        if (!some_closing(census, job->command.name))
                return true;
        poll_again(job, on_close_timer);
        return false;
}

bool job_wait_close(struct job *job)
{
        log_order(job);
        if (!check_database(job, "wait in"))
                return true;
        return job_ask_census(job, CENSUS_SERVERS, on_closing);
}

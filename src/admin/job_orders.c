#include "admin/job.h"
#include "base/log.h"

/* The commands that give workers orders: PAUSE and WAIT_CLOSE ask again and again until they are done. */

static void give_order(struct job *job, enum order_kind kind, void (*done)(void *arg, int busy))
{
        struct admin *a = job->admin;

        job->letters++;
        a->workers->order(a->crowd, kind, job->command.name, NULL, &a->loop->mailbox, done, job);
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

        if (a->paused.all)
                return job_fail(job, "already suspended/paused");
        log_order(job);
        if (!check_database(job, "pause"))
                return true;
        if (job->command.name[0] == 0)
                a->paused.all = true;
        else
                paused_add(&a->paused, job->command.name);
        give_order(job, ORDER_PAUSE, on_paused);
        return false;
}

bool job_kill(struct job *job)
{
        struct admin *a = job->admin;

        if (a->paused.all)
                return job_fail(job, "already suspended/paused");
        log_order(job);
        if (!check_database(job, "kill"))
                return true;
        if (job->command.name[0] == 0)
                a->paused.killed = true;
        else
                paused_add(&a->paused, job->command.name);
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
                if (!check_database(job, "resume"))
                        return true;
                if (!paused_remove(&a->paused, job->command.name))
                        return job_fail(job, "database %s is not paused", job->command.name);
                give_order(job, ORDER_RESUME, on_done);
                return false;
        }
        if (!a->paused.all && !a->paused.killed) {
                job_fail(job, "pooler is not paused/suspended");
                if (a->paused.count > 0)
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

void job_cancel(struct job *job)
{
        struct admin *a = job->admin;
        const char *name = job->command.name;

        if (job->cancelled)
                return;
        job->cancelled = true;
        if (job->command.verb != VERB_PAUSE || !still_paused(job))
                return;
        a->workers->order(a->crowd, ORDER_RESUME, name, NULL, &a->loop->mailbox, NULL, NULL);
        if (name[0] == 0)
                admin_resumed(a);
        else
                paused_remove(&a->paused, name);
}

/* ---- WAIT_CLOSE ---- */

static void on_closing(struct letter *letter, void *owner);

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

static void on_closing(struct letter *letter, void *owner)
{
        struct census *census = (struct census *)(void *)letter;
        struct job *job = census->arg;
        void (*give_back)(struct census *) = job->admin->workers->census_free;

        (void)owner;
        if (job_letter_back(job)) {
                if (some_closing(census, job->command.name))
                        poll_again(job, on_close_timer);
                else
                        job_end(job);
        }
        give_back(census);
}

bool job_wait_close(struct job *job)
{
        log_order(job);
        if (!check_database(job, "wait in"))
                return true;
        job_ask_census(job, CENSUS_SERVERS, on_closing);
        return false;
}
